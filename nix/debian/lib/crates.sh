#!/usr/bin/env bash
# `crates.sh DIRECTORY`, run inside the root: puts the crates of DIRECTORY/Cargo.lock
# into the Nix store under the names and hashes that importCargoLock asks for, so
# that builds need no network. cargo fetches them, with the host's configuration.
set -euo pipefail

lock=$1/Cargo.lock
state=/nix/var/http-trace-filter
gcroots=/nix/var/nix/gcroots/crates
export CARGO_TERM_PROGRESS_WHEN=${CARGO_TERM_PROGRESS_WHEN:-auto}
exec {fd}>"$state/crates.lock"
flock "$fd"

# "NAME VERSION CHECKSUM" of the crates that come from a registry
crates() {
  awk -F'"' '
    function flush() { if (source ~ /^(registry|sparse)\+/) print name, version, checksum; name = source = checksum = "" }
    /^\[\[package\]\]/ { flush() }
    /^name = / { name = $2 }
    /^version = / { version = $2 }
    /^source = / { source = $2 }
    /^checksum = / { checksum = $2 }
    END { flush() }' "$lock"
}

# shellcheck source=cargo-home.sh
source "${BASH_SOURCE[0]%/*}/cargo-home.sh"
make_cargo_home "$state/cargo"
export CARGO_HOME=$state/cargo

cd "$1"
if ! cargo fetch --locked --offline --quiet 2>/dev/null; then
  echo "nix/debian: fetching the crates of $lock" >&2
  cargo fetch --locked
fi

new=$(mktemp -d "$state/crates-XXXXXX")
trap 'rm -rf "$new"' EXIT
while read -r name version checksum; do
  file=$(find "$CARGO_HOME/registry/cache" -name "$name-$version.crate" -print -quit)
  if [[ -z $file ]]; then
    echo "nix/debian: error: cargo did not keep $name-$version.crate (a vendored source in its configuration?)" >&2
    exit 1
  fi
  ln -f "$file" "$new/crate-$name-$version.tar.gz"
  echo "$checksum  $new/crate-$name-$version.tar.gz"
done < <(crates) >"$new/SHA256SUMS"

if [[ -s $new/SHA256SUMS ]]; then
  sha256sum --check --quiet "$new/SHA256SUMS"
  nix-store --add-fixed sha256 "$new"/crate-*.tar.gz >"$new/paths"
else
  : >"$new/paths"
fi
# Roots for the garbage collector; the lock files used before stay for a while.
roots=$gcroots/$(sha256sum "$lock" | cut -d' ' -f1)
mkdir -p "$gcroots" "$new/roots"
while read -r path; do
  ln -s "$path" "$new/roots/${path##*/}"
done <"$new/paths"
rm -rf "$roots"
mv -T "$new/roots" "$roots"
find "$gcroots" -mindepth 1 -maxdepth 1 -printf '%T@ %p\n' | sort -rn | tail -n +6 | cut -d' ' -f2- | xargs -r rm -rf
echo "nix/debian: $(wc -l <"$new/paths") crates are in the store" >&2
