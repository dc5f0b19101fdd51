# What deploys the filter: the overlays' contents, by kubectl and kustomize, and what of them is kept in the repository.
{
  pkgs,
  ctl,
  e2e,
  filter,
  pushCollector,
  sources,
}:
let
  pinned = (pkgs.lib.importTOML ../rust-toolchain.toml).toolchain.channel;
  # The manifests in the repository are of the wasm beside them, whatever this machine's toolchain makes of the sources.
  committed = pkgs.runCommand "http-trace-filter-committed" { } ''
    mkdir -p "$out/lib"
    sed -n 's/^  http-trace-filter.wasm: "\(.*\)"$/\1/p' ${sources.k8s}/k8s/base/configmap.yaml | base64 -d > "$out/lib/http-trace-filter.wasm"
  '';
  overlays = import ../overlays.nix {
    inherit pkgs ctl;
    filter = committed;
  };
in
{
  manifests = pkgs.runCommand "manifests" { } ''
    export HTTP_TRACE_CTL=${ctl}/bin/http-trace-ctl HTTP_TRACE_FILTER_WASM=${committed}/lib/http-trace-filter.wasm
    export KUBECTL=${pkgs.kubectl}/bin/kubectl KUSTOMIZE=${pkgs.kustomize}/bin/kustomize K8S=${sources.k8s}/k8s
    ${e2e.tests.manifests}/bin/http-trace-manifests-tests --nocapture --test-threads 4
    touch $out
  '';

  # What the commands for clusters do, by the real kubectl, to a real API server and the real controllers. Only the kubelet and the
  # injection of sidecars are played.
  kubernetes = pkgs.runCommand "kubernetes" { } ''
    export HTTP_TRACE_CTL=${ctl}/bin/http-trace-ctl HTTP_TRACE_FILTER_WASM=${filter}/lib/http-trace-filter.wasm
    export KUBECTL=${pkgs.kubectl}/bin/kubectl ENVOY=${pkgs.envoy-bin}/bin/envoy
    export ETCD=${pkgs.etcd}/bin/etcd KUBE_APISERVER=${pkgs.kubernetes}/bin/kube-apiserver
    export KUBE_CONTROLLER_MANAGER=${pkgs.kubernetes}/bin/kube-controller-manager
    export README=${sources.readme}/README.md K8S=${sources.k8s}/k8s
    export HTTP_TRACE_PUSH_COLLECTOR=${pushCollector}/bin/http-trace-push-collector
    "$ETCD" --version | sed -n 1p
    "$KUBE_APISERVER" --version
    ${e2e.tests.kubernetes}/bin/http-trace-kubernetes-tests --test-threads 4
    touch $out
  '';

  # k8s/base, components, kuma and overlays/example are what this generator makes of the committed wasm; and that wasm is
  # what the pinned Rust made (the check sha256 says whether the sources still give it).
  manifests-current =
    pkgs.runCommand "manifests-current" { nativeBuildInputs = [ pkgs.diffutils ]; }
      ''
        ${ctl}/bin/http-trace-ctl manifests --wasm ${committed}/lib/http-trace-filter.wasm --out k8s
        # The collector's are written by hand.
        diff --recursive --brief --exclude collector ${sources.k8s}/k8s k8s || {
          echo "k8s/ is out of date: commit what 'nix run .#manifests' makes of it"
          exit 1
        }
        diff --recursive ${overlays.example}/example k8s/overlays/example
        sha256=$(sha256sum < ${committed}/lib/http-trace-filter.wasm | cut -d ' ' -f 1)
        grep "^$sha256  rustc ${pinned} " ${../expected-sha256.txt} || {
          echo "the wasm in k8s/, $sha256, is not recorded in nix/expected-sha256.txt for Rust ${pinned}:"
          cat ${../expected-sha256.txt}
          echo "commit what 'nix run .#manifests' makes of it with that Rust"
          exit 1
        }
        touch $out
      '';
}
