# A check that README.md's list of what the stand-in provides is true:
#   import ./debian/readme-check.nix { inherit pkgs; }
# with any nixpkgs, the stand-in or the real one. The lists stand between <!-- NAME --> and <!-- end -->.
{ pkgs }:
let
  inherit (pkgs) lib;
  standInLib = import ./nixpkgs/lib.nix;
  # Only names and package lists are looked at: these need no root.
  tools = import ./nixpkgs/tools.nix {
    lib = standInLib;
    root = { };
    system = "none";
  };
  standIn = import ./nixpkgs { system = "x86_64-linux"; };
  wheels = import ./nixpkgs/wheels.nix {
    lib = standInLib;
    pkgs = { };
    system = "none";
  };
  go = import ./nixpkgs/go.nix {
    lib = standInLib;
    pkgs = { };
  };
  names = set: lib.filter (name: !lib.elem name [ "recurseForDerivations" ]) (lib.attrNames set);

  between =
    name:
    let
      rest = lib.last (lib.splitString "<!-- ${name} -->" (builtins.readFile ./README.md));
    in
    lib.head (lib.splitString "<!-- end -->" rest);
  # `the` `words` in backquotes
  quoted = text: lib.concatLists (lib.filter lib.isList (builtins.split "`([^`]*)`" text));
  # | `attribute` | `package`, `package` |, sorted
  rows = lib.filter (row: row != [ ]) (map quoted (lib.splitString "\n" (between "tools")));

  lists = {
    tools = {
      readme = map (lib.concatStringsSep " ") rows;
      really = lib.mapAttrsToList (
        name: tool: lib.concatStringsSep " " ([ name ] ++ tool.packages)
      ) tools;
    };
    wheels = {
      readme = quoted (between "wheels");
      really = names wheels;
    };
    go = {
      readme = quoted (between "go");
      really = names go.programs;
    };
    others = {
      readme = quoted (between "others");
      really = lib.filter (name: !(tools // wheels // go.programs) ? ${name}) (names standIn);
    };
    lib = {
      readme = quoted (between "lib");
      really = names standInLib;
    };
    fileset = {
      readme = quoted (between "fileset");
      really = names standInLib.fileset;
    };
  };
  sorted = list: lib.sort (a: b: a < b) list;
  lines = list: pkgs.writeText "list" (lib.concatMapStrings (entry: entry + "\n") (sorted list));
in
pkgs.runCommand "debian-readme" { } ''
  status=0
  ${lib.concatStrings (
    lib.mapAttrsToList (name: list: ''
      echo "nix/debian/README.md, ${name} (-), and the stand-in (+):"
      diff -u ${lines list.readme} ${lines list.really} || status=1
    '') lists
  )}
  [ "$status" = 0 ]
  touch $out
''
