# nix develop: the tools, and nothing that is built of our sources, so that the shell opens while these do not compile.
# nix develop .#e2e: also what the end-to-end tests look for, built, for cargo test -p http-trace-e2e.
{
  pkgs,
  ctl,
  filter,
  rust,
  sources,
}:
let
  inherit (pkgs) lib;
  inherit (pkgs.stdenv.hostPlatform) isLinux;
  packages = [
    rust.toolchain
    pkgs.binaryen
    pkgs.wabt
    pkgs.nixfmt
    pkgs.shellcheck
    pkgs.jq
    pkgs.kubectl
    pkgs.kustomize
  ]
  ++ lib.optionals isLinux [
    pkgs.envoy-bin
    pkgs.bubblewrap
    pkgs.crun
  ];
  environment = {
    KUBECTL = "${pkgs.kubectl}/bin/kubectl";
    KUSTOMIZE = "${pkgs.kustomize}/bin/kustomize";
  }
  // lib.optionalAttrs isLinux { ENVOY = "${pkgs.envoy-bin}/bin/envoy"; };
in
{
  default = pkgs.mkShell (environment // { inherit packages; });

  e2e = pkgs.mkShell (
    environment
    // {
      inherit packages;
      HTTP_TRACE_FILTER_WASM = "${filter}/lib/http-trace-filter.wasm";
      HTTP_TRACE_CTL = "${ctl}/bin/http-trace-ctl";
      K8S = "${sources.k8s}/k8s";
    }
  );
}
