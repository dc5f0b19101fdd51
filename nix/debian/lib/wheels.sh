#!/usr/bin/env bash
# `wheels.sh DERIVATION`, run by before-build.sh before the build of a wheel (nixpkgs/wheels.nix): pip fetches it, with the
# machine's configuration and checked by its hash, and the sandbox shows it as /wheel.
set -euo pipefail
# shellcheck source=derivation.sh
source "${BASH_SOURCE[0]%/*}/derivation.sh"
requirement=$(variable requirement "$1")
sha256=$(variable outputHash "$1")

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
