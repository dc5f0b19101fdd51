# stdenv.mkDerivation: a set of attributes, or a function from the final ones to it, becomes a derivation whose builder
# runs the phases of setup.sh.
{
  lib,
  pkgs,
  stdenv,
}:
let
  mkDerivation =
    argsOrFunction:
    let
      function = if builtins.isFunction argsOrFunction then argsOrFunction else _: argsOrFunction;
      args = function (args // { finalPackage = package; });
      passthru = args.passthru or { };
      meta = {
        name = drv.name;
        available = true;
        outputsToInstall = [ (lib.head (args.outputs or [ "out" ])) ];
      }
      // (args.meta or { });

      drv = derivation (
        {
          builder = "/bin/bash";
          args = [
            "-e"
            ./builder.sh
          ];
          inherit (pkgs) system;
          inherit stdenv;
          outputs = [ "out" ];
          strictDeps = false;
          nativeBuildInputs = [ ];
          buildInputs = [ ];
          propagatedNativeBuildInputs = [ ];
          propagatedBuildInputs = [ ];
          doCheck = false;
        }
        // removeAttrs args [
          "env"
          "meta"
          "passthru"
          "pos"
        ]
        // (args.env or { })
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
        inherit meta passthru;
        overrideAttrs =
          change:
          mkDerivation (
            final:
            let
              previous = function final;
            in
            previous
            // (
              if !builtins.isFunction change then
                change
              else
                let
                  partial = change final;
                in
                if builtins.isFunction partial then partial previous else change previous
            )
          );
      };
      # every output of the derivation carries what nixpkgs adds
      package = drv // lib.genAttrs (args.outputs or [ "out" ]) (output: drv.${output} // extra) // extra;
    in
    package;
in
mkDerivation
