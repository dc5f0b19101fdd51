#!/usr/bin/env bash
# `go-modules.sh DERIVATION`, run by before-build.sh before the build of a Go program's modules (nixpkgs/go.nix): Go fetches
# them, with the machine's configuration and checked by go.sum, and the sandbox shows them as /go-modules, a module proxy in
# a directory.
set -euo pipefail
# shellcheck source=derivation.sh
source "${BASH_SOURCE[0]%/*}/derivation.sh"
program=$(variable pname "$1")
source=$(variable src "$1")
read -ra packages <<<"$(variable packages "$1")"

# the wrapper removes it when nobody is in the root any more
new=$(mktemp -d /nix/var/http-trace-filter/go-XXXXXX)
cp -r --no-preserve=mode "$source" "$new/source"
cd "$new/source"
# Nothing is written to the machine's own Go directories; what it was told by `go env -w` holds.
export GOENV=${GOENV:-${XDG_CONFIG_HOME:-$HOME/.config}/go/env} XDG_CONFIG_HOME=$new/config
export GOPATH=$new/path GOMODCACHE=$new/modules GOCACHE=$new/cache
export GOTOOLCHAIN=local GOWORK=off GOFLAGS="-mod=readonly -modcacherw" CGO_ENABLED=0

size() { du -sm "$1" 2>/dev/null | cut -f1; }
download=$GOMODCACHE/cache/download
echo "nix/debian: fetching the Go modules of $program" >&2
# Only the modules that its packages are of, and not all that go.mod names.
"$(variable go "$1")/bin/go" list -deps "${packages[@]}" >"$new/log" 2>&1 &
job=$!
SECONDS=0 told=0 status=0
while kill -0 "$job" 2>/dev/null; do
  sleep 0.3
  if ((SECONDS - told >= 10)); then
    told=$SECONDS
    echo "nix/debian:   modules of $program … $(size "$download") MB, $SECONDS s" >&2
  fi
done
wait "$job" || status=$?
if ((status != 0)); then
  echo "nix/debian: error: go, with this machine's configuration, does not give the modules of $program:" >&2
  grep -v '^go: downloading ' "$new/log" | tail -n 10 | sed 's/^/    /' >&2
  exit 1
fi
# What a build looks for: the rest says when and from where each was fetched.
find "$download" -type f ! -name '*.mod' ! -name '*.zip' -delete
rm -rf "$download/sumdb"
echo "nix/debian:   modules of $program: $(find "$download" -name '*.zip' | wc -l), $(size "$download") MB, $SECONDS s" >&2
mv "$download" "$new/proxy"
rm -rf "$GOMODCACHE" "$GOCACHE"
printf 'extra-sandbox-paths\n/go-modules=%s\n\n' "$new/proxy"
