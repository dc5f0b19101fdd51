# What each build sees of the repository, so that an edit elsewhere (the README, a test) does not rebuild it.
{ lib }:
let
  fs = lib.fileset;
  source =
    files:
    fs.toSource {
      root = ../.;
      fileset = fs.unions files;
    };
  inherit ((lib.importTOML ../Cargo.toml).workspace) members;
  workspace = [
    ../Cargo.toml
    ../Cargo.lock
    ../src
  ]
  # Cargo wants the manifest of each member, whatever it builds.
  ++ map (member: ../. + "/${member}/Cargo.toml") members;
in
{
  filter = source workspace;
  rust = source (
    workspace
    ++ [
      ../k8s/ctl
      ../tests
      ../.clippy.toml
      ../.rustfmt.toml
    ]
  );
  # Shell commands. Cargo wants every member to have a target, also those that are not built.
  stubs = ''
    for member in ${toString members}; do
      mkdir -p "$member/src"
      touch "$member/src/lib.rs"
    done
  '';
  # What decides which crates there are, and which may be.
  deny = source (workspace ++ [ ../.deny.toml ]);
  # What is applied, without the tools beside it.
  k8s = source [
    ../k8s/base
    ../k8s/cluster
    ../k8s/components
    ../k8s/kuma
    ../k8s/overlays/example
  ];
  readme = source [ ../README.md ];
  nix = source [
    ../flake.nix
    ../nix
    ../.ci
  ];
}
