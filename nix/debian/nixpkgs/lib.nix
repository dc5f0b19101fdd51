# The functions of nixpkgs' lib that the project uses, with the same meaning.
let
  inherit (builtins)
    attrNames
    concatStringsSep
    filter
    length
    listToAttrs
    map
    replaceStrings
    stringLength
    substring
    ;

  lib = {
    inherit (builtins)
      attrNames
      concatLists
      concatMap
      concatStringsSep
      elem
      filter
      head
      isList
      mapAttrs
      replaceStrings
      sort
      ;

    # attribute sets
    genAttrs =
      names: f:
      listToAttrs (
        map (name: {
          inherit name;
          value = f name;
        }) names
      );
    optionalAttrs = condition: set: if condition then set else { };
    mapAttrsToList = f: set: map (name: f name set.${name}) (attrNames set);

    # lists
    optional = condition: element: if condition then [ element ] else [ ];
    optionals = condition: list: if condition then list else [ ];
    last = list: builtins.elemAt list (length list - 1);

    # strings
    optionalString = condition: string: if condition then string else "";
    concatMapStringsSep =
      separator: f: list:
      concatStringsSep separator (map f list);
    concatMapStrings = lib.concatMapStringsSep "";
    concatStrings = concatStringsSep "";
    hasPrefix = prefix: string: substring 0 (stringLength prefix) string == prefix;
    hasSuffix =
      suffix: string:
      let
        excess = stringLength string - stringLength suffix;
      in
      excess >= 0 && substring excess (-1) string == suffix;
    removePrefix =
      prefix: string:
      if lib.hasPrefix prefix string then substring (stringLength prefix) (-1) string else string;
    splitString =
      separator: string:
      let
        special = [
          "\\"
          "["
          "{"
          "("
          ")"
          "^"
          "$"
          "?"
          "*"
          "+"
          "|"
          "."
        ];
        pattern = replaceStrings special (map (c: "\\" + c) special) separator;
      in
      filter builtins.isString (builtins.split pattern string);
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

    # packages
    getExe =
      drv:
      "${drv}/bin/${drv.meta.mainProgram or (throw "lib.getExe: ${drv.name} has no meta.mainProgram")}";
    makeBinPath = lib.concatMapStringsSep ":" (drv: "${drv}/bin");
    licenses.asl20 = {
      spdxId = "Apache-2.0";
      fullName = "Apache License 2.0";
      free = true;
    };

    # files
    importTOML = file: fromTOML (builtins.readFile file);
    fileset = import ./fileset.nix lib;

    # control
    assertMsg = condition: message: condition || throw message;
  };
in
lib
