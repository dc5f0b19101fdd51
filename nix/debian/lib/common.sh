# shellcheck shell=bash
# What every part shares: talk on stderr, the architecture, the cache, the
# root's key. Sourced by `nix` and `enter`, which set $here.

say() { printf 'nix/debian: %s\n' "$*" >&2; }
die() {
  say "error: $*"
  exit 1
}

case $(uname -m) in
  x86_64) debian_arch=amd64 multiarch=x86_64-linux-gnu ;;
  aarch64) debian_arch=arm64 multiarch=aarch64-linux-gnu ;;
  *) die "there is no root for $(uname -m): x86_64 and aarch64 are supported" ;;
esac

# mount, pivot_root and ldconfig lie in sbin, which ordinary users lack on PATH
PATH=$PATH:/usr/sbin:/sbin

for tool in apt-get apt-config dpkg-deb tar unshare mount pivot_root flock setsid sha256sum; do
  command -v "$tool" >/dev/null ||
    die "$tool is missing: this needs Debian's apt, dpkg, tar, util-linux, mount and coreutils"
done

cache=${HTTP_TRACE_DEBIAN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/http-trace-filter}
[[ $cache == /* ]] || die "the cache directory must be an absolute path, not $cache"

# Everything that decides what lies in the root, and the architecture.
root_key() {
  (
    cd "${here:?}" || exit
    sha256sum packages.txt envoy-requirements.txt lib/steps.sh lib/sources.sh lib/rustc-1.87
    uname -m
  ) | sha256sum | cut -c1-12
}

key=$(root_key)
root=$cache/debian-$key
