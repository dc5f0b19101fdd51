# What each build sees of the repository, so that an edit elsewhere (the README, another member, a test) does not rebuild it.
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
  # Cargo wants the manifest of each member, whatever it builds.
  manifests = [
    ../Cargo.toml
    ../Cargo.lock
  ]
  ++ map (member: ../. + "/${member}/Cargo.toml") members;
  filter = manifests ++ [ ../src ];
  # The tests of the filter itself, and not those of the members beside them.
  ownTests = [
    (fs.difference ../tests (
      fs.unions [
        ../tests/bench
        ../tests/chaos
        ../tests/e2e
        ../tests/fuzz
        ../tests/mesh
        ../tests/schemas
        ../tests/README.md
      ]
    ))
  ];
  harness = manifests ++ [
    ../tests/e2e/src
    ../k8s/collector/src
    ../k8s/ctl/src/overlay/capabilities.txt
  ];
  # Its manifests lie beside these.
  collectorSources = [
    ../k8s/collector/src
    ../k8s/collector/tests
  ];
  collectorManifests = [
    ../k8s/collector/deployment.yaml
    ../k8s/collector/kustomization.yaml
    ../k8s/collector/namespace.yaml
    ../k8s/collector/networkpolicy.yaml
    ../k8s/collector/service.yaml
  ];
  readmes = [
    ../README.md
    ../k8s/README.md
    ../nix/debian/README.md
    ../tests/README.md
  ];
in
{
  manifests = source manifests;
  # Shell commands. Cargo wants every package to have its targets, also those that are not built.
  stubs = lib.concatMapStrings (
    package:
    let
      manifest = lib.importTOML (../. + "/${package}/Cargo.toml");
      named = map (target: target.path or null) (manifest.bin or [ ] ++ manifest.test or [ ]);
    in
    ''
      if [ ! -e ${package}/src/lib.rs ] && [ ! -e ${package}/src/main.rs ]; then
        mkdir -p ${package}/src
        echo '//! Empty.' > ${package}/src/lib.rs
      fi
    ''
    + lib.concatMapStrings (path: ''
      if [ ! -e ${package}/${path} ]; then
        mkdir -p "$(dirname ${package}/${path})"
        printf '//! Empty.\nfn main() {}\n' > ${package}/${path}
      fi
    '') (lib.filter (path: path != null) named)
  ) ([ "." ] ++ members);

  filter = source filter;
  # With its own tests.
  unitTests = source (filter ++ ownTests);
  ctl = source (filter ++ [ ../k8s/ctl ]);
  collector = source (manifests ++ [ ../k8s/collector/src ]);
  # With its own tests.
  collectorTests = source (manifests ++ collectorSources ++ [ ../tests/schemas/har ]);
  # The fuzzer drives the filter with what its own tests have for that.
  fuzz = source (filter ++ ownTests ++ [ ../tests/fuzz ]);

  harness = source harness;
  bench = source (harness ++ [ ../tests/bench ]);
  # It asks the filter which formats there are.
  chaos = source (harness ++ filter ++ [ ../tests/chaos ]);
  mesh = source (harness ++ [ ../tests/mesh ]);
  # The harness, the benchmark, chaos and the mesh with their own unit tests.
  harnessTests = source (
    harness
    ++ filter
    ++ [
      ../tests/bench
      ../tests/chaos
      ../tests/mesh
    ]
  );
  # One target of the end-to-end tests.
  e2e =
    target:
    source (
      harness
      ++ [
        (../tests/e2e/tests + "/${target}")
        ../tests/schemas
      ]
      # These ask the filter which formats there are, and how each is encoded.
      ++ lib.optionals (lib.elem target [
        "e2e"
        "page"
      ]) filter
    );

  # All Rust, for linters.
  rust = source (
    filter
    ++ collectorSources
    ++ [
      ../k8s/ctl
      (fs.difference ../tests ../tests/README.md)
      ../.clippy.toml
      ../.rustfmt.toml
    ]
  );
  # What .github/CONTRIBUTING.md is about.
  contributing = source (filter ++ ownTests ++ [ ../.github ]);
  # What decides which crates there are, and which may be.
  deny = source (manifests ++ [ ../.deny.toml ]);
  # What is applied, without the tools beside it.
  k8s = source (
    [
      ../k8s/base
      ../k8s/cluster
      ../k8s/components
      ../k8s/envoy/envoy.yaml
      ../k8s/envoy/generated.sha256
      ../k8s/kuma
      ../k8s/overlays/example
    ]
    ++ collectorManifests
  );
  collectorManifests = source collectorManifests;
  # All that explains the project to those who use it.
  readme = source readmes;
  # And what its commands are about.
  commands = source (
    readmes
    ++ [
      ../.ci
      ../k8s/base
      ../k8s/envoy
    ]
  );
  monitoring = source [
    ../k8s/envoy
    ../k8s/monitoring
  ];
  firstRecord = source [
    ../README.md
    ../k8s/envoy
  ];
  nix = source [
    ../flake.nix
    ../nix
    ../.ci
  ];
}
