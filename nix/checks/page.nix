# The collector's page in a real browser, with the traffic of a real Envoy. The pictures in light, in dark and at 390 px, and the
# HAR that the page saves, are what the check leaves.
{
  pkgs,
  collector,
  e2e,
  filter,
}:
{
  page = pkgs.runCommand "page" { } ''
    export ENVOY=${pkgs.envoy-bin}/bin/envoy HTTP_TRACE_FILTER_WASM=${filter}/lib/http-trace-filter.wasm
    export HTTP_TRACE_COLLECTOR=${collector}/bin/http-trace-collector HTTP_TRACE_E2E=${e2e.harness}/bin/http-trace-e2e
    export CHROMIUM=${pkgs.chromium}/bin/chromium CHROMEDRIVER=${pkgs.chromedriver}/bin/chromedriver
    export HOME=$NIX_BUILD_TOP FONTCONFIG_FILE=${
      pkgs.makeFontsConf { fontDirectories = [ pkgs.dejavu_fonts ]; }
    }
    export PAGE_OUTPUT=$out
    "$CHROMIUM" --version
    # One after another: a browser takes a core. Why one failed is said again at the end, after Envoy's log and all else.
    set -o pipefail
    if ! ${e2e.tests.page}/bin/http-trace-page-tests --test-threads 1 --show-output | tee log; then
      echo "Why the page is not as it should be:"
      grep --after-context 3 'panicked at' log | cut -c -500
      exit 1
    fi
    for kept in light dark phone phone-list demo hostile; do
      [ -s "$out/$kept.png" ] || { echo "no picture $kept.png in $out: $(ls "$out")"; exit 1; }
    done
    [ -s "$out/saved.har" ] || { echo "no saved.har in $out: $(ls "$out")"; exit 1; }
  '';
}
