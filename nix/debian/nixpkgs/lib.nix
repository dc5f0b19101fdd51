# The functions of nixpkgs' lib that the project uses, with the same meaning.
let
  inherit (builtins)
    attrNames
    concatMap
    concatStringsSep
    filter
    head
    isList
    length
    listToAttrs
    map
    replaceStrings
    stringLength
    substring
    ;

  lib = {
    inherit (builtins)
      all
      any
      attrNames
      attrValues
      catAttrs
      concatLists
      concatMap
      concatStringsSep
      elem
      elemAt
      filter
      foldl'
      fromJSON
      genList
      getAttr
      hasAttr
      head
      isAttrs
      isBool
      isFunction
      isInt
      isList
      isString
      length
      listToAttrs
      map
      mapAttrs
      partition
      pathExists
      readFile
      replaceStrings
      sort
      stringLength
      substring
      tail
      toJSON
      ;

    id = x: x;
    const = x: _: x;
    flip =
      f: a: b:
      f b a;

    # attribute sets
    genAttrs = names: f: listToAttrs (map (name: lib.nameValuePair name (f name)) names);
    nameValuePair = name: value: { inherit name value; };
    optionalAttrs = condition: set: if condition then set else { };
    mapAttrsToList = f: set: map (name: f name set.${name}) (attrNames set);
    mapAttrs' = f: set: listToAttrs (map (name: f name set.${name}) (attrNames set));
    concatMapAttrs = f: set: lib.mergeAttrsList (lib.attrValues (lib.mapAttrs f set));
    mergeAttrsList = builtins.foldl' (a: b: a // b) { };
    filterAttrs = keep: set: removeAttrs set (filter (name: !keep name set.${name}) (attrNames set));
    attrByPath =
      path: default: set:
      if path == [ ] then
        set
      else if set ? ${head path} then
        lib.attrByPath (lib.tail path) default set.${head path}
      else
        default;
    recursiveUpdate =
      a: b:
      a
      // lib.mapAttrs (
        name: value:
        if a ? ${name} && lib.isAttrs a.${name} && lib.isAttrs value then
          lib.recursiveUpdate a.${name} value
        else
          value
      ) b;

    # lists
    optional = condition: element: if condition then [ element ] else [ ];
    optionals = condition: list: if condition then list else [ ];
    last = list: builtins.elemAt list (length list - 1);
    flatten = x: if isList x then concatMap lib.flatten x else [ x ];
    unique = builtins.foldl' (seen: x: if builtins.elem x seen then seen else seen ++ [ x ]) [ ];
    subtractLists = remove: filter (x: !builtins.elem x remove);
    imap0 = f: list: builtins.genList (i: f i (builtins.elemAt list i)) (length list);
    range =
      first: final: if first > final then [ ] else builtins.genList (i: first + i) (final - first + 1);
    toList = x: if isList x then x else [ x ];

    # strings
    optionalString = condition: string: if condition then string else "";
    concatMapStringsSep =
      separator: f: list:
      concatStringsSep separator (map f list);
    concatMapStrings = lib.concatMapStringsSep "";
    concatStrings = concatStringsSep "";
    concatLines = lib.concatMapStrings (line: line + "\n");
    hasPrefix = prefix: string: substring 0 (stringLength prefix) string == prefix;
    hasSuffix =
      suffix: string:
      let
        excess = stringLength string - stringLength suffix;
      in
      excess >= 0 && substring excess (-1) string == suffix;
    hasInfix = infix: string: length (lib.splitString infix string) > 1;
    removePrefix =
      prefix: string:
      if lib.hasPrefix prefix string then substring (stringLength prefix) (-1) string else string;
    removeSuffix =
      suffix: string:
      if lib.hasSuffix suffix string then
        substring 0 (stringLength string - stringLength suffix) string
      else
        string;
    splitString =
      separator: string: filter builtins.isString (builtins.split (lib.escapeRegex separator) string);
    escapeRegex = replaceStrings (lib.stringToCharacters "\\[{()^$?*+|.") (
      map (c: "\\" + c) (lib.stringToCharacters "\\[{()^$?*+|.")
    );
    stringToCharacters = string: builtins.genList (i: substring i 1 string) (stringLength string);
    escapeShellArg =
      arg:
      let
        string = toString arg;
      in
      if builtins.match "[[:alnum:],._+:@%/-]+" string != null then
        string
      else
        "'${replaceStrings [ "'" ] [ "'\\''" ] string}'";
    escapeShellArgs = lib.concatMapStringsSep " " lib.escapeShellArg;
    toShellVar = name: value: "${name}=${lib.escapeShellArg value}";
    fileContents = file: lib.removeSuffix "\n" (builtins.readFile file);

    # packages
    getName = drv: drv.pname or (builtins.parseDrvName drv.name).name;
    getBin = drv: drv.bin or drv.out or drv;
    getExe' = drv: program: "${lib.getBin drv}/bin/${program}";
    getExe =
      drv:
      lib.getExe' drv (
        drv.meta.mainProgram or (throw "lib.getExe: ${lib.getName drv} has no meta.mainProgram")
      );
    makeBinPath = lib.concatMapStringsSep ":" (drv: "${lib.getBin drv}/bin");
    isDerivation = x: x.type or null == "derivation";
    licenses = {
      asl20 = {
        spdxId = "Apache-2.0";
        fullName = "Apache License 2.0";
        free = true;
      };
    };
    platforms = rec {
      linux = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      darwin = [
        "x86_64-darwin"
        "aarch64-darwin"
      ];
      unix = linux ++ darwin;
    };

    # files
    importTOML = file: fromTOML (builtins.readFile file);
    importJSON = file: builtins.fromJSON (builtins.readFile file);
    fileset = import ./fileset.nix lib;
    cleanSource =
      src:
      builtins.path {
        name = "source";
        path = src;
        filter =
          path: type:
          let
            name = baseNameOf path;
          in
          !(
            (
              type == "directory"
              && builtins.elem name [
                ".git"
                ".svn"
                "CVS"
                ".hg"
              ]
            )
            || lib.hasSuffix "~" name
            || builtins.match "^\\.sw[a-z]$" name != null
            || builtins.match "^\\..*\\.sw[a-z]$" name != null
            || lib.hasSuffix ".o" name
            || lib.hasSuffix ".so" name
            || (type == "symlink" && lib.hasPrefix "result" name)
            || type == "unknown"
          );
      };

    # control
    assertMsg = condition: message: condition || throw message;
    warn = message: builtins.trace "evaluation warning: ${message}";
  };
in
lib
