# Checks of the sources: formatting, lints, unit tests.
{
  pkgs,
  rust,
  sources,
}:
let
  # A check leaves an empty file.
  cargoCheck =
    name: command:
    rust.mkCargo {
      inherit name;
      src = sources.rust;
      buildPhase = command;
      installPhase = "touch $out";
    };
in
{
  unit-tests = cargoCheck "unit-tests" "cargo test --frozen --package http-trace-filter";

  clippy = cargoCheck "clippy" "cargo clippy --frozen --workspace --all-targets -- --deny warnings";

  clippy-wasm = cargoCheck "clippy-wasm" ''
    cargo clippy --frozen --package http-trace-filter --lib --target wasm32-unknown-unknown -- --deny warnings
  '';

  rustfmt = cargoCheck "rustfmt" "cargo fmt --all --check";

  nixfmt = pkgs.runCommand "nixfmt" { nativeBuildInputs = [ pkgs.nixfmt ]; } ''
    find ${sources.nix} -name '*.nix' -exec nixfmt --check {} +
    touch $out
  '';

  # The scripts that writeShellApplication makes are checked when they are built.
  shellcheck = pkgs.runCommand "shellcheck" { nativeBuildInputs = [ pkgs.shellcheck ]; } ''
    cd ${sources.nix}
    grep -rlE '^#!.*\b(ba)?sh' . > "$NIX_BUILD_TOP/scripts"
    echo "$(wc -l < "$NIX_BUILD_TOP/scripts") scripts"
    xargs shellcheck --external-sources --source-path=SCRIPTDIR < "$NIX_BUILD_TOP/scripts"
    touch $out
  '';
}
