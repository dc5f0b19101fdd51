# nix run .#mesh: a real Istio on this machine, without containers, and the filter deployed to it by the README's commands.
{
  pkgs,
  app,
  ctl,
  e2e,
  filter,
  mkImage,
  push,
  sources,
}:
let
  # WebAssembly that nobody can run: no section at all. Istio's agent takes it, and Envoy does not.
  broken = mkImage {
    name = "broken";
    inherit (filter) version;
    file = pkgs.runCommand "broken.wasm" { } "printf '\\0asm\\1\\0\\0\\0' > $out";
    path = "plugin.wasm";
    source = sources.readme;
  };
  # nixpkgs builds istioctl of the sources that istiod and pilot-agent are in, too.
  istio = pkgs.istioctl.overrideAttrs {
    pname = "istio";
    subPackages = [
      "pilot/cmd/pilot-agent"
      "pilot/cmd/pilot-discovery"
    ];
    # It asks istioctl for its version, and for completions.
    doInstallCheck = false;
    postInstall = "";
  };
in
app {
  name = "mesh";
  description = "A real Istio on this machine, and the filter deployed to it by the README's commands";
  help = "${e2e.mesh}/bin/http-trace-mesh --help";
  runtimeInputs = [
    pkgs.bash
    pkgs.coreutils
    pkgs.iproute2
    pkgs.iptables
    pkgs.kubectl
    pkgs.util-linux
  ];
  runtimeEnv = {
    BROKEN_IMAGE = "${broken}";
    ENVOY = "${pkgs.envoy-bin}/bin/envoy";
    ETCD = "${pkgs.etcd}/bin/etcd";
    HTTP_TRACE_CTL = "${ctl}/bin/http-trace-ctl";
    HTTP_TRACE_FILTER_WASM = "${filter}/lib/http-trace-filter.wasm";
    HTTP_TRACE_PUSH = "${push}/bin/http-trace-push";
    # Charts, definitions and the bootstrap of proxies.
    ISTIO_SOURCE = "${pkgs.istioctl.src}";
    KUBE_APISERVER = "${pkgs.kubernetes}/bin/kube-apiserver";
    KUBE_CONTROLLER_MANAGER = "${pkgs.kubernetes}/bin/kube-controller-manager";
    KUBECTL = "${pkgs.kubectl}/bin/kubectl";
    PILOT_AGENT = "${istio}/bin/pilot-agent";
    PILOT_DISCOVERY = "${istio}/bin/pilot-discovery";
    README = "${sources.readme}/README.md";
    REGISTRY = "${pkgs.distribution}/bin/registry";
  };
  text = ''exec ${e2e.mesh}/bin/http-trace-mesh "$@"'';
}
