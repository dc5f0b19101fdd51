# shellcheck shell=bash
# shellcheck disable=SC2154 # a derivation's attributes are in the environment
# The builder of image.nix. The layer is a gzip file, as Istio wants it, of stored blocks (RFC 1951, 3.2.4): what a
# compressor makes differs between its versions and between processors.

# Two bytes, the low one first, as an octal escape.
little() { printf '\\%03o\\%03o' $(($1 & 255)) $(($1 >> 8)); }

# stored FILE: RFC 1952. No name, no time, an unknown system; the sum and the size at the end are any gzip's.
stored() {
  local size at length
  size=$(stat -c %s "$1")
  printf '\x1f\x8b\x08\0\0\0\0\0\0\xff'
  for ((at = 0; at < size; at += 65535)); do
    length=$((size - at < 65535 ? size - at : 65535))
    printf '%b' "\\000$(little "$length")$(little $((length ^ 65535)))"
    dd if="$1" bs=65535 skip=$((at / 65535)) count=1 iflag=fullblock status=none
  done
  # The last block, of nothing.
  printf '\x01\0\0\xff\xff'
  gzip --no-name --stdout "$1" | tail -c 8
}

# blob FILE TYPE: puts it where its hash says, and prints its descriptor.
blob() {
  local digest
  digest=$(sha256sum "$1" | cut -d ' ' -f 1)
  mkdir -p "$out/blobs/sha256"
  cp "$1" "$out/blobs/sha256/$digest"
  jq --null-input --compact-output --arg type "$2" --arg digest "sha256:$digest" --argjson size "$(stat -c %s "$1")" \
    '{mediaType: $type, digest: $digest, size: $size}'
}

# tree DIRECTORY: the hash that git has for such a tree.
tree() {
  export HOME=$PWD GIT_CONFIG_NOSYSTEM=1 GIT_DIR=$PWD/tree.git
  git init --quiet --bare --object-format=sha1 "$GIT_DIR"
  git --work-tree="$1" -C "$1" add --force .
  git write-tree
}

mkdir -p "root/$(dirname "$path")"
cp "$file" "root/$path"
tar --create --file layer.tar --format ustar --mtime @0 --owner 0 --group 0 --numeric-owner --mode 'u=rwX,go=rX' \
  --directory root "$path"
stored layer.tar >layer.tar.gz
gzip --stdout --decompress layer.tar.gz | cmp - layer.tar

jq --null-input --sort-keys --compact-output --arg architecture "$architecture" --argjson config "$config" \
  --arg diff "sha256:$(sha256sum layer.tar | cut -d ' ' -f 1)" \
  '{architecture: $architecture, os: "linux", config: $config, rootfs: {type: "layers", diff_ids: [$diff]}}' >config.json
jq --null-input --sort-keys --compact-output --argjson annotations "$annotations" --arg tree "$(tree "$source")" \
  --arg sha256 "$(sha256sum "$file" | cut -d ' ' -f 1)" \
  --argjson config "$(blob config.json application/vnd.oci.image.config.v1+json)" \
  --argjson layer "$(blob layer.tar.gz application/vnd.oci.image.layer.v1.tar+gzip)" \
  '{
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    $config,
    layers: [$layer],
    annotations: ($annotations + {
      # The sources by their content, wherever they are kept: https://www.swhid.org
      "org.opencontainers.image.source": "swh:1:dir:\($tree)",
      # As in the names and labels of what is deployed.
      "org.opencontainers.image.revision": $sha256[:12],
      "http-trace-filter/sha256": $sha256
    })
  }' >manifest.json
jq --null-input --sort-keys --compact-output --arg version "$version" \
  --argjson manifest "$(blob manifest.json application/vnd.oci.image.manifest.v1+json)" \
  '{
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [$manifest + {annotations: {"org.opencontainers.image.ref.name": $version}}]
  }' >"$out/index.json"
echo '{"imageLayoutVersion":"1.0.0"}' >"$out/oci-layout"
jq --raw-output '.manifests[0].digest' "$out/index.json" >"$out/digest"
echo "$name: $(cat "$out/digest")"
