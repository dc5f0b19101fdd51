# https://distribution.github.io/distribution/about/configuration/; the kernel chooses the port, and the log tells it.
{ pkgs }:
pkgs.writeText "registry.json" (
  builtins.toJSON {
    version = "0.1";
    log.level = "info";
    storage.filesystem.rootdirectory = "registry";
    http.addr = "127.0.0.1:0";
  }
)
