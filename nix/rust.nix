# The Rust toolchain, the vendored crates, and a builder that uses both without a network.
{ pkgs }:
let
  toolchain = pkgs.rust-bin.fromRustupToolchainFile ./rust-toolchain.toml;
  vendor = pkgs.rustPlatform.importCargoLock { lockFile = ../Cargo.lock; };

  # Crates come from the vendored folder and from nowhere else.
  cargoConfig = pkgs.writeText "cargo-config.toml" ''
    [source.crates-io]
    replace-with = "vendored"

    [source.vendored]
    directory = "${vendor}"
  '';
in
{
  inherit toolchain vendor cargoConfig;

  # A derivation in which cargo works, offline. The attributes are stdenv.mkDerivation's.
  mkCargo =
    args:
    pkgs.stdenv.mkDerivation (
      {
        strictDeps = true;
        # Debug information and symbols are the build's own business; bytes must not depend on strip's version.
        dontStrip = true;
      }
      // args
      // {
        nativeBuildInputs = [ toolchain ] ++ (args.nativeBuildInputs or [ ]);
        configurePhase = ''
          runHook preConfigure
          export CARGO_HOME=''${CARGO_HOME:-$NIX_BUILD_TOP/cargo-home}
          mkdir -p "$CARGO_HOME"
          cp ${cargoConfig} "$CARGO_HOME/config.toml"
          export CARGO_BUILD_JOBS=$NIX_BUILD_CORES CARGO_NET_OFFLINE=true CARGO_TERM_COLOR=never
          runHook postConfigure
        '';
      }
    );
}
