# bin/http-trace-ctl: the native tools, which use the filter's own code. One static program on Linux.
{
  pkgs,
  rust,
  sources,
}:
let
  crates = rust.mkCrates {
    name = "http-trace-ctl";
    static = true;
    buildPhase = "cargo build --frozen --profile tools --package http-trace-ctl";
  };
in
rust.mkStaticProgram {
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
    cp "$built/http-trace-ctl" "$out/bin/"
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
