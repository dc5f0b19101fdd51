# The end-to-end harness: bin/http-trace-e2e (the demo) and bin/http-trace-e2e-tests (every test, in one program).
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
    cargo build --frozen --profile tools --package http-trace-e2e --bins
    cargo test --frozen --profile tools --package http-trace-e2e --test e2e --no-run \
      --message-format json > messages.json
    runHook postBuild
  '';

  doCheck = true;
  checkPhase = ''
    cargo test --frozen --profile tools --package http-trace-e2e --lib --bins
  '';

  installPhase = ''
    runHook preInstall
    mkdir -p "$out/bin"
    cp target/tools/http-trace-e2e "$out/bin/"
    tests=$(jq -r 'select(.reason == "compiler-artifact" and .target.kind == ["test"]).executable' messages.json)
    cp "$tests" "$out/bin/http-trace-e2e-tests"
    runHook postInstall
  '';

  meta.mainProgram = "http-trace-e2e";
}
