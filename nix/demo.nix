# nix run .#demo: real traffic through a real Envoy, and the records that the filter exported.
{
  pkgs,
  e2e,
  filter,
}:
let
  program = pkgs.writeShellApplication {
    name = "http-trace-demo";
    text = ''
      export ENVOY=''${ENVOY:-${pkgs.envoy-bin}/bin/envoy}
      export HTTP_TRACE_FILTER_WASM=''${HTTP_TRACE_FILTER_WASM:-${filter}/lib/http-trace-filter.wasm}
      exec ${e2e}/bin/http-trace-e2e demo "$@"
    '';
  };
in
program
// {
  app = {
    type = "app";
    program = "${program}/bin/http-trace-demo";
    meta.description = "Real traffic through a real Envoy, and the records that the filter exported";
  };
}
