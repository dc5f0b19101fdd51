# bin/http-trace-ctl: the native tools, which use the filter's own code.
{
  pkgs,
  rust,
  sources,
}:
let
  crates = rust.mkCrates {
    name = "http-trace-ctl";
    buildPhase = "cargo build --frozen --profile tools --package http-trace-ctl";
  };
in
rust.mkProgram {
  name = "http-trace-ctl";
  src = sources.ctl;
  inherit crates;

  buildPhase = ''
    runHook preBuild
    cargo build --frozen --profile tools --package http-trace-ctl
    runHook postBuild
  '';

  installPhase = ''
    runHook preInstall
    mkdir -p "$out/bin"
    cp target/tools/http-trace-ctl "$out/bin/"
    runHook postInstall
  '';

  passthru = {
    inherit crates;
  };
  meta = {
    description = "Native tools of http-trace-filter";
    license = pkgs.lib.licenses.asl20;
    mainProgram = "http-trace-ctl";
  };
}
