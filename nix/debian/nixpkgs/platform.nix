# The parts of stdenv.hostPlatform that say what the machine is.
{ lib, system }:
rec {
  inherit system;
  isLinux = lib.hasSuffix "-linux" system;
  isDarwin = lib.hasSuffix "-darwin" system;
  isx86_64 = lib.hasPrefix "x86_64-" system;
  isAarch64 = lib.hasPrefix "aarch64-" system;
  isUnix = true;
  is64bit = true;
  config =
    builtins.head (lib.splitString "-" system)
    + (if isDarwin then "-apple-darwin" else "-unknown-linux-gnu");
}
