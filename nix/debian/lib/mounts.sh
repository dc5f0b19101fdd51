#!/usr/bin/env bash
# `mounts.sh ROOT COMMAND…`, run by enter.sh in a fresh mount namespace: builds the
# tree, pivots into it and becomes COMMAND. Set $here; $writable=1 while the root is
# made. /usr and /etc are the root's and read-only, as builds see /usr; /nix is the
# root's; every other directory is the host's, at its own path.
set -euo pipefail
: "${here:?}"

root=$1
shift
old_cwd=$PWD
tree=$root/.mount
mount -t tmpfs -o mode=755 none "$tree"
# so that binding the directory which the root lies in does not take the tree along
mount --make-unbindable "$tree"
cd "$tree"

mkdir usr etc nix old .stand-in
for dir in usr etc nix; do
  mount --bind "$root/$dir" "$dir"
done
for name in bin sbin lib lib32 lib64 libx32; do
  [[ ! -L $root/$name ]] || cp -P "$root/$name" .
done

for path in /*; do
  name=${path#/}
  if [[ -e $name || -L $name ]]; then
    continue
  elif [[ -L $path ]]; then
    cp -P "$path" "$name"
  elif [[ -d $path ]]; then
    case $name in bin | sbin | lib | lib32 | lib64 | libx32) continue ;; esac
    mkdir "$name"
    # a directory that cannot be bound (of another user, say) stays empty
    mount --rbind "$path" "$name" 2>/dev/null || [[ $name != dev && $name != proc ]]
  fi
done
# a checkout in /usr/src, as container images like it
case $old_cwd/ in /usr/src/*) mount --rbind /usr/src usr/src ;; esac

cover() { [[ ! -s $1 || ! -e etc/${2#/etc/} ]] || mount --bind "$1" "etc/${2#/etc/}"; }
for file in /etc/resolv.conf /etc/hosts /etc/hostname /etc/pip.conf; do
  cover "$file" "$file"
done
bundle=/etc/ssl/certs/ca-certificates.crt
host_bundle=${SSL_CERT_FILE:-$bundle}
[[ -s $host_bundle ]] || host_bundle=$bundle
if [[ -s $host_bundle ]]; then
  cover "$host_bundle" "$bundle"
fi

mount --bind "$here/nixpkgs" .stand-in
[[ ! -e $root/root.json ]] || mount --bind "$root/root.json" .stand-in/root.json
[[ ! -e ${stand_in_flake-} ]] || mount --bind "$stand_in_flake" .stand-in/flake.nix
toolchains=$root/nix/var/http-trace-filter/toolchains.json
if [[ -e $toolchains && ${HTTP_TRACE_DEBIAN_RUST-} != debian ]]; then
  mount --bind "$toolchains" .stand-in/toolchains.json
fi
if [[ -z ${writable-} ]]; then
  for dir in usr etc .stand-in; do
    mount -o remount,bind,ro "$dir"
  done
fi

mount --make-private .
pivot_root . old
cd /
hash -r
PATH=/usr/bin:/usr/sbin
umount --lazy /old
rmdir /old
cd "$old_cwd" 2>/dev/null || {
  echo "nix/debian: error: $old_cwd lies where the Debian root has its own files; use another directory" >&2
  exit 1
}

# The host's tools and toolchains must not leak; everything else passes.
for name in $(compgen -e); do
  case $name in
    PATH | HOME | NIX_CONFIG | RUSTUP_DIST_SERVER | RUSTUP_UPDATE_ROOT) ;;
    # how modules are fetched; no more of Go's
    GOPROXY | GONOPROXY | GOSUMDB | GONOSUMDB | GOPRIVATE | GOINSECURE | GOVCS | GOAUTH | GOENV) ;;
    LD_* | LC_* | LANGUAGE | LOCPATH | BASH_ENV | ENV | SHELL | MANPATH | INFOPATH | XDG_DATA_DIRS | XDG_CONFIG_DIRS) unset "$name" ;;
    PYTHON* | PYENV* | VIRTUAL_ENV | CONDA* | NODE_* | NVM_* | PERL* | GEM_* | RUBY* | GO* | JAVA_HOME) unset "$name" ;;
    RUSTUP* | RUSTC* | RUSTDOC* | CARGO | CC | CXX | LD | AR | PKG_CONFIG*) unset "$name" ;;
    NIX_* | IN_NIX_SHELL | CURL_CA_BUNDLE | SSL_CERT_DIR | *_CA_CERTS | AWS_CA_BUNDLE) unset "$name" ;;
  esac
done
export PATH LANG=C.UTF-8 SHELL=/bin/bash
for name in SSL_CERT_FILE NIX_SSL_CERT_FILE CURL_CA_BUNDLE REQUESTS_CA_BUNDLE PIP_CERT CARGO_HTTP_CAINFO GIT_SSL_CAINFO; do
  export "$name=$bundle"
done

# Nix: the real sandbox, nothing from any network, state in the root only.
state=/nix/var/http-trace-filter
export NIX_USER_CONF_FILES=/dev/null NIX_CACHE_HOME=$state/cache NIX_DATA_HOME=$state/data
export NIX_STATE_HOME=$state/state NIX_CONFIG_HOME=$state/config NIX_REMOTE=local
NIX_CONFIG="experimental-features = nix-command flakes
sandbox = true
sandbox-fallback = false
sandbox-paths = /usr /bin /lib /lib64? /etc/alternatives?
build-users-group =
build-dir = $state/builds
pre-build-hook = $here/lib/before-build.sh
substituters =
substitute = false
flake-registry =
warn-dirty = false
max-jobs = auto
${NIX_CONFIG-}"
# an ordinary user's namespace has one group, and none to drop
[[ $(cat /proc/self/setgroups) != deny ]] || NIX_CONFIG="require-drop-supplementary-groups = false
$NIX_CONFIG"
export NIX_CONFIG

# a checkout of another owner is still the one that was asked for
git_count=${GIT_CONFIG_COUNT:-0}
export "GIT_CONFIG_KEY_$git_count=safe.directory" "GIT_CONFIG_VALUE_$git_count=*"
export GIT_CONFIG_COUNT=$((git_count + 1))
[[ -n ${writable-} ]] || unset here
unset writable name

exec "$@"
