# An OCI image layout of one file, and its digest: https://github.com/opencontainers/image-spec/blob/main/image-layout.md
# The same bytes on every host: nothing in it has a date, an owner or a compressor's opinion (image.sh says how).
{ pkgs }:
{
  # The image's, and its version.
  name,
  version,
  # The one file, a path in the store, and where it is in the image: "plugin.wasm". It keeps its permission to be executed.
  file,
  path,
  # What runs it, as the image's configuration has it: { Entrypoint = [ "/program" ]; User = "65532:65532"; }
  config ? { },
  # linux/…: the configuration of an image must name one. A module of wasm runs on all of them, but an index of several would
  # have another digest than the one that Istio's agent compares.
  architecture ? "amd64",
  # What the file was built of, a directory. Not a commit: Nix does not know one everywhere, and each would be another image.
  source,
}:
let
  inherit (pkgs) lib;
  annotations = {
    "org.opencontainers.image.title" = name;
    "org.opencontainers.image.version" = version;
    "org.opencontainers.image.licenses" = lib.licenses.asl20.spdxId;
  };
in
pkgs.runCommand "${name}-image"
  {
    inherit
      architecture
      file
      path
      source
      version
      ;
    config = builtins.toJSON config;
    annotations = builtins.toJSON annotations;
    nativeBuildInputs = [
      pkgs.git
      pkgs.jq
    ];
    meta.description = "${name} as an OCI image layout";
  }
  ''
    source ${./image.sh}
  ''
