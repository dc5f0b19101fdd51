# The matrix's own check: that it tells what passes from what does not. All of it takes downloads, and minutes:
# nix run .#matrix.
{
  pkgs,
  app,
  e2e,
  filter,
}:
let
  matrix =
    envoys:
    import ../matrix.nix {
      inherit
        pkgs
        app
        e2e
        filter
        envoys
        ;
    };
  broken = (pkgs.writeShellScriptBin "envoy" "exit 3") // {
    version = "0.0.1";
  };
  both = matrix [
    pkgs.envoy-bin
    broken
  ];
  here = pkgs.envoy-bin.version;
in
{
  matrix = pkgs.runCommand "matrix" { } ''
    run() {
      status=0
      ${both}/bin/http-trace-matrix "$@" > table 2>&1 || status=$?
      cat table
    }
    run --only ${here} basics::
    [ "$status" = 0 ] && grep -Eq '^${here} +container +passed [1-9][0-9]*$' table || { echo "it does not pass"; exit 1; }
    run basics::
    [ "$status" = 1 ] && grep -Eq '^0\.0\.1 +process +FAILED' table && grep -q '^Envoy 0.0.1, the end of ' table || {
      echo "an Envoy that does not start passes"
      exit 1
    }
    run --only ${here} no-such-test
    [ "$status" = 1 ] || { echo "no test at all passes"; exit 1; }
    run --only 9.9
    [ "$status" = 2 ] || { echo "an unknown version passes"; exit 1; }
    touch $out
  '';
}
