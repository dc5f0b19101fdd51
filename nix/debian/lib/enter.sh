# shellcheck shell=bash
# Entering a root: `enter_root ROOT COMMAND…` replaces the calling shell by COMMAND
# in a mount namespace whose / is the Debian root, with the host's directories
# bound at their own places. mounts.sh does the work inside the namespace.

# Sets $namespace to unshare's flags that work here, or says what would help.
# Real root needs a mount namespace only; everyone else a user namespace too.
choose_namespace() {
  local root=$1 error='' tried=()
  mkdir -p "$root/.mount"
  for namespace in "--mount" "--mount --map-root-user"; do
    [[ $namespace == "--mount" && $EUID != 0 ]] && continue
    tried+=("unshare $namespace")
    # shellcheck disable=SC2086 # flags
    error=$(unshare $namespace mount -t tmpfs -o mode=755 none "$root/.mount" 2>&1) && return
  done
  say "error: this machine does not let ${USER:-uid $EUID} make the namespaces that the root needs"
  say "  tried: ${tried[*]} (and a mount in it)"
  say "  got: ${error:-no message}"
  why_no_namespace "$error" | while read -r line; do say "  $line"; done
  exit 1
}

why_no_namespace() {
  local sys=/proc/sys found=''
  if [[ $(cat $sys/kernel/unprivileged_userns_clone 2>/dev/null) == 0 ]]; then
    found=1
    echo "kernel.unprivileged_userns_clone is 0: an administrator can run 'sysctl -w kernel.unprivileged_userns_clone=1'"
  fi
  if [[ $(cat $sys/kernel/apparmor_restrict_unprivileged_userns 2>/dev/null) == 1 ]]; then
    found=1
    echo "kernel.apparmor_restrict_unprivileged_userns is 1: 'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0'"
  fi
  if [[ $(cat $sys/user/max_user_namespaces 2>/dev/null) == 0 ]]; then
    found=1
    echo "user.max_user_namespaces is 0: 'sysctl -w user.max_user_namespaces=15000'"
  fi
  if [[ -z $found && $1 == *"No space left"* ]]; then
    found=1
    echo "the limit of namespaces is reached: raise user.max_user_namespaces, also in the container around this one"
  fi
  [[ -n $found ]] ||
    echo "likely a container's seccomp or capabilities: start it privileged, or with SYS_ADMIN and seccomp=unconfined"
  echo "or run it as root on the machine itself"
}

enter_root() {
  local root=$1
  shift
  [[ -n ${namespace-} ]] || choose_namespace "$root"
  # shellcheck disable=SC2086 # flags
  exec unshare $namespace "$BASH" "$here/lib/mounts.sh" "$root" "$@"
}
