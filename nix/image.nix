# An OCI image layout of one file, and its digest: https://github.com/opencontainers/image-spec/blob/main/image-layout.md
# The same bytes on every host: nothing in it has a date, an owner or a compressor's opinion (image.sh says how).
{
  pkgs,
  # The commit, where the flake is one.
  revision ? null,
}:
{
  # The image's, and its version.
  name,
  version,
  # The one file, a path in the store, and where it is in the image: "plugin.wasm". It keeps its permission to be executed.
  file,
  path,
  # What runs it, as the image's configuration has it: { Entrypoint = [ "/program" ]; User = "65532:65532"; }
  config ? { },
  # linux/…: the configuration of an image must name one. A module of wasm runs on all of them.
  architecture ? "amd64",
}:
let
  inherit (pkgs) lib;
  annotations = {
    "org.opencontainers.image.title" = name;
    "org.opencontainers.image.version" = version;
    "org.opencontainers.image.licenses" = lib.licenses.asl20.spdxId;
  }
  // lib.optionalAttrs (revision != null) {
    "org.opencontainers.image.revision" = revision;
    # The commit by itself, wherever it is kept: https://www.swhid.org
    "org.opencontainers.image.source" = "swh:1:rev:${revision}";
  };
in
pkgs.runCommand "${name}-image"
  {
    inherit
      architecture
      file
      path
      version
      ;
    config = builtins.toJSON config;
    annotations = builtins.toJSON annotations;
    nativeBuildInputs = [ pkgs.jq ];
    meta.description = "${name} as an OCI image layout";
  }
  ''
    source ${./image.sh}
  ''
