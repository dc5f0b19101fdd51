#!/usr/bin/env bash
# `toolchain.sh FILE`, run in the root, outside the sandbox: rustup fetches the toolchain that FILE (a
# rust-toolchain.toml) names, with the machine's configuration, into a directory of its own, and it is added to the
# store; so one that was fetched half is never used. What is there stands in toolchains.json, by the hash of FILE.
# When it cannot be had, the reason is one line on standard output, and the status 1.
set -euo pipefail

file=$1
state=/nix/var/http-trace-filter
gcroots=/nix/var/nix/gcroots/toolchains
json=$state/toolchains.json
key=$(sha256sum "$file" | cut -d' ' -f1)
exec {fd}>"$state/toolchains.lock"
flock "$fd"
[[ -s $json ]] || echo '{}' >"$json"
# another run may have fetched it meanwhile
[[ ! -d $(readlink "$gcroots/$key" || echo /none) ]] || exit 0

# what a killed run left
rm -rf "$state"/rustup-??????
new=$(mktemp -d "$state/rustup-XXXXXX")
trap 'rm -rf "$new"' EXIT
export RUSTUP_HOME=$new/rustup CARGO_HOME=$new/cargo RUSTUP_MAX_RETRIES=1
mkdir "$new/project"
cp "$file" "$new/project/rust-toolchain.toml"
echo "nix/debian: fetching the Rust toolchain of $file: once, 130 MB" >&2
# `show` installs what the file of its directory names, and ends with 0 also when it could not.
(cd "$new/project" && /usr/lib/rustup/rustup show) >"$new/log" 2>&1 || true
toolchain=$(echo "$RUSTUP_HOME"/toolchains/*)
if [[ ! -x $toolchain/bin/rustc ]]; then
  jq --arg key "$key" 'del(.[$key])' "$json" >"$new/toolchains.json"
  mv "$new/toolchains.json" "$json"
  echo "rustup: $(grep -m 1 -oE 'error:? .*' "$new/log" || tail -n 1 "$new/log")"
  exit 1
fi

version=$("$toolchain/bin/rustc" --version | cut -d' ' -f2)
mv "$toolchain" "$new/rust-$version"
path=$(nix-store --add-fixed --recursive sha256 "$new/rust-$version")
mkdir -p "$gcroots"
ln -sfn "$path" "$gcroots/$key"
jq --arg key "$key" --arg version "$version" --arg hash "$(nix-store --query --hash "$path")" \
  '.[$key] = {version: $version, hash: $hash}' "$json" >"$new/toolchains.json"
mv "$new/toolchains.json" "$json"
echo "nix/debian: Rust $version is in the store" >&2
