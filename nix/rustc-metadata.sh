# RUSTC_WRAPPER: makes the metadata of each crate for the wasm target independent of the build host.
#
# Cargo hashes the outputs of build scripts and the host's triple into `-C metadata` (rust-lang/cargo#8140), and rustc
# derives symbol names, and with them the order of code, from it. Name, version and crate name are enough to tell
# the crates of one lock file apart, for one target.
rustc=$1
shift
arguments=("$@")
crate=
wasm=
for ((i = 0; i < ${#arguments[@]}; i++)); do
  case ${arguments[i]} in
  --crate-name) crate=${arguments[i + 1]} ;;
  --target) [ "${arguments[i + 1]}" != wasm32-unknown-unknown ] || wasm=1 ;;
  esac
done
# Cargo's own questions to rustc have no package.
if [ -n "$wasm" ] && [ -n "$crate" ] && [ -n "${CARGO_PKG_NAME:-}" ]; then
  metadata=$(printf '%s' "$CARGO_PKG_NAME-$CARGO_PKG_VERSION-$crate" | sha256sum | cut -c1-16)
  for ((i = 0; i < ${#arguments[@]}; i++)); do
    case ${arguments[i]} in metadata=*) arguments[i]=metadata=$metadata ;; esac
  done
fi
exec "$rustc" "${arguments[@]}"
