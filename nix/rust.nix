# The Rust toolchain, the vendored crates, and builders that use both without a network.
{ pkgs, sources }:
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

  # A derivation in which cargo works, offline. The attributes are stdenv.mkDerivation's, and `crates`: a result of
  # mkCrates to start from.
  mkCargo =
    {
      crates ? null,
      ...
    }@args:
    pkgs.stdenv.mkDerivation (
      {
        strictDeps = true;
        # Debug information and symbols are the build's own business; bytes must not depend on strip's version.
        dontStrip = true;
        # Paths end up in panic messages, and a store path in a program makes all of it part of the program's closure.
        RUSTFLAGS = "--remap-path-prefix=${vendor}=/vendor";
      }
      // removeAttrs args [ "crates" ]
      // {
        nativeBuildInputs = [ toolchain ] ++ (args.nativeBuildInputs or [ ]);
        configurePhase = ''
          runHook preConfigure
          export CARGO_HOME=''${CARGO_HOME:-$NIX_BUILD_TOP/cargo-home}
          mkdir -p "$CARGO_HOME"
          cp ${cargoConfig} "$CARGO_HOME/config.toml"
          export CARGO_BUILD_JOBS=$NIX_BUILD_CORES CARGO_NET_OFFLINE=true CARGO_TERM_COLOR=never
          ${sources.stubs}
          ${
            if crates == null then
              ""
            else
              # Cargo compares times, which are all alike in the store.
              ''
                cp -r --preserve=mode,timestamps ${crates} target
                chmod -R u+w target
              ''
          }
          runHook postConfigure
        '';
      }
    );

  # Keeps the target directory, without the packages whose files two conditions of find tell: names with dashes, and with underscores.
  keepTarget = packages: crates: ''
    # Cargo would take our packages' empty libraries for the real ones.
    find target -name ${packages} -prune -exec rm -rf {} +
    find target ${crates} -prune -exec rm -rf {} +
    find target -name incremental -prune -exec rm -rf {} +
    mv target $out
  '';

  # The crates that `buildPhase` compiles, of others and not our own, as a target directory: an edit of our sources
  # compiles only these. `command` sees the manifests, and an empty library in each package.
  mkCrates =
    args:
    mkCargo (
      args
      // {
        name = "${args.name}-crates";
        src = sources.manifests;
        installPhase = keepTarget "'http-trace-*'" "\\( -name '*http_trace_*' -o -name 'libhttp_trace_*' \\)";
      }
    );

  # A program: what it was built with is no part of it.
  mkProgram =
    args:
    mkCargo (
      args
      // {
        disallowedReferences = [
          toolchain
          vendor
        ];
      }
    );
in
{
  inherit
    toolchain
    vendor
    cargoConfig
    keepTarget
    mkCargo
    mkCrates
    mkProgram
    ;
}
