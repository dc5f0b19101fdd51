# nix run .#audit: the crates of Cargo.lock against RustSec's advisories.
{
  pkgs,
  app,
  rust,
  sources,
}:
let
  # Cargo wants every member to have a target.
  workspace = pkgs.runCommand "http-trace-workspace" { } ''
    cp -r --no-preserve=mode ${sources.deny} $out
    cd $out
    ${sources.stubs}
  '';
  help = pkgs.writeText "help" ''
    Looks up the crates of Cargo.lock in RustSec's advisories, which are fetched.

    Usage: nix run .#audit -- [--db DIRECTORY]

      --db DIRECTORY  a clone of rustsec/advisory-db, where the network does not have it
  '';
in
app {
  name = "audit";
  description = "Looks for known vulnerabilities in the crates";
  help = "${pkgs.coreutils}/bin/cat ${help}";
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
}
