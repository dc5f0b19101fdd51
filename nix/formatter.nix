# nix fmt: formats every Nix and Rust file of the repository, or the Nix files given.
{ pkgs, rust }:
pkgs.writeShellApplication {
  name = "http-trace-fmt";
  runtimeInputs = [
    pkgs.findutils
    pkgs.nixfmt
    rust.toolchain
  ];
  text = ''
    if [ $# -gt 0 ]; then
      exec nixfmt "$@"
    fi
    find . -name target -prune -o -name '*.nix' -print0 | xargs -0 nixfmt
    cargo fmt --all
  '';
}
