# nix run .#demo, .#dev, .#bench, .#chaos, .#soak: programs of the end-to-end harness, with a real Envoy and the filter.
{
  pkgs,
  app,
  filter,
}:
let
  inherit (pkgs) lib;
in
{
  name,
  description,
  # The package that has the program.
  package,
  # The program's name and arguments.
  command ? "http-trace-${name}",
  # The filter that it runs with, unless told otherwise; null: what it finds itself.
  wasm ? "${filter}/lib/http-trace-filter.wasm",
  # Further shell commands before it.
  environment ? "",
}:
app {
  inherit name description;
  help = "${package}/bin/${command} --help";
  # setpriv: no Envoy outlives a run that is killed
  runtimeInputs = [ pkgs.util-linux ];
  text = ''
    export ENVOY=''${ENVOY:-${pkgs.envoy-bin}/bin/envoy}
    ${lib.optionalString (
      wasm != null
    ) "export HTTP_TRACE_FILTER_WASM=\${HTTP_TRACE_FILTER_WASM:-${wasm}}"}
    ${environment}
    exec ${package}/bin/${command} "$@"
  '';
}
