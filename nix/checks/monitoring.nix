# k8s/monitoring: alerts that fire when they should, and no metric that a real Envoy does not export.
{ pkgs, sources }:
{
  monitoring =
    pkgs.runCommand "monitoring"
      {
        nativeBuildInputs = [
          pkgs.curl
          pkgs.envoy-bin
          pkgs.jq
          # nixpkgs has promtool in an output of its own.
          (pkgs.prometheus.cli or pkgs.prometheus)
        ];
      }
      ''
        cp -r --no-preserve=mode ${sources.monitoring} checkout
        cd checkout
        bash ${./fit-envoy-yaml.sh}
        bash ${./monitoring.sh}
        touch $out
      '';
}
