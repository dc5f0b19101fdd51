# shellcheck shell=bash
# Out-links that mean something outside the root. Nix makes its links in a directory
# of ours inside the root, where they are its garbage collection roots; after a
# successful build each gets a counterpart at the place that was asked for, pointing
# to where the store lies outside. A link that is gone or changed outside loses its
# garbage collection root.

links=$root/nix/var/http-trace-filter/links

# Replaces nothing that is not a link into a store, as Nix does.
refuse_foreign_link() {
  [[ ! -e $1 && ! -L $1 ]] || [[ -L $1 && $(readlink "$1") == */nix/store/* ]] ||
    die "cannot create symlink '$1'; already exists"
}

# Where Nix puts its links for the out-link asked for, as the root sees it.
own_link() {
  local dir
  dir=$links/$(sha256sum <<<"$link" | cut -c1-16)
  mkdir -p "$dir"
  dirname "$link" >"$dir/.directory"
  echo "${dir#"$root"}/$(basename "$link")"
}

# The counterparts of the links in the directory of own_link $1 that are newer than
# the file $2.
publish_links() {
  local dir own outside
  dir=$root$(dirname "$1")
  while IFS= read -r -d '' own; do
    outside=$(dirname "$link")/$(basename "$own")
    refuse_foreign_link "$outside"
    ln -sfn "$root$(readlink "$own")" "$outside.$$" && mv -fT "$outside.$$" "$outside"
  done < <(find "$dir" -type l -newer "$2" -print0)
}

# Only while no other run is in the root: it may have links not published yet.
drop_dead_links() {
  local dir own outside
  for dir in "$links"/*/; do
    [[ -f $dir.directory ]] || continue
    for own in "$dir"*; do
      [[ -L $own ]] || continue
      outside=$(<"$dir.directory")/$(basename "$own")
      [[ $(readlink "$outside") == "$root$(readlink "$own")" ]] || rm -f "$own"
    done
    rmdir_if_empty "$dir"
  done
}

rmdir_if_empty() {
  if [[ -z $(find "$1" -type l -print -quit) ]]; then
    rm -f "$1.directory"
    rmdir "$1" 2>/dev/null || true
  fi
}
