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
        ]
        # The stand-in of nix/debian has no promtool; nixpkgs has it in an output of its own.
        ++ pkgs.lib.optional (pkgs ? prometheus) (pkgs.prometheus.cli or pkgs.prometheus);
      }
      ''
        cp -r --no-preserve=mode ${sources.monitoring} checkout
        cd checkout
        bash ${./fit-envoy-yaml.sh}
        bash ${./monitoring.sh}
        touch $out
      '';
}
