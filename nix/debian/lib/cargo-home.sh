# shellcheck shell=bash
# A cargo home of our own (nothing is written to the host's) that obeys the host's
# cargo configuration and tokens. Sourced inside the root.

make_cargo_home() {
  local file
  mkdir -p "$1"
  for file in config.toml config credentials.toml credentials; do
    rm -f "$1/$file"
    [[ ! -e ${CARGO_HOME:-$HOME/.cargo}/$file ]] || ln -s "${CARGO_HOME:-$HOME/.cargo}/$file" "$1/$file"
  done
}
