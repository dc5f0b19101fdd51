# shellcheck shell=bash
# `choose_stand_in FLAKE`: sets $stand_in to the arguments by which Nix takes the stand-in for nixpkgs. With
# --override-input, Nix says at each use that it does not write a modified lock file. So the flake's lock file is copied,
# with the stand-in in the place of nixpkgs, and Nix reads the copy: nothing is modified then. A copy is made once for all
# that it depends on.
#
# `nix develop` also looks for bashInteractive in the flake nixpkgs itself, and reads the same lock file for it. So the
# stand-in gets a flake.nix ($stand_in_flake, which mounts.sh puts there) with the inputs that the lock file has. Their values are
# never asked for.

choose_stand_in() {
  local flake=$1 locks=/nix/var/http-trace-filter/locks key
  stand_in=(--override-input nixpkgs path:/.stand-in)
  [[ -f $flake/flake.lock ]] || return 0
  key=$(lock_key "$flake")
  [[ -f $root$locks/$key.json ]] ||
    inside /bin/bash "$here/lib/write-lock.sh" "$flake/flake.lock" "$locks/$key" || return 0
  export stand_in_flake=$root$locks/$key.nix
  stand_in=(--reference-lock-file "$locks/$key.json" --no-write-lock-file)
}

# What a copy depends on: the lock file, and all that is in the stand-in as mounts.sh puts it together.
lock_key() {
  local toolchains=$root/nix/var/http-trace-filter/toolchains.json
  {
    cat "$1/flake.lock" "$root/root.json"
    # Where it is not there, or not to be taken, the stand-in has Debian's Rust: see mounts.sh.
    [[ ${HTTP_TRACE_DEBIAN_RUST-} == debian || ! -f $toolchains ]] || cat "$toolchains"
    cat "$here/lib/write-lock.sh"
    cd "$here/nixpkgs" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
  } | sha256sum | cut -c1-32
}
