# What deploys the filter: the overlays' contents, by kubectl and kustomize, and what of them is kept in the repository.
{
  pkgs,
  ctl,
  e2e,
  filter,
  overlays,
  sources,
}:
{
  manifests = pkgs.runCommand "manifests" { } ''
    export HTTP_TRACE_CTL=${ctl}/bin/http-trace-ctl HTTP_TRACE_FILTER_WASM=${filter}/lib/http-trace-filter.wasm
    export KUBECTL=${pkgs.kubectl}/bin/kubectl KUSTOMIZE=${pkgs.kustomize}/bin/kustomize K8S=${sources.k8s}/k8s
    ${e2e}/bin/http-trace-manifests-tests --nocapture --test-threads 4
    touch $out
  '';

  # What the commands for clusters do, by the real kubectl. There is no API server in a sandbox: a double answers.
  kubernetes = pkgs.runCommand "kubernetes" { } ''
    export HTTP_TRACE_CTL=${ctl}/bin/http-trace-ctl HTTP_TRACE_FILTER_WASM=${filter}/lib/http-trace-filter.wasm
    export KUBECTL=${pkgs.kubectl}/bin/kubectl ENVOY=${pkgs.envoy-bin}/bin/envoy
    export README=${sources.readme}/README.md
    echo "API server: a double (tests/e2e/src/kube_api)"
    ${e2e}/bin/http-trace-kubernetes-tests --test-threads 4
    touch $out
  '';

  # k8s/base, components, kuma and overlays/example are what this filter and this generator make.
  manifests-current =
    pkgs.runCommand "manifests-current" { nativeBuildInputs = [ pkgs.diffutils ]; }
      ''
        ${ctl}/bin/http-trace-ctl manifests --wasm ${filter}/lib/http-trace-filter.wasm --out k8s
        diff --recursive --brief ${sources.k8s}/k8s k8s || {
          echo "k8s/ is out of date: commit what 'nix run .#manifests' makes of it"
          exit 1
        }
        diff --recursive ${overlays.example}/example k8s/overlays/example
        touch $out
      '';
}
