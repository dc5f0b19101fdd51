#!/bin/bash
# write-lock.sh FLAKE.LOCK NAME: runs in the root. Writes NAME.nix, the stand-in's flake.nix with the inputs of the lock file, and
# NAME.json, the copy of the lock file in which the input nixpkgs is the stand-in with that flake.nix. It fails where the lock file has
# no such input of its own.
set -euo pipefail
lock=$1 name=$2
mkdir -p "$(dirname "$name")"
new=$(mktemp -d "$name-XXXXXX")
trap 'rm -rf "$new"' EXIT
cp -r /.stand-in "$new/stand-in"

# Of each input what the lock file says of it: where it is, and which of its own inputs are another's.
inputs=$(jq --raw-output '
  def text: tojson | gsub("[$]"; "\\$");
  def follows: "follows = \(join("/") | text);";
  .nodes as $nodes
  | $nodes[.root].inputs
  | if (.nixpkgs | type) == "string" then . else error("nixpkgs is no input of its own") end
  | to_entries[]
  | "  inputs.\(.key | text) = { " + (
      if .value | type == "array" then .value | follows
      else $nodes[.value]
        | [(.original | to_entries[] | "\(.key) = \(.value | if type == "string" then text else tojson end);"),
          (select(.flake == false) | "flake = false;"),
          ((.inputs // {}) | to_entries[] | select(.value | type == "array") | "inputs.\(.key | text).\(.value | follows)")]
        | join(" ")
      end) + " };"
' "$lock" 2>/dev/null)
awk -v inputs="$inputs" '/^  outputs =/ { print inputs } { print }' /.stand-in/flake.nix >"$new/flake.nix"
cp "$new/flake.nix" "$new/stand-in/flake.nix"

jq --arg hash "$(nix hash path "$new/stand-in")" '
  .nodes[.root].inputs.nixpkgs as $node
  | .nodes[$node] |= (del(.inputs) | .locked = { type: "path", path: "/.stand-in", narHash: $hash })
' "$lock" >"$new/flake.lock"
mv "$new/flake.nix" "$name.nix"
mv "$new/flake.lock" "$name.json"
