# nix run .#fuzz: the filter's code with inputs that are changed at random, guided by what they reach in it.
{
  pkgs,
  app,
  rust,
  sources,
}:
let
  # What `cargo fuzz --sanitizer none` passes: libFuzzer is told which edges an input reached, and what was compared. The
  # passes are LLVM's own, so a stable compiler has them. And a sum that overflows must be found.
  rustFlags = [
    "-Cpasses=sancov-module"
    "-Cllvm-args=-sanitizer-coverage-level=4"
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
    "-Cllvm-args=-sanitizer-coverage-pc-table"
    "-Cllvm-args=-sanitizer-coverage-trace-compares"
    "-Cdebug-assertions"
    "-Coverflow-checks=yes"
    "-Ccodegen-units=1"
  ];

  # `fuzzed` is what libFuzzer goes into.
  build = fuzzed: ''
    cargo build --frozen --profile tools --package http-trace-fuzz --bins
    # With --target the flags are not for build scripts, which have no libFuzzer.
    host=$(rustc --version --verbose | sed -n 's/^host: //p')
    RUSTFLAGS="$RUSTFLAGS ${toString rustFlags}" cargo build --frozen --profile tools --package http-trace-fuzz \
      --features libfuzzer ${fuzzed} --target "$host"
  '';
  test = "cargo test --frozen --profile tools --package http-trace-fuzz";

  programs = rust.mkProgram {
    name = "http-trace-fuzz-programs";
    src = sources.fuzz;
    crates = rust.mkCrates {
      name = "http-trace-fuzz";
      buildPhase = ''
        ${build "--lib"}
        ${test} --no-run
      '';
    };

    buildPhase = ''
      runHook preBuild
      ${build "--bin http-trace-fuzz-target"}
      runHook postBuild
    '';

    # The kept inputs.
    doCheck = true;
    checkPhase = test;

    installPhase = ''
      runHook preInstall
      mkdir -p "$out/bin" "$out/share/http-trace-fuzz"
      cp target/tools/http-trace-fuzz "target/$host/tools/http-trace-fuzz-target" "$out/bin/"
      cp -r tests/fuzz/seeds tests/fuzz/regressions "$out/share/http-trace-fuzz/"
      runHook postInstall
    '';
  };
in
app {
  name = "fuzz";
  description = "Fuzzes the filter: inputs that are changed at random, guided by what they reach in its code";
  help = "${programs}/bin/http-trace-fuzz --help";
  text = ''
    export HTTP_TRACE_FUZZ_INPUTS=''${HTTP_TRACE_FUZZ_INPUTS:-${programs}/share/http-trace-fuzz}
    exec ${programs}/bin/http-trace-fuzz "$@"
  '';
}
