# The collector's image, from a registry to a page.
{
  pkgs,
  collectorImage,
  pushCollector,
}:
{
  # It goes to a registry and comes back; what is in it runs with nothing else, as its configuration and k8s/collector say.
  collector-image =
    pkgs.runCommand "collector-image"
      {
        nativeBuildInputs = [
          pkgs.bubblewrap
          pkgs.curl
          pkgs.distribution
          pkgs.jq
          pkgs.kustomize
          pkgs.skopeo
        ];
      }
      ''
        export HOME=$NIX_BUILD_TOP TMPDIR=$NIX_BUILD_TOP CONFIGURATION=${
          import ./registry.nix { inherit pkgs; }
        }
        source ${./registry.sh}
        bash ${./collector-image.sh} ${pushCollector}/bin/http-trace-push-collector ${collectorImage} "$address"
        kill $registry
        trap - EXIT
        touch $out
      '';
}
