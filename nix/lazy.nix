# What `nix run` starts of an app that has a `help`: only the program that prints the help is built at first. The rest (the
# filter, Envoy, for the mesh all of Istio) is named by its derivation, and built when the app runs: then Nix is there, for it is
# what started this.
{ pkgs }:
package:
let
  inherit (pkgs) lib;
  name = package.meta.mainProgram;
  # The derivation itself, and not what it makes.
  whole = builtins.unsafeDiscardOutputDependency package.drvPath;
in
if package.help or null == null then
  package
else
  pkgs.writeShellApplication {
    inherit name;
    meta = { inherit (package.meta) description; };
    text = ''
      for word; do
        case $word in
        --) break ;;
        -h | --help) exec ${package.help} ;;
        esac
      done
      if ! command -v nix > /dev/null; then
        echo "${lib.removePrefix "http-trace-" name}: there is no nix on the PATH, which builds ${whole}" >&2
        exit 1
      fi
      logs=(--print-build-logs)
      if [ -t 2 ]; then logs=(); fi
      built=$(nix --extra-experimental-features nix-command build --no-link --print-out-paths "''${logs[@]}" '${whole}^out')
      exec "$built/bin/${name}" "$@"
    '';
  }
