# nix run .#bench: what exporting traffic costs a real Envoy, in a table.
{
  pkgs,
  e2e,
  filter,
}:
let
  program = pkgs.writeShellApplication {
    name = "http-trace-bench";
    # setpriv: no Envoy outlives a benchmark that is killed
    runtimeInputs = [ pkgs.util-linux ];
    text = ''
      export ENVOY=''${ENVOY:-${pkgs.envoy-bin}/bin/envoy}
      export WRK=''${WRK:-${pkgs.wrk}/bin/wrk}
      export HTTP_TRACE_FILTER_WASM=''${HTTP_TRACE_FILTER_WASM:-${filter}/lib/http-trace-filter.wasm}
      exec ${e2e}/bin/http-trace-bench "$@"
    '';
  };
in
program
// {
  app = {
    type = "app";
    program = "${program}/bin/http-trace-bench";
    meta.description = "What exporting traffic costs a real Envoy, against other ways to do it";
  };
}
