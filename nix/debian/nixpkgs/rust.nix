# Debian's Rust as rust-overlay gives a toolchain, and crates as nixpkgs vendors them.
{
  lib,
  pkgs,
  root,
}:
let
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
  # The toolchain file says which official toolchain to take; here it is Debian's, whatever the file says.
  rust-bin.fromRustupToolchainFile =
    file:
    assert lib.assertMsg ((lib.importTOML file) ? toolchain) "${toString file} has no [toolchain]";
    pkgs.debianRust;

  rustPlatform.importCargoLock =
    { lockFile }:
    let
      # Same names and hashes as nixpkgs' fetches of crates. nix/debian/nix puts the files into the store beforehand.
      fetch =
        crate:
        derivation {
          name = "crate-${crate.name}-${crate.version}.tar.gz";
          inherit (pkgs) system;
          builder = "/bin/bash";
          args = [
            "-c"
            ''echo "$name is not in the store: nix/debian/nix fetches the crates of the Cargo.lock beside the flake's flake.nix"; exit 1''
          ];
          outputHashMode = "flat";
          outputHashAlgo = "sha256";
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
