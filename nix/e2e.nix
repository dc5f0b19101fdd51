# The end-to-end harness: bin/http-trace-e2e (the demo), bin/http-trace-NAME-tests, a program for each test target (e2e,
# overlays …), and bin/http-trace-bench, bin/http-trace-chaos and bin/http-trace-soak, which share its crates.
{
  pkgs,
  rust,
  sources,
}:
rust.mkCargo {
  name = "http-trace-e2e";
  src = sources.rust;
  nativeBuildInputs = [ pkgs.jq ];

  buildPhase = ''
    runHook preBuild
    cargo build --frozen --profile tools --package http-trace-e2e --package http-trace-bench --package http-trace-chaos \
      --bins
    cargo test --frozen --profile tools --package http-trace-e2e --test '*' --no-run \
      --message-format json > messages.json
    runHook postBuild
  '';

  doCheck = true;
  checkPhase = ''
    cargo test --frozen --profile tools --package http-trace-e2e --package http-trace-bench --package http-trace-chaos \
      --lib --bins
  '';

  installPhase = ''
    runHook preInstall
    mkdir -p "$out/bin"
    cp target/tools/http-trace-{e2e,bench,chaos,soak} "$out/bin/"
    jq -r 'select(.reason == "compiler-artifact" and .target.kind == ["test"]) | "\(.target.name) \(.executable)"' \
      messages.json > programs
    [ -s programs ] || { echo "no test target was built"; exit 1; }
    while read -r name program; do
      cp "$program" "$out/bin/http-trace-$name-tests"
    done < programs
    runHook postInstall
  '';

  meta.mainProgram = "http-trace-e2e";
}
