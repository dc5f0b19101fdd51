#!/bin/bash
# write-lock.sh FLAKE.LOCK COPY: runs in the root. Writes the copy of a lock file in which the input nixpkgs is the stand-in.
# It fails where the lock file has no such input of its own.
set -euo pipefail
lock=$1 copy=$2
hash=$(nix hash path /.stand-in)
mkdir -p "$(dirname "$copy")"
new=$(mktemp "$copy-XXXXXX")
trap 'rm -f "$new"' EXIT
jq --arg hash "$hash" '
  .nodes[.root].inputs.nixpkgs as $node
  | if ($node | type) == "string" then . else error("nixpkgs is no input of its own") end
  | .nodes[$node] |= (del(.inputs) | .locked = { type: "path", path: "/.stand-in", narHash: $hash })
' "$lock" >"$new" 2>/dev/null
mv "$new" "$copy"
