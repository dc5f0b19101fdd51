# nix run .#audit: the crates of Cargo.lock against RustSec's advisories; and what cargo-deny needs to look at them.
{
  pkgs,
  rust,
  sources,
}:
let
  # Cargo wants every member to have a target.
  workspace = pkgs.runCommand "http-trace-workspace" { } ''
    cp -r --no-preserve=mode ${sources.deny} $out
    for member in k8s/ctl tests/bench tests/e2e tests/fuzz; do
      mkdir -p "$out/$member/src"
      touch "$out/$member/src/lib.rs"
    done
  '';
  program = pkgs.writeShellApplication {
    name = "http-trace-audit";
    runtimeInputs = [
      pkgs.cargo-deny
      pkgs.coreutils
      pkgs.findutils
      pkgs.git
      pkgs.gnused
      rust.toolchain
    ];
    runtimeEnv = {
      WORKSPACE = "${workspace}";
      CARGO_CONFIG = "${rust.cargoConfig}";
    };
    text = builtins.readFile ./audit.sh;
  };
in
program
// {
  inherit workspace;
  app = {
    type = "app";
    program = "${program}/bin/http-trace-audit";
    meta.description = "Looks for known vulnerabilities in the crates";
  };
}
