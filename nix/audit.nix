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
in
app {
  name = "audit";
  description = "Looks for known vulnerabilities in the crates";
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
