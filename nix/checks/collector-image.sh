#!/usr/bin/env bash
# collector-image.sh PUSH IMAGE REGISTRY: PUSH copies IMAGE to a registry on this machine, and writes what kubectl applies. What the
# registry gives back runs as the manifests say: alone, read-only, as nobody, with the token. It takes a record, and shows it.
set -euo pipefail
push=$1 image=$2 registry=$3

fail() {
  echo "$*" >&2
  exit 1
}

# expect WHAT GOT EXPECTED
expect() { [ "$2" = "$3" ] || fail "$1: got ${2@Q}, expected ${3@Q}"; }

pushed=$("$push" "$registry/team/collector:v1" --dest-tls-verify=false)
expect "push-collector prints" "$pushed" "$registry/team/collector@$(cat "$image/digest")"
overlay=k8s/overlays/http-trace
token=$(sed -n 's/^token=//p' $overlay/token.env)
[[ $token =~ ^[0-9a-f]{40}$ ]] || fail "$overlay/token.env: got ${token@Q}, expected 40 digits"
expect "filter.json" "$(jq --raw-output .collector.headers.authorization $overlay/filter.json)" "Bearer $token"
expect "the modes of what has the token" "$(stat --format %a $overlay/token.env $overlay/filter.json | sort -u)" 600
# A second time it is another image, perhaps, and the same token.
"$push" "$registry/team/collector:v2" --dest-tls-verify=false > again
expect "the token of the second call" "$(sed -n 's/^token=//p' $overlay/token.env)" "$token"

kustomize build $overlay > rendered.yaml
grep --quiet --fixed-strings "image: $pushed" rendered.yaml || fail "no image: $pushed in $(cat rendered.yaml)"
grep --quiet "token: $(printf %s "$token" | base64 --wrap 0)" rendered.yaml || fail "no Secret with the token in $(cat rendered.yaml)"

# The image as a node fetches it.
skopeo --insecure-policy copy --quiet --src-tls-verify=false "docker://$pushed" oci:pulled
manifest=pulled/blobs/sha256/${pushed##*:}
blob() { echo "pulled/blobs/$(jq --raw-output "$1" "$manifest" | tr : /)"; }
config=$(blob .config.digest)
mkdir root
tar --extract --gzip --directory root --file "$(blob '.layers[0].digest')"
user=$(jq --raw-output .config.User "$config")
[[ $user =~ ^([1-9][0-9]*):([1-9][0-9]*)$ ]] || fail "the image's user: got $user, takes a UID and a GID that are not root's"
readarray -t entrypoint < <(jq --raw-output '.config.Entrypoint[]' "$config")
expect "the image's entrypoint" "${entrypoint[*]}" /http-trace-collector

# The kernel chooses the port.
HTTP_TRACE_COLLECTOR_TOKEN=$token bwrap --ro-bind root / --unshare-user --uid "${BASH_REMATCH[1]}" --gid "${BASH_REMATCH[2]}" \
  --cap-drop ALL --die-with-parent -- "${entrypoint[@]}" --listen 0.0.0.0:0 --keep-mib 128 --quiet > collector.log 2>&1 &
collector=$!
trap 'kill $collector' EXIT
port=
for _ in $(seq 600); do
  port=$(sed -n 's/^Listening at http:\/\/0\.0\.0\.0:\([0-9]*\): .*/\1/p' collector.log)
  [ -z "$port" ] || break
  kill -0 $collector 2> ended || break
  sleep 0.1
done
[ -n "$port" ] || fail "the image's program does not listen: $(cat collector.log)"
address=http://127.0.0.1:$port
# ask EXPECTED-STATUS ARGUMENT…: of curl
ask() {
  local expected=$1 status
  shift
  status=$(curl --silent --show-error --output answer --write-out '%{http_code}' "$@")
  expect "$*" "$status" "$expected"
}
ask 200 "$address/healthz"
ask 401 "$address/api/exchanges/1"
record='{"request_id": "1", "scheme": "http", "destination_address": "10.0.0.2:80", "source_address": "10.0.0.1:1",
  "scnt_request": {"method": "GET", "path": "/sent", "host": "shop", "version": "HTTP/1.1", "time": 1, "headers": []},
  "scnt_response": {"status_code": "200", "version": "HTTP/1.1", "time": 2, "headers": []}}'
ask 401 --data "$record" "$address/publish"
as=$(jq --raw-output '.collector.headers.authorization | "authorization: \(.)"' $overlay/filter.json)
ask 200 --header "$as" --header 'content-type: application/json' --data "$record" "$address/publish"
ask 200 --header "$as" "$address/api/exchanges/1"
expect "the exchange's path" "$(jq --raw-output .path answer)" /sent
ask 200 "$address/"
grep --quiet --ignore-case '<html' answer || fail "the page: got $(cat answer)"
kill $collector
trap - EXIT
wait $collector || echo "it ended with $?"
echo "the image ran as $user, from $pushed"
