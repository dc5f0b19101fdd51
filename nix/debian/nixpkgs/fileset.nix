# lib.fileset: a set of files as the sorted list of their absolute paths. Directories hold what is in them; empty ones
# are in no set, as in nixpkgs.
lib:
let
  type = "fileset";
  make = files: {
    _type = type;
    inherit files;
  };

  filesIn =
    path:
    let
      entries = builtins.readDir path;
      within =
        name: if entries.${name} == "directory" then filesIn (path + "/${name}") else [ "${path}/${name}" ];
    in
    lib.concatMap within (lib.attrNames entries);

  # A path stands for the file, or for all files below the directory.
  coerce =
    context: value:
    if value._type or null == type then
      value
    else if !builtins.isPath value then
      throw "${context} is of type ${builtins.typeOf value}, but it should be a file set or a path instead."
    else if !builtins.pathExists value then
      throw "${context} (${toString value}) is a path that does not exist."
    else if builtins.readFileType value == "directory" then
      make (filesIn (toString value))
    else
      make [ (toString value) ];

  asSet = files: lib.genAttrs files (_: true);
in
{
  unions =
    sets:
    make (
      lib.attrNames (
        asSet (lib.concatMap (set: (coerce "An element of lib.fileset.unions" set).files) sets)
      )
    );

  difference =
    a: b:
    let
      removed = asSet (coerce "lib.fileset.difference: Second argument" b).files;
    in
    make (
      lib.filter (file: !removed ? ${file}) (coerce "lib.fileset.difference: First argument" a).files
    );

  toSource =
    { root, fileset }:
    let
      base = toString root;
      inherit (coerce "lib.fileset.toSource: `fileset`" fileset) files;
      outside = lib.filter (file: !lib.hasPrefix "${base}/" file) files;
      parents = file: if file == base then [ ] else [ file ] ++ parents (dirOf file);
      kept = asSet (lib.concatMap parents files);
    in
    if outside != [ ] then
      throw "lib.fileset.toSource: `fileset` has a path (${lib.head outside}) outside of `root` (${base})."
    else
      {
        _type = "source";
        name = "source";
        outPath = builtins.path {
          name = "source";
          path = root;
          filter = path: _: kept ? ${path};
        };
      };
}
