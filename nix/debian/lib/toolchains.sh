# shellcheck shell=bash
# The official Rust toolchains: `ensure_toolchains FLAKE` puts those that the flake's rust-toolchain.toml files name into
# the root's store, where rust-bin.fromRustupToolchainFile of the stand-in finds them (toolchains.json). Debian's Rust
# serves where a file's toolchain is not there, and one line says so.

ensure_toolchains() {
  local file reason
  case ${HTTP_TRACE_DEBIAN_RUST-} in
    '' | debian) ;;
    *) die "HTTP_TRACE_DEBIAN_RUST is '$HTTP_TRACE_DEBIAN_RUST'; it takes 'debian', for Debian's Rust, or nothing" ;;
  esac
  while IFS= read -r -d '' file; do
    if [[ -n ${HTTP_TRACE_DEBIAN_RUST-} ]]; then
      reason="HTTP_TRACE_DEBIAN_RUST=debian"
    elif has_toolchain "$file"; then
      continue
    else
      reason=$(inside /bin/bash "$here/lib/toolchain.sh" "$file") && continue
    fi
    say "Rust is Debian's, not the toolchain of ${file#"$1/"}: ${reason:-interrupted}"
  done < <(find "$1" -maxdepth 3 -name rust-toolchain.toml -not -path "$1/.*" -print0)
}

# Whether the root has the toolchain of this file.
has_toolchain() {
  local key link
  key=$(sha256sum "$1" | cut -d' ' -f1)
  link=$root/nix/var/nix/gcroots/toolchains/$key
  [[ -L $link && -d $root$(readlink "$link") ]] &&
    grep -qs "$key" "$root/nix/var/http-trace-filter/toolchains.json"
}
