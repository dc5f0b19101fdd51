# bin/http-trace-ctl: the native tools, which use the filter's own code.
{
  pkgs,
  rust,
  sources,
}:
rust.mkCargo {
  name = "http-trace-ctl";
  src = sources.rust;

  buildPhase = ''
    runHook preBuild
    cargo build --frozen --profile tools --package http-trace-ctl
    runHook postBuild
  '';

  doCheck = true;
  checkPhase = ''
    cargo test --frozen --profile tools --package http-trace-ctl
  '';

  installPhase = ''
    runHook preInstall
    mkdir -p "$out/bin"
    cp target/tools/http-trace-ctl "$out/bin/"
    runHook postInstall
  '';

  meta = {
    description = "Native tools of http-trace-filter";
    license = pkgs.lib.licenses.asl20;
    mainProgram = "http-trace-ctl";
  };
}
