# Checks in a real Envoy: as a process, and in an OCI container inside the build sandbox.
{
  pkgs,
  container,
  ctl,
  demo,
  e2e,
  faulty,
  filter,
}:
let
  endToEnd =
    name: envoy:
    pkgs.runCommand name { } ''
      export ENVOY=${envoy} HTTP_TRACE_FILTER_WASM=${filter}/lib/http-trace-filter.wasm
      "$ENVOY" --version
      ${e2e.tests.e2e}/bin/http-trace-e2e-tests --test-threads 4
      touch $out
    '';
in
{
  envoy-process = endToEnd "envoy-process" "${pkgs.envoy-bin}/bin/envoy";

  envoy-container = endToEnd "envoy-container" "${container}/bin/envoy-in-container";

  # A VM that traps, which no filter of ours should: traffic goes on.
  envoy-trap = pkgs.runCommand "envoy-trap" { } ''
    export ENVOY=${pkgs.envoy-bin}/bin/envoy HTTP_TRACE_FILTER_WASM=${faulty}/lib/http-trace-filter.wasm
    ${e2e.tests.trap}/bin/http-trace-trap-tests --test-threads 4
    touch $out
  '';

  # What Envoy lets the VM do is what it needs: a scene goes wrong without any one of it. In the container, as everything.
  envoy-capabilities = pkgs.runCommand "envoy-capabilities" { } ''
    export ENVOY=${container}/bin/envoy-in-container HTTP_TRACE_FILTER_WASM=${filter}/lib/http-trace-filter.wasm
    ${e2e.tests.capabilities}/bin/http-trace-capabilities-tests --nocapture
    touch $out
  '';

  # nix run .#dev takes a new build of the filter, and says what Envoy refuses.
  envoy-dev = pkgs.runCommand "envoy-dev" { nativeBuildInputs = [ pkgs.util-linux ]; } ''
    export ENVOY=${pkgs.envoy-bin}/bin/envoy HTTP_TRACE_FILTER_WASM=${filter}/lib/http-trace-filter.wasm
    export HTTP_TRACE_E2E=${e2e.harness}/bin/http-trace-e2e
    ${e2e.tests.dev}/bin/http-trace-dev-tests --test-threads 2
    touch $out
  '';

  # What the overlay generator writes, in Envoy: no schema covers an EnvoyFilter's patches.
  envoy-overlays = pkgs.runCommand "envoy-overlays" { } ''
    export ENVOY=${pkgs.envoy-bin}/bin/envoy HTTP_TRACE_CTL=${ctl}/bin/http-trace-ctl
    export HTTP_TRACE_FILTER_WASM=${filter}/lib/http-trace-filter.wasm
    ${e2e.tests.overlays}/bin/http-trace-overlays-tests --test-threads 4
    touch $out
  '';

  # Records as OTLP logs, through a real OpenTelemetry Collector.
  otel = pkgs.runCommand "otel" { } ''
    export ENVOY=${pkgs.envoy-bin}/bin/envoy HTTP_TRACE_FILTER_WASM=${filter}/lib/http-trace-filter.wasm
    export OTELCORECOL=${pkgs.lib.getExe pkgs.opentelemetry-collector}
    "$OTELCORECOL" --version
    ${e2e.tests.otel}/bin/http-trace-otel-tests --test-threads 4
    touch $out
  '';

  demo = pkgs.runCommand "demo" { } ''
    ${demo}/bin/http-trace-demo --color never
    touch $out
  '';
}
