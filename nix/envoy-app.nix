# nix run .#demo, .#bench, .#chaos, .#soak: programs of the end-to-end harness, with a real Envoy and the filter.
{
  pkgs,
  app,
  filter,
}:
{
  name,
  description,
  # The package that has the program.
  package,
  # The program's name and arguments.
  command ? "http-trace-${name}",
  # Further shell commands before it.
  environment ? "",
}:
app {
  inherit name description;
  # setpriv: no Envoy outlives a run that is killed
  runtimeInputs = [ pkgs.util-linux ];
  text = ''
    export ENVOY=''${ENVOY:-${pkgs.envoy-bin}/bin/envoy}
    export HTTP_TRACE_FILTER_WASM=''${HTTP_TRACE_FILTER_WASM:-${filter}/lib/http-trace-filter.wasm}
    ${environment}
    exec ${package}/bin/${command} "$@"
  '';
}
