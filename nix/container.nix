# bin/envoy-in-container: takes Envoy's arguments and runs it in an OCI container (crun), also inside Nix's build sandbox.
{
  pkgs,
  envoy ? pkgs.envoy-bin,
}:
let
  # The static part of the OCI runtime configuration; the script adds arguments and mounts.
  # https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md
  config = pkgs.writeText "config.json" (
    builtins.toJSON {
      ociVersion = "1.0.2";
      hostname = "envoy";
      root = {
        path = "rootfs";
        readonly = true;
      };
      process = {
        terminal = false;
        cwd = "/";
        # No "capabilities": none.
        noNewPrivileges = true;
        user = {
          uid = 0;
          gid = 0;
        };
        env = [ "PATH=/usr/bin:/bin" ];
        args = [ "${envoy}/bin/envoy" ];
      };
      mounts = [
        {
          # bubblewrap's, of its pid namespace: crun may not mount one of its own below a masked one.
          destination = "/proc";
          type = "none";
          source = "/proc";
          options = [ "rbind" ];
        }
        {
          destination = "/dev";
          type = "tmpfs";
          source = "tmpfs";
          options = [
            "nosuid"
            "mode=755"
          ];
        }
        {
          # Envoy 1.40 aborts without.
          destination = "/dev/shm";
          type = "tmpfs";
          source = "shm";
          options = [
            "nosuid"
            "nodev"
            "mode=1777"
          ];
        }
      ];
      linux = {
        # No network namespace: clients, upstream and collector meet Envoy on the sandbox's loopback. The pid namespace
        # is bubblewrap's, so that nothing outlives it.
        namespaces = map (type: { inherit type; }) [
          "user"
          "mount"
          "ipc"
          "uts"
        ];
        # The sandbox has one user id to give.
        uidMappings = [
          {
            containerID = 0;
            hostID = 0;
            size = 1;
          }
        ];
        gidMappings = [
          {
            containerID = 0;
            hostID = 0;
            size = 1;
          }
        ];
      };
    }
  );
in
pkgs.writeShellApplication {
  name = "envoy-in-container";
  runtimeInputs = [
    pkgs.bubblewrap
    pkgs.coreutils
    pkgs.crun
    pkgs.jq
  ];
  runtimeEnv = {
    OCI_CONFIG = "${config}";
  };
  text = builtins.readFile ./envoy-in-container.sh;
}
