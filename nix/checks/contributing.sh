#!/usr/bin/env bash
# contributing.sh PAGE NAMES: runs the commands of the page's console blocks. The current directory is a copy of the sources
# that may be written to, and in which cargo works. A command that is not known here is an error.
#
# Nix does not run inside a build: what its commands name is looked up in the file NAMES, which has a line for each attribute
# of the flake: apps.demo, checks.clippy, packages.default, devShells.default, formatter. A cargo test of http-trace-e2e is
# run by the program http-trace-TARGET-tests where $PATH has it, which saves minutes of compiling.
set -euo pipefail
page=$1 names=$2
output=$(mktemp)
trap 'rm -f "$output"' EXIT

fail() {
  echo "$page: $*" >&2
  exit 1
}

# The functions below stand for the programs of their names when a line of the page is evaluated. Each fails by itself:
# errexit is off on the left of `&&`.

# shellcheck disable=SC2317,SC2329
cargo() {
  local program=
  if [[ $* =~ ^test\ -p\ http-trace-e2e\ --test\ ([a-z0-9_]+)(\ |$) ]]; then
    program=$(type -P "http-trace-${BASH_REMATCH[1]}-tests") || true
  fi
  case $1,$program in
  build,) command cargo "$@" || fail "cargo $* failed" ;;
  test,) command cargo "$@" 2>&1 | tee "$output" || fail "cargo $* failed" ;;
  test,*) "$program" "${@:6}" 2>&1 | tee "$output" || fail "$program ${*:6} failed" ;;
  *) fail "cargo $1 is not known here" ;;
  esac
  # A name that no test has passes, too.
  if [ "$1" = test ]; then
    grep -qE '^running [1-9][0-9]* test' "$output" || fail "no test was run"
  fi
}

# has NAME: the flake has this attribute.
# shellcheck disable=SC2317,SC2329
has() {
  grep -qxF "$1" "$names" || fail "the flake has no $1"
  echo "the flake has $1"
}

# shellcheck disable=SC2317,SC2329
nix() {
  local command=$1 reference=.
  shift
  case $command in
  develop)
    has devShells.default
    [ $# = 0 ] || fail "nix develop $* is not known here"
    ;;
  fmt) has formatter ;;
  flake) [[ $* =~ ^(check|show)(\ (-L|--keep-going))*$ ]] || fail "nix flake $* is not known here" ;;
  run | build)
    while [ $# != 0 ]; do
      case $1 in
      -L | --no-link) ;;
      .*) reference=$1 ;;
      # What follows is the program's.
      --) break ;;
      *) fail "nix $command $1 is not known here" ;;
      esac
      shift
    done
    reference=${reference#.} reference=${reference#\#}
    case $command,$reference in
    build,checks.*.*) has "checks.${reference#checks.*.}" ;;
    build,*) has "packages.${reference:-default}" ;;
    *) has "apps.${reference:-default}" ;;
    esac
    ;;
  *) fail "nix $command is not known here" ;;
  esac
}

# shellcheck disable=SC2317,SC2329
nix/debian/nix() { nix "$@"; }

commands=$(awk '/^```/ { inside = /^```console/; next } inside' "$page")
# Nothing would run the commands of a block of another kind.
others=$(awk '/^```./ && !/^```(console|text)$/' "$page")
[ -z "$others" ] || fail "a block is neither console nor text: $others"
count=0
while IFS= read -r line; do
  # The words that are run: the first of each command, after its variables.
  while IFS= read -r word; do
    case $word in
    cargo | nix | nix/debian/nix) ;;
    *) fail "\"$word\" is not known here, in: $line" ;;
    esac
  done < <(printf '%s\n' "${line// && /$'\n'}" | sed -E 's/^([A-Z_]+=[^ ]* +)*//; s/ .*//')
  echo "+ $line"
  (eval "$line") < /dev/null
  count=$((count + 1))
done <<< "$commands"
[ "$count" -ge 5 ] || fail "only $count commands"
echo "$count commands"
