# stdenv.mkDerivation: a set of attributes becomes a derivation with one output, whose builder runs the phases of setup.sh.
{ pkgs, stdenv }:
let
  mkDerivation =
    args:
    let
      passthru = args.passthru or { };
      drv = derivation (
        {
          builder = "/bin/bash";
          args = [
            "-e"
            ./builder.sh
          ];
          inherit (pkgs) system;
          inherit stdenv;
          strictDeps = false;
          nativeBuildInputs = [ ];
          buildInputs = [ ];
          doCheck = false;
        }
        // removeAttrs args [
          "meta"
          "passthru"
        ]
        // {
          name =
            args.name or (
              if args ? pname && args ? version then
                "${args.pname}-${args.version}"
              else
                throw "mkDerivation: give a name, or a pname and a version"
            );
        }
      );
      extra = passthru // {
        inherit passthru;
        meta = {
          inherit (drv) name;
          available = true;
          outputsToInstall = [ "out" ];
        }
        // (args.meta or { });
        overrideAttrs = change: mkDerivation (args // change);
      };
    in
    drv // { out = drv // extra; } // extra;
in
mkDerivation
