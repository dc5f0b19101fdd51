#!/usr/bin/env bash
# Nix's pre-build-hook, run in the root, outside the sandbox, before each build. When the build is a wheel's
# (nixpkgs/wheels.nix), pip fetches it, with the machine's configuration and checked by its hash, and the sandbox shows
# it as /wheel. So a wheel is fetched when a build first asks for it, once in a root, and builds need no network.
set -euo pipefail
derivation=$1
[[ $derivation == *.whl.drv ]] || exit 0

# a variable of the derivation, which is a text file
variable() { sed -n "s/.*(\"$1\",\"\([^\"]*\)\").*/\1/p" "$derivation"; }
requirement=$(variable requirement)
sha256=$(variable outputHash)

# the wrapper removes it when nobody is in the root any more
new=$(mktemp -d /nix/var/http-trace-filter/wheels-XXXXXX)
echo "nix/debian: fetching $requirement from PyPI" >&2
echo "$requirement --hash=sha256:$sha256" >"$new/requirements.txt"
if ! python3 -m pip download --quiet --disable-pip-version-check --no-cache-dir --no-deps --only-binary :all: \
  --require-hashes -r "$new/requirements.txt" -d "$new" >&2; then
  echo "nix/debian: error: pip, with this machine's configuration, does not give $requirement with sha256 $sha256" >&2
  exit 1
fi
printf 'extra-sandbox-paths\n/wheel=%s\n\n' "$new"/*.whl
