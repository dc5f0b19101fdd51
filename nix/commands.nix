# nix run .#NAME: the subcommands of http-trace-ctl, with the filter that was built beside it.
{
  pkgs,
  app,
  ctl,
  filter,
}:
let
  inherit (pkgs) lib;
  commands = {
    validate = "Checks a configuration of the filter, as the filter itself would";
    overlay = "Writes a directory for kubectl apply -k for each namespace";
    mount = "Mounts the wasm of an overlay in the workloads of its namespace";
    unmount = "Restores what was there before the wasm was mounted";
    deploy = "Writes overlays, applies and mounts them";
    undeploy = "Unmounts, and deletes all that was made";
    doctor = "Tells why no records arrive from namespaces, and what to do";
    status = "Lists where the filter is, and where its records go";
  };
in
lib.mapAttrs (
  name: description:
  app {
    inherit name description;
    help = "${ctl}/bin/http-trace-ctl ${name} --help";
    runtimeEnv.HTTP_TRACE_FILTER_WASM = "${filter}/lib/http-trace-filter.wasm";
    # The user's own kubectl comes first: it fits the cluster.
    text = ''
      PATH=''${PATH:+$PATH:}${pkgs.kubectl}/bin
      exec ${ctl}/bin/http-trace-ctl ${name} "$@"
    '';
  }
) commands
