# Checks of the sources: formatting, lints, unit tests.
{
  pkgs,
  collector,
  ctl,
  devShell,
  e2e,
  rust,
  sources,
}:
let
  # A check leaves an empty file. `command` compiles the crates first, in a derivation of its own.
  cargoCheck =
    name:
    {
      src,
      command,
      # Arguments of the command when it does the real thing.
      arguments ? "",
      crates ? null,
      # As the crates were built.
      static ? false,
    }:
    rust.mkCargo {
      inherit name src static;
      crates = rust.mkCrates {
        inherit name crates static;
        buildPhase = command;
      };
      buildPhase = "${command} ${arguments}";
      installPhase = "touch $out";
    };
in
{
  unit-tests = cargoCheck "unit-tests" {
    src = sources.unitTests;
    command = "cargo test --frozen --package http-trace-filter";
  };

  ctl-tests = cargoCheck "ctl-tests" {
    src = sources.ctl;
    command = "cargo test --frozen --profile tools --package http-trace-ctl";
    inherit (ctl) crates;
    static = true;
  };

  collector-tests = cargoCheck "collector-tests" {
    src = sources.collectorTests;
    command = "cargo test --frozen --profile tools --package http-trace-collector";
    inherit (collector) crates;
    static = true;
  };

  # The harness's own, and those of the benchmark, chaos and the mesh.
  harness-tests = cargoCheck "harness-tests" {
    src = sources.harnessTests;
    command = "cargo test --frozen --profile tools --package http-trace-e2e --package http-trace-bench --package http-trace-chaos --package http-trace-mesh";
    arguments = "--lib --bins";
    crates = e2e.testCrates;
  };

  clippy = cargoCheck "clippy" {
    src = sources.rust;
    command = "cargo clippy --frozen --workspace --all-targets";
    arguments = "-- --deny warnings";
  };

  clippy-wasm = cargoCheck "clippy-wasm" {
    src = sources.rust;
    command = "cargo clippy --frozen --package http-trace-filter --lib --target wasm32-unknown-unknown";
    arguments = "-- --deny warnings";
  };

  rustfmt = rust.mkCargo {
    name = "rustfmt";
    src = sources.rust;
    buildPhase = "cargo fmt --all --check";
    installPhase = "touch $out";
  };

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

  # The development shell can be entered, and has what CONTRIBUTING.md uses of it.
  dev-shell = devShell.overrideAttrs {
    name = "dev-shell";
    buildPhase = ''
      for program in cargo rustc rustfmt cargo-clippy cc wasm-opt wasm-objdump nixfmt shellcheck jq kubectl kustomize; do
        type -P "$program" || { echo "the shell has no $program"; exit 1; }
      done
      eval "''${shellHook-}"
      [ -z "''${ENVOY-}" ] || "$ENVOY" --version
      touch $out
    '';
  };
}
