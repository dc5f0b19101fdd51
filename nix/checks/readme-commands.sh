#!/usr/bin/env bash
# readme-commands.sh TABLE FLAKE: each command of the READMEs' console blocks is run by something. The current directory has
# the READMEs, k8s/ and .ci/run. A line of TABLE is "WHO<TAB>COMMAND". WHO is
#   NAME      a check of the flake; it runs the app that the command names
#   .ci/run   has the same command, of nix/debian/nix
#   here      it is run below
# FLAKE is JSON: {"apps": [NAME…], "packages": [NAME…], "checks": {NAME: its script}}. HTTP_TRACE_CTL and
# HTTP_TRACE_COLLECTOR are programs.
set -euo pipefail
table=$1 flake=$2
readmes=(README.md k8s/README.md tests/README.md nix/debian/README.md)
most=250

fail() {
  echo "$*" >&2
  exit 1
}

# The functions below are what the commands of the table's `here` run.

# shellcheck disable=SC2317,SC2329
nix() {
  [[ "$1 $3" == "run --" ]] || fail "nix $*: not known here"
  local app=${2#.#}
  shift 3
  case $app in
  validate) "$HTTP_TRACE_CTL" validate "$@" ;;
  collector) exec "$HTTP_TRACE_COLLECTOR" "$@" ;;
  *) fail "nix run .#$app is not known here" ;;
  esac
}

# here README COMMAND: runs it, and looks at what came of it.
here() {
  local readme=$1 command=$2 left
  echo "+ $command"
  case $command in
  *" .#validate "*)
    awk '/^```json configuration$/ { inside = 1; next } /^```/ { if (inside) exit } inside' README.md > configuration.json
    (eval "$command") < /dev/null || fail "$readme: $command: failed"
    ;;
  *" .#collector "*)
    (eval "$command") < /dev/null > collector.log 2>&1 &
    # At the end it is gone already, unless something failed before.
    # shellcheck disable=SC2064 # this process
    trap "kill $! 2>/dev/null || true" EXIT
    for ((left = 100; left > 0; left--)); do
      ! curl --silent --fail http://127.0.0.1:9000/ > page || break
      sleep 0.1
    done
    grep -qi '<html' page || { cat collector.log && fail "$readme: $command: no page at http://127.0.0.1:9000/"; }
    kill $!
    wait
    ;;
  *"> http-trace-filter.wasm")
    (eval "$command") < /dev/null || fail "$readme: $command: failed"
    sed -n 's/^  http-trace-filter.wasm: "\(.*\)"$/\1/p' k8s/base/configmap.yaml | base64 -d > expected.wasm
    [ -s expected.wasm ] && cmp expected.wasm http-trace-filter.wasm
    ;;
  *) fail "$readme: $command: the table says \"here\", and $0 does not know it" ;;
  esac
}

# by CHECK KIND COMMAND: whether the check runs it.
by() {
  local who=$1 kind=$2 command=$3 script app
  script=$(jq --exit-status --raw-output --arg name "$who" '.checks[$name]' "$flake") ||
    { echo "there is no check $who" && return 1; }
  # The lines of a block with a name are read from the README.
  if [ "$kind" != - ]; then
    [[ $script == *README.md* ]] || { echo "the check $who does not read the README" && return 1; }
    return
  fi
  [[ $command =~ ^(nix/debian/)?nix\ (run|build|develop)(\ -L)?(\ \.#([a-z0-9-]+))?(\ |$) ]] ||
    { echo "it does not begin as nix run, build or develop do" && return 1; }
  app=${BASH_REMATCH[5]}
  case ${BASH_REMATCH[2]} in
  run)
    jq --exit-status --arg name "$app" '.apps | index($name)' "$flake" > found || { echo "there is no app $app" && return 1; }
    [[ $script == *"/bin/http-trace-$app "* ]] || { echo "the check $who does not run http-trace-$app" && return 1; }
    ;;
  build)
    jq --exit-status --arg name "${app:-default}" '.packages | index($name)' "$flake" > found ||
      { echo "there is no package ${app:-default}" && return 1; }
    ;;
  esac
}

count=0
: > used
# The lines of all console blocks, each with its file and the word behind `console`.
while IFS=$'\t' read -r readme kind command; do
  # (No regular expression: commands have all kinds of characters.)
  who=$(awk -F '\t' -v command="${command//\\/\\\\}" '$2 == command { print $1 }' "$table")
  what="$readme: $command"
  case $who in
  "") fail "$what: nothing runs it: let a check run it, and add a line to nix/checks/readme-commands.txt" ;;
  here) here "$readme" "$command" ;;
  .ci/run)
    own=${command#nix/debian/}
    grep -qF "nix/debian/$own" .ci/run || fail "$what: .ci/run does not run nix/debian/$own"
    ;;
  *) reason=$(by "$who" "$kind" "$command") || fail "$what: $reason" ;;
  esac
  printf '%s\n' "$command" >> used
  count=$((count + 1))
done < <(awk -v OFS='\t' '
  FNR == 1 { inside = 0 }
  /^```/ { inside = !inside && sub(/^```console/, ""); kind = $1; next }
  # read takes two tabs for one
  inside { print FILENAME, kind == "" ? "-" : kind, $0 }
' "${readmes[@]}")

# Where nothing is stale, grep finds no line, and ends with 1; a fault is 2.
stale=$(cut -f 2 "$table" | grep -vxFf used || [ $? = 1 ])
[ -z "$stale" ] || fail "nix/checks/readme-commands.txt has what no README has: $stale"
# Commands in a block of another kind would not be seen.
others=$(awk '/^```/ { if (!inside && !/^```(console|json|yaml|text)( [a-z-]+)?$/) print FILENAME ": " $0; inside = !inside }' "${readmes[@]}")
[ -z "$others" ] || fail "a block is neither console nor json, yaml or text: $others"
lines=$(wc -l < README.md)
[ "$lines" -le $most ] || fail "README.md has $lines lines, takes at most $most: the rest stands in the other three"
[ "$count" -ge 25 ] || fail "only $count commands"
echo "$count commands, README.md has $lines lines"
