# nix run .#matrix: the end-to-end tests in each Envoy that there is, in a table.
{
  pkgs,
  app,
  e2e,
  filter,
  # The stand-in of nix/debian has one for each minor; nixpkgs has one Envoy.
  envoys ? pkgs.envoys or [ pkgs.envoy-bin ],
}:
let
  inherit (pkgs) lib;
  row =
    envoy:
    let
      container = import ./container.nix { inherit pkgs envoy; };
    in
    "${envoy.version} ${envoy}/bin/envoy ${container}/bin/envoy-in-container\n";
  help = pkgs.writeText "help" ''
    Runs the end-to-end tests in each Envoy, and prints a table.

    Usage: nix run .#matrix -- [--only VERSION[,VERSION...]] [TEST...]

      --only VERSION,...  these Envoys only: ${
        lib.concatStringsSep ", " (map (envoy: envoy.version) envoys)
      }; or 1.38 for all of 1.38
      TEST...             only the tests with these words in their names
  '';
in
app {
  name = "matrix";
  description = "The end-to-end tests in each Envoy, from 1.36 on";
  help = "${pkgs.coreutils}/bin/cat ${help}";
  runtimeInputs = [
    pkgs.coreutils
    pkgs.gnugrep
    pkgs.gnused
  ];
  runtimeEnv = {
    ENVOYS = "${pkgs.writeText "envoys" (lib.concatMapStrings row envoys)}";
    TESTS = "${e2e.tests.e2e}/bin/http-trace-e2e-tests";
    HTTP_TRACE_FILTER_WASM = "${filter}/lib/http-trace-filter.wasm";
  };
  text = builtins.readFile ./matrix.sh;
}
