# The image: what it says of itself, that another build has the same bytes, and that a real registry gives them back.
{
  pkgs,
  filter,
  image,
  push,
}:
let
  wasm = "${filter}/lib/http-trace-filter.wasm";
in
{
  image =
    pkgs.runCommand "image"
      {
        nativeBuildInputs = [
          pkgs.git
          pkgs.jq
        ];
      }
      ''
        result=$out
        digest=$(cat ${image}/digest)
        manifest=${image}/blobs/sha256/''${digest#sha256:}
        [ "sha256:$(sha256sum < "$manifest" | cut -d ' ' -f 1)" = "$digest" ]
        jq . "$manifest"
        layer=$(jq --raw-output 'if .layers | length == 1 then .layers[0].digest else error("not one layer") end' "$manifest")
        tar --extract --gzip --file "${image}/blobs/sha256/''${layer#sha256:}"
        cmp plugin.wasm ${wasm}
        annotation() {
          jq --raw-output --arg name "$1" '.annotations[$name]' "$manifest"
        }
        [ "$(annotation http-trace-filter/sha256)" = "$(sha256sum < ${wasm} | cut -d ' ' -f 1)" ]
        [ "$(annotation org.opencontainers.image.version)" = ${filter.version} ]
        [ "$(annotation org.opencontainers.image.revision)" = "$(sha256sum < ${wasm} | cut -c 1-12)" ]
        annotation org.opencontainers.image.source | grep --extended-regexp '^swh:1:dir:[0-9a-f]{40}$'
        # Another directory, date, time zone and umask, and the file with other permissions.
        export out=$NIX_BUILD_TOP/another/layout name=another file=$NIX_BUILD_TOP/copy.wasm TZ=Pacific/Auckland SOURCE_DATE_EPOCH=1927951506
        export version=${image.version} path=${image.path} architecture=${image.architecture} source=${image.source}
        export config=${pkgs.lib.escapeShellArg image.config} annotations=${pkgs.lib.escapeShellArg image.annotations}
        umask 077
        cp ${wasm} "$file"
        chmod 660 "$file"
        touch -d 2031-02-03T04:05:06Z "$file"
        mkdir -p another/deeper
        (cd another/deeper && source ${../image.sh})
        diff --recursive ${image} another/layout || { echo "two builds of the image differ"; exit 1; }
        touch "$result"
      '';

  image-registry =
    pkgs.runCommand "image-registry"
      {
        nativeBuildInputs = [
          pkgs.distribution
          pkgs.jq
          pkgs.skopeo
        ];
      }
      ''
        export HOME=$NIX_BUILD_TOP TMPDIR=$NIX_BUILD_TOP CONFIGURATION=${
          import ./registry.nix { inherit pkgs; }
        }
        source ${./registry.sh}
        reference=$(${push}/bin/http-trace-push "$address/team/filter:v1" --dest-tls-verify=false)
        [ "$reference" = "oci://$address/team/filter@$(cat ${image}/digest)" ] || { echo "push printed $reference"; exit 1; }
        skopeo --insecure-policy copy --src-tls-verify=false --preserve-digests "docker://''${reference#oci://}" oci:pulled
        layer=$(jq --raw-output '.layers[0].digest' "pulled/blobs/sha256/''${reference##*:}")
        tar --extract --gzip --file "pulled/blobs/sha256/''${layer#sha256:}"
        cmp plugin.wasm ${wasm}
        # What is no reference with a tag is refused, before anything is sent.
        for wrong in "" "$address/team/filter" "''${reference#oci://}" filter:v1; do
          if ${push}/bin/http-trace-push "$wrong" --dest-tls-verify=false 2> refusal; then
            echo "push takes $wrong"
            exit 1
          fi
          grep -q 'takes REGISTRY/REPOSITORY:TAG' refusal || { cat refusal; exit 1; }
        done
        kill $registry
        trap - EXIT
        touch $out
      '';
}
