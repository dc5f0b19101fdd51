# The parts of stdenv.hostPlatform that say what the machine is.
{ lib, system }:
{
  inherit system;
  isLinux = lib.hasSuffix "-linux" system;
  rust.rustcTarget = lib.replaceStrings [ "-linux" ] [ "-unknown-linux-gnu" ] system;
  # The architecture as Go and container images have it.
  go.GOARCH =
    {
      x86_64-linux = "amd64";
      aarch64-linux = "arm64";
    }
    .${system} or null;
}
