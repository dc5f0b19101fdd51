# shellcheck shell=bash
# `nix run FLAKE#NAME [-- ARGUMENTS…]` of a command that talks to a cluster: Nix builds it in the root, and it runs on the
# host, with the host's kubectl, KUBECONFIG (also below /etc) and credential plugins. `run_on_host "$@"` does that and never
# returns; it does return where the command line is another one, which is Nix's.

readonly on_host=" ctl deploy doctor mount status undeploy unmount "

run_on_host() {
  local name reference program wasm='' options=()
  [[ ${1-} == run ]] || return 0
  shift
  while [[ ${1-} == -L || ${1-} == --print-build-logs ]]; do
    options+=("$1")
    shift
  done
  reference=${1-}
  name=${reference#*#}
  [[ $reference == *#* && $on_host == *" $name "* ]] || return 0
  shift
  if [[ ${1-} == -- ]]; then
    shift
  elif [[ ${1-} == -* ]]; then
    # an option of Nix's
    return 0
  fi
  [[ $name == ctl ]] || set -- "$name" "$@"
  program=$(built "${reference%%#*}#ctl")/bin/http-trace-ctl
  # What makes overlays wants the filter too, unless it is only asked for its help.
  if [[ " $* " != *" --help "* && " $* " != *" -h "* && " deploy overlay " == *" ${1-} "* ]]; then
    wasm=$(built "${reference%%#*}#default")/lib/http-trace-filter.wasm
    export HTTP_TRACE_FILTER_WASM=${HTTP_TRACE_FILTER_WASM:-$wasm}
  fi
  command -v kubectl >/dev/null || [[ " ctl " == *" $name "* ]] ||
    die "there is no kubectl on this machine's PATH: $name runs outside the root, with yours"
  # It is static: the machine's C library may be older than the root's.
  exec "$program" "$@"
}

# Where the output of an installable lies outside the root.
built() {
  local path
  path=$("$here/nix" build "${options[@]}" --no-link --print-out-paths "$1" 2> >(grep -v '^nix/debian: /nix/store is ' >&2)) ||
    die "$1 could not be built"
  echo "$root$path"
}
