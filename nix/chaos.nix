# nix run .#chaos: faults at random around a real Envoy. nix run .#soak: its memory and latency over time.
{
  pkgs,
  e2e,
  filter,
}:
let
  program =
    name: description:
    let
      wrapped = pkgs.writeShellApplication {
        name = "http-trace-${name}";
        # setpriv: no Envoy outlives a run that is killed
        runtimeInputs = [ pkgs.util-linux ];
        text = ''
          export ENVOY=''${ENVOY:-${pkgs.envoy-bin}/bin/envoy}
          export HTTP_TRACE_FILTER_WASM=''${HTTP_TRACE_FILTER_WASM:-${filter}/lib/http-trace-filter.wasm}
          exec ${e2e}/bin/http-trace-${name} "$@"
        '';
      };
    in
    wrapped
    // {
      app = {
        type = "app";
        program = "${wrapped}/bin/http-trace-${name}";
        meta.description = description;
      };
    };
in
{
  chaos = program "chaos" "Faults at random around a real Envoy with the filter";
  soak = program "soak" "Memory and latency of a real Envoy with the filter over time";
}
