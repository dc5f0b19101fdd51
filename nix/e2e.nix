# The end-to-end harness: `harness` has bin/http-trace-e2e (the demo), `bench`, `chaos` and `mesh` the programs beside it that share
# its crate, and `tests.NAME` has bin/http-trace-NAME-tests, a program for each test target (e2e, overlays …).
{
  pkgs,
  rust,
  sources,
}:
let
  inherit (pkgs) lib;

  # The programs of a member, and the crates that they are built on.
  member =
    {
      package,
      src,
      programs,
      # What the crates start from.
      from ? null,
    }:
    let
      build = "cargo build --frozen --profile tools --package ${package}";
      crates = rust.mkCrates {
        name = package;
        crates = from;
        buildPhase = build;
      };
    in
    rust.mkProgram {
      name = package;
      inherit src crates;
      buildPhase = ''
        runHook preBuild
        ${build} --bins
        runHook postBuild
      '';
      installPhase = ''
        runHook preInstall
        mkdir -p "$out/bin"
        cp ${lib.concatMapStringsSep " " (program: "target/tools/${program}") programs} "$out/bin/"
        runHook postInstall
      '';
      passthru = {
        inherit crates;
      };
    };

  harness = member {
    package = "http-trace-e2e";
    src = sources.harness;
    programs = [ "http-trace-e2e" ];
  };

  # Tests have more crates: schemas, Kubernetes' types.
  testCrates = rust.mkCrates {
    name = "http-trace-e2e-tests";
    inherit (harness) crates;
    buildPhase = "cargo test --frozen --profile tools --package http-trace-e2e --no-run";
  };

  # On these crates the harness itself, once for all test targets. Cargo builds it as it does for a test: for one that has nothing.
  testHarness = rust.mkCargo {
    name = "http-trace-e2e-tests-harness";
    src = sources.harness;
    crates = testCrates;
    buildPhase = ''
      mkdir -p tests/e2e/tests/nothing
      printf '//! Empty.\nfn main() {}\n' > tests/e2e/tests/nothing/main.rs
      cargo test --frozen --profile tools --package http-trace-e2e --test nothing --no-run
    '';
    # Of the filter there was only an empty library.
    installPhase = rust.keepTarget "'http-trace-filter-*'" "\\( -name '*http_trace_filter*' -o -name 'nothing-*' \\)";
  };

  test =
    target:
    rust.mkProgram {
      name = "http-trace-${target}-tests";
      src = sources.e2e target;
      crates = testHarness;
      nativeBuildInputs = [ pkgs.jq ];
      buildPhase = ''
        runHook preBuild
        cargo test --frozen --profile tools --package http-trace-e2e --test ${target} --no-run \
          --message-format json-render-diagnostics > messages.json
        runHook postBuild
      '';
      installPhase = ''
        runHook preInstall
        program=$(jq -r 'select(.reason == "compiler-artifact" and .target.kind == ["test"]).executable' messages.json)
        install -D "$program" "$out/bin/http-trace-${target}-tests"
        runHook postInstall
      '';
      meta.mainProgram = "http-trace-${target}-tests";
    };
in
{
  inherit harness testCrates;

  bench = member {
    package = "http-trace-bench";
    src = sources.bench;
    programs = [ "http-trace-bench" ];
    from = harness.crates;
  };

  chaos = member {
    package = "http-trace-chaos";
    src = sources.chaos;
    programs = [
      "http-trace-chaos"
      "http-trace-soak"
    ];
    from = harness.crates;
  };

  mesh = member {
    package = "http-trace-mesh";
    src = sources.mesh;
    programs = [ "http-trace-mesh" ];
    from = harness.crates;
  };

  tests = lib.genAttrs [
    "capabilities"
    "dev"
    "e2e"
    "kubernetes"
    "manifests"
    "otel"
    "overlays"
    "page"
    "sbom"
    "trap"
  ] test;
}
