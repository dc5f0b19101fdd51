# The parts of stdenv.hostPlatform that say what the machine is.
{ lib, system }:
{
  inherit system;
  isLinux = lib.hasSuffix "-linux" system;
}
