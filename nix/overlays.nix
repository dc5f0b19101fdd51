# What deploys the filter: overlays for kubectl apply -k.
{
  pkgs,
  ctl,
  filter,
}:
rec {
  # For a GitOps repository that pins this flake: lib.x86_64-linux.mkOverlay { namespaces = [ "shop" ]; … } gives a
  # directory with one overlay each.
  mkOverlay =
    {
      namespaces,
      # HOST:PORT; not where config names collector.cluster.
      collector ? null,
      # The filter's configuration, as Nix writes it; or a JSON file.
      config ? { },
      # Further arguments of the command: --traffic, --delivery, --mesh, --tls …
      arguments ? [ ],
    }:
    let
      configuration =
        if builtins.isAttrs config then
          pkgs.writeText "configuration.json" (builtins.toJSON config)
        else
          config;
    in
    pkgs.runCommand "http-trace-overlays" { } ''
      # Not as an option: an image has its own.
      export HTTP_TRACE_FILTER_WASM=${filter}/lib/http-trace-filter.wasm
      ${ctl}/bin/http-trace-ctl overlay ${
        pkgs.lib.escapeShellArgs (
          namespaces
          ++ pkgs.lib.optionals (collector != null) [
            "--collector"
            collector
          ]
          ++ arguments
        )
      } --config ${configuration} --out "$out"
    '';

  # nix build .#overlays: the example that is in k8s/overlays/example.
  example = mkOverlay {
    namespaces = [ "example" ];
    collector = "collector.observability.svc.cluster.local:9000";
  };
}
