# Rust as rust-overlay gives a toolchain, and crates as nixpkgs vendors them.
{
  lib,
  pkgs,
  root,
}:
let
  # nix/debian/nix puts what its root has in the place of this file: { HASH-OF-A-TOOLCHAIN-FILE = { version; hash; }; }.
  toolchains = builtins.fromJSON (builtins.readFile ./toolchains.json);

  # What nix/debian/nix has put into the store beforehand, by its hash.
  stored =
    args:
    derivation (
      {
        inherit (pkgs) system;
        builder = "/bin/bash";
        args = [
          "-c"
          ''echo "$name is not in the store: run nix/debian/nix again, which fetches the toolchain and the crates of the flake"; exit 1''
        ];
        outputHashAlgo = "sha256";
      }
      // args
    );

  # The crates of a lock file that come from a registry. Others need hashes that the project does not have.
  registryCrates =
    lockFile:
    map (
      crate:
      if lib.hasPrefix "registry+" crate.source || lib.hasPrefix "sparse+" crate.source then
        crate
      else
        throw "importCargoLock: ${crate.name} is from ${crate.source}; only registries are known here"
    ) (lib.filter (crate: crate ? source) (lib.importTOML lockFile).package);
in
{
  # nix/debian/nix has fetched the official toolchain that the file names, and put it into the store; where it could not,
  # or was told not to, Debian's Rust serves.
  rust-bin.fromRustupToolchainFile =
    file:
    let
      official = toolchains.${builtins.hashFile "sha256" file} or null;
    in
    assert lib.assertMsg ((lib.importTOML file) ? toolchain) "${toString file} has no [toolchain]";
    if official == null then
      pkgs.debianRust
    else
      stored {
        name = "rust-${official.version}";
        inherit (official) version;
        outputHashMode = "recursive";
        outputHash = official.hash;
      }
      // {
        meta.mainProgram = "rustc";
      };

  rustPlatform.importCargoLock =
    { lockFile }:
    let
      # Same names and hashes as nixpkgs' fetches of crates. nix/debian/nix puts the files into the store beforehand.
      fetch =
        crate:
        stored {
          name = "crate-${crate.name}-${crate.version}.tar.gz";
          outputHashMode = "flat";
          outputHash = crate.checksum;
        };
      vendored = crate: ''
        tar -xzf ${fetch crate} -C "$out"
        echo '{"files":{},"package":"${crate.checksum}"}' > "$out/${crate.name}-${crate.version}/.cargo-checksum.json"
      '';
    in
    pkgs.runCommand "cargo-vendor-dir"
      {
        vendorScript = lib.concatMapStrings vendored (registryCrates lockFile);
        passAsFile = [ "vendorScript" ];
      }
      ''
        mkdir -p "$out/.cargo"
        source "$vendorScriptPath"
        cat > "$out/.cargo/config.toml" <<'EOF'
        [source.crates-io]
        replace-with = "vendored-sources"

        [source.vendored-sources]
        directory = "@vendor@"
        EOF
      '';
}
