# nix fmt: formats the Nix and Rust files given, those below the directories given, or else all of the repository.
{ pkgs, rust }:
pkgs.writeShellApplication {
  name = "http-trace-fmt";
  runtimeInputs = [
    pkgs.coreutils
    pkgs.findutils
    pkgs.nixfmt
    rust.toolchain
  ];
  text = ''
    [ $# -gt 0 ] || set -- .
    # A path that is not there must not pass for one without such files.
    ls -d -- "$@" > /dev/null
    find "$@" \( -name target -o -name .git \) -prune -o -type f -name '*.nix' -print0 | xargs -0 --no-run-if-empty nixfmt
    find "$@" \( -name target -o -name .git \) -prune -o -type f -name '*.rs' -print0 |
      xargs -0 --no-run-if-empty rustfmt --edition 2024
  '';
}
