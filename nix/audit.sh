# [--db DIRECTORY]: looks the crates of Cargo.lock up in RustSec's advisories, which are fetched, or are those of a git
# clone in DIRECTORY. Status 1 if one applies. $WORKSPACE holds the manifests; the crates are vendored ($CARGO_CONFIG).
usage() {
  echo "audit: $1; it takes [--db DIRECTORY], a clone of the repository rustsec/advisory-db" >&2
  exit 2
}

database=
case ${1-} in
'') ;;
--db) [ $# = 2 ] || usage "--db: got $(($# - 1)) words, takes one directory"; database=$2 ;;
*) usage "got $1" ;;
esac

source=https://github.com/rustsec/advisory-db
state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
if [ -n "$database" ]; then
  # What is checked out there, as the branch that cargo-deny wants; its URLs need a host, so git is told where that is.
  git init --quiet --bare "$state/given"
  git -C "$state/given" fetch --quiet --update-shallow "$(realpath "$database")" HEAD:refs/heads/main ||
    usage "--db: $database is no git clone"
  count=${GIT_CONFIG_COUNT:-0}
  export "GIT_CONFIG_KEY_$count=url.file://$state/given.insteadOf" "GIT_CONFIG_VALUE_$count=$source"
  export GIT_CONFIG_COUNT=$((count + 1))
fi

export CARGO_HOME=$state/cargo
mkdir "$CARGO_HOME"
cp "$CARGO_CONFIG" "$CARGO_HOME/config.toml"
sed "/^\[advisories\]/a db-path = \"$state/advisories\"\ndb-urls = [\"$source\"]\ngit-fetch-with-cli = true" \
  "$WORKSPACE/.deny.toml" > "$state/deny.toml"

deny=(cargo-deny --manifest-path "$WORKSPACE/Cargo.toml" --workspace --locked --config "$state/deny.toml")
if ! "${deny[@]}" fetch db > "$state/log" 2>&1; then
  cat "$state/log" >&2
  echo "audit: the advisories could not be fetched from ${database:-$source}; where the network does not have them, give a clone: --db DIRECTORY" >&2
  exit 1
fi
clone=$(find "$state/advisories" -mindepth 1 -maxdepth 1 -type d -print -quit)
echo "$(find "$clone/crates" -name 'RUSTSEC-*.md' | wc -l) advisories, the last of $(git -C "$clone" log -1 --format=%cs)"
"${deny[@]}" --offline check --allow index-failure advisories
