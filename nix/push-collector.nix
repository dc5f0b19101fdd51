# nix run .#push-collector -- REGISTRY/REPOSITORY:TAG: the collector's image to a registry, and k8s/overlays/http-trace for
# kubectl apply -k.
{
  pkgs,
  app,
  image,
  sources,
}:
import ./push.nix {
  inherit pkgs app image;
  name = "push-collector";
  description = "Copies the collector's image to a registry, and writes what kubectl apply -k takes";
  does = ''
    Copies the collector's image to a registry with skopeo, and writes k8s/overlays/http-trace: what kubectl apply -k takes, with the
    image's name by digest and a token that nobody else has. Called again, it keeps the token.'';
  runtimeInputs = [ pkgs.gnused ];
  after = ''
    manifests=${sources.collectorManifests}/k8s/collector directory=k8s/overlays/http-trace
    ${builtins.readFile ./push-collector.sh}
  '';
}
