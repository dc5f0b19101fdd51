#!/usr/bin/env bash
# first-record.sh README: runs the README's three commands "Without Nix", in the current directory, and looks at the record
# that the first of them prints. Each is for a terminal of its own: the first two run until they are ended.
set -euo pipefail
readme=$1
fail() {
  echo "$readme, Without Nix: $*" >&2
  tail -n 20 collected envoy.log answer >&2
  exit 1
}

mapfile -t commands < <(awk '/^```console first-record$/ { inside = 1; next } /^```/ { inside = 0 } inside' "$readme")
[ "${#commands[@]}" = 3 ] || fail "got ${#commands[@]} commands, takes three"
bash -c "exec ${commands[0]}" > collected 2>&1 &
running=($!)
# One that ended by itself cannot be ended again.
trap 'kill "${running[@]}" 2>/dev/null || true; wait' EXIT
bash -c "exec ${commands[1]}" > envoy.log 2>&1 &
running+=($!)

# ask COMMAND…: until it succeeds, for half a minute.
ask() {
  local left
  for ((left = 150; left > 0; left--)); do
    "$@" > answer 2>&1 && return
    kill -0 "${running[@]}" || fail "a command ended by itself"
    sleep 0.2
  done
  fail "no success within half a minute: $*"
}
ask bash -c "${commands[2]}"
echo "+ ${commands[2]}"
cat answer
grep -qx hello answer || fail "Envoy did not answer with hello"
ask grep -q '"destination_address"' collected
# What it prints is the record of that request: whole, with both bodies.
ask jq --exit-status '.scnt_request.method == "GET" and .scnt_request.path == "/" and (.scnt_request.headers | length) > 0
  and .scnt_response.status_code == "200" and (.scnt_response.body | @base64d) == "hello\n"
  and .destination_address == "127.0.0.1:10000"' collected
cat collected
if grep -i deprecated envoy.log; then
  fail "Envoy warns of what is deprecated"
fi
