# The Rust toolchain, the vendored crates, and builders that use both without a network.
{ pkgs, sources }:
let
  inherit (pkgs) lib;
  inherit (pkgs.stdenv.hostPlatform) isLinux;
  toolchain = pkgs.rust-bin.fromRustupToolchainFile ./rust-toolchain.toml;
  vendor = pkgs.rustPlatform.importCargoLock { lockFile = ../Cargo.lock; };

  # Crates come from the vendored folder and from nowhere else.
  cargoConfig = pkgs.writeText "cargo-config.toml" ''
    [source.crates-io]
    replace-with = "vendored"

    [source.vendored]
    directory = "${vendor}"
  '';

  # Paths end up in panic messages, and a store path in a program makes all of it part of the program's closure.
  remap = "--remap-path-prefix=${vendor}=/vendor";

  # A derivation in which cargo works, offline. The attributes are stdenv.mkDerivation's, and
  #   crates  a result of mkCrates to start from
  #   static  whether programs have the C library in them, and run on any Linux of the architecture
  # `$built` is where the profile `tools` leaves programs.
  mkCargo =
    {
      crates ? null,
      static ? false,
      ...
    }@args:
    pkgs.stdenv.mkDerivation (
      {
        strictDeps = true;
        # Debug information and symbols are the build's own business; bytes must not depend on strip's version.
        dontStrip = true;
        RUSTFLAGS = remap;
      }
      // lib.optionalAttrs (static && isLinux) {
        # Only with a target, even if it is the machine's own, are build scripts and macros built otherwise than programs.
        CARGO_BUILD_TARGET = pkgs.stdenv.hostPlatform.rust.rustcTarget;
        RUSTFLAGS = "${remap} -C target-feature=+crt-static";
        buildInputs = [ pkgs.glibc.static ];
      }
      // removeAttrs args [
        "crates"
        "static"
      ]
      // {
        nativeBuildInputs = [ toolchain ] ++ (args.nativeBuildInputs or [ ]);
        configurePhase = ''
          runHook preConfigure
          export CARGO_HOME=''${CARGO_HOME:-$NIX_BUILD_TOP/cargo-home}
          mkdir -p "$CARGO_HOME"
          cp ${cargoConfig} "$CARGO_HOME/config.toml"
          export built=target/''${CARGO_BUILD_TARGET:+$CARGO_BUILD_TARGET/}tools
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

  # A static program: it is the same without a store.
  mkStaticProgram =
    args:
    mkProgram (
      args
      // {
        static = true;
      }
      // lib.optionalAttrs isLinux {
        # nixpkgs' C library names its own directories, for locales and character sets that these programs never ask for.
        postInstall = ''
          LC_ALL=C sed --in-place 's|${builtins.storeDir}/[0-9a-z]\{32\}-|${builtins.storeDir}/eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee-|g' "$out"/bin/*
        '';
        allowedReferences = [ ];
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
    mkStaticProgram
    ;
}
