# bin/http-trace-collector: takes the filter's records, and shows them. One static program on Linux.
{
  pkgs,
  rust,
  sources,
}:
let
  build = "cargo build --frozen --profile tools --package http-trace-collector";
  crates = rust.mkCrates {
    name = "http-trace-collector";
    static = true;
    buildPhase = build;
  };
in
rust.mkStaticProgram {
  name = "http-trace-collector";
  src = sources.collector;
  inherit crates;

  buildPhase = ''
    runHook preBuild
    ${build}
    runHook postBuild
  '';

  installPhase = ''
    runHook preInstall
    mkdir -p "$out/bin"
    cp "$built/http-trace-collector" "$out/bin/"
    runHook postInstall
  '';

  passthru = {
    inherit crates;
  };
  meta = {
    description = "Takes the filter's records in all formats, prints them, and shows them on a page";
    license = pkgs.lib.licenses.asl20;
    mainProgram = "http-trace-collector";
  };
}
