# nix run .#audit: the crates of Cargo.lock against RustSec's advisories; and what cargo-deny needs to look at them.
{
  pkgs,
  rust,
  sources,
}:
let
  inherit ((pkgs.lib.importTOML ../Cargo.toml).workspace) members;

  # Cargo wants every member to have a target.
  manifests = pkgs.runCommand "http-trace-workspace" { } ''
    cp -r --no-preserve=mode ${sources.deny} $out
    for member in ${toString members}; do
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
      WORKSPACE = "${manifests}";
      CARGO_CONFIG = "${rust.cargoConfig}";
    };
    text = builtins.readFile ./audit.sh;
  };
in
program
// {
  workspace = manifests;
  app = {
    type = "app";
    program = "${program}/bin/http-trace-audit";
    meta.description = "Looks for known vulnerabilities in the crates";
  };
}
