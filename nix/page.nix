# nix run .#page: the collector's page in a real browser, before a real Envoy with the filter.
{
  pkgs,
  app,
  collector,
  e2e,
  filter,
}:
app {
  name = "page";
  description = "Tests the collector's page in this machine's chromium, before a real Envoy";
  runtimeInputs = [ pkgs.util-linux ];
  # The browser is the machine's: 300 MB are much for everyone who runs the other checks.
  text = ''
    for program in "''${CHROMIUM:-chromium}" "''${CHROMEDRIVER:-chromedriver}"; do
      type -P "$program" > /dev/null || {
        echo "$program is not in PATH: nix shell nixpkgs#chromium nixpkgs#chromedriver -c nix run .#page" >&2
        exit 1
      }
    done
    # The driver looks for no program in PATH.
    CHROMIUM=$(type -P "''${CHROMIUM:-chromium}")
    export CHROMIUM
    export ENVOY=''${ENVOY:-${pkgs.envoy-bin}/bin/envoy}
    export HTTP_TRACE_FILTER_WASM=''${HTTP_TRACE_FILTER_WASM:-${filter}/lib/http-trace-filter.wasm}
    export HTTP_TRACE_COLLECTOR=''${HTTP_TRACE_COLLECTOR:-${collector}/bin/http-trace-collector}
    exec ${e2e.tests.page}/bin/http-trace-page-tests "$@"
  '';
}
