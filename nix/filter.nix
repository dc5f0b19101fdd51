# The filter: lib/http-trace-filter.wasm, its sha256, that of what wasm-opt made it of, and its bill of materials. The same
# bytes on every host.
{
  pkgs,
  rust,
  sources,
  # For the determinism check, which builds it a second time in other circumstances.
  name ? "http-trace-filter",
  circumstances ? { },
  # Of the crate. What is shipped has none.
  features ? [ ],
}:
let
  inherit (pkgs) lib;
  manifest = lib.importTOML ../Cargo.toml;

  # What Envoy calls. The SDK exports a callback for everything the ABI knows; the rest, and all that only the rest
  # needs, is taken out: a tenth of the size.
  exports = [
    "memory"
    "_initialize"
    "malloc"
    "proxy_abi_version_0_2_1"
    "proxy_on_context_create"
    "proxy_on_vm_start"
    "proxy_on_configure"
    "proxy_on_tick"
    "proxy_on_done"
    "proxy_on_log"
    "proxy_on_delete"
    "proxy_on_request_headers"
    "proxy_on_request_body"
    "proxy_on_request_trailers"
    "proxy_on_response_headers"
    "proxy_on_response_body"
    "proxy_on_response_trailers"
    "proxy_on_http_call_response"
  ];
  reachability = pkgs.writeText "exports.json" (
    builtins.toJSON (
      [
        {
          name = "envoy";
          root = true;
          reaches = exports;
        }
      ]
      ++ map (export: {
        name = export;
        inherit export;
      }) exports
    )
  );

  # Cargo.lock, for jq: the crates' hashes.
  lock = pkgs.writeText "cargo-lock.json" (builtins.toJSON (lib.importTOML ../Cargo.lock));

  rustcMetadata = pkgs.writeShellApplication {
    name = "rustc-metadata";
    runtimeInputs = [ pkgs.coreutils ];
    text = builtins.readFile ./rustc-metadata.sh;
  };
  cargoBuild = ''
    export RUSTC_WRAPPER=${rustcMetadata}/bin/rustc-metadata
    # Paths end up in panic messages: make them the same everywhere.
    export RUSTFLAGS="--remap-path-prefix=$PWD=/source --remap-path-prefix=${rust.vendor}=/vendor --remap-path-prefix=$CARGO_HOME=/cargo"
    cargo build --frozen --release --package http-trace-filter --lib --target wasm32-unknown-unknown \
      --message-format json-render-diagnostics'';
in
rust.mkCargo (
  {
    pname = name;
    inherit (manifest.workspace.package) version;
    src = sources.filter;
    crates = rust.mkCrates {
      name = "http-trace-filter";
      buildPhase = "${cargoBuild} > messages.json";
    };
    nativeBuildInputs = [
      pkgs.binaryen
      pkgs.jq
    ];

    buildPhase = ''
      runHook preBuild
      ${cargoBuild} --features "${lib.concatStringsSep "," features}" > messages.json
      wasm-metadce target/wasm32-unknown-unknown/release/http_trace_filter.wasm \
        --graph-file ${reachability} --output reachable.wasm > unused.txt
      # Low memory is unused: the linker puts the stack there, and its end is no object. Whole-program inference (gufa)
      # finds what of the SDK is never called. Together 4 % of the size. Functions that only one place calls are not merged
      # into it when they are long: what Envoy's memory grows by while V8 compiles, and does not give back, depends on the
      # longest functions.
      wasm-opt -Oz --converge --gufa-optimizing --low-memory-unused --one-caller-inline-max-function-size=60 \
        --strip-debug --strip-producers \
        reachable.wasm --output http-trace-filter.wasm
      runHook postBuild
    '';

    installPhase = ''
      runHook preInstall
      mkdir -p "$out/lib"
      cp http-trace-filter.wasm "$out/lib/"
      (cd "$out/lib" && sha256sum http-trace-filter.wasm > http-trace-filter.wasm.sha256)
      # What Rust alone decides, whatever the version of wasm-opt.
      (cd target/wasm32-unknown-unknown/release && sha256sum http_trace_filter.wasm > "$out/lib/http-trace-filter.rustc.sha256")
      cargo metadata --frozen --format-version 1 --filter-platform wasm32-unknown-unknown > metadata.json
      cargo tree --frozen --package http-trace-filter --edges normal --target wasm32-unknown-unknown --no-dedupe \
        --prefix depth > tree
      jq --null-input --from-file ${./sbom.jq} --slurpfile metadata metadata.json \
        --rawfile tree tree --argjson lock "$(cat ${lock})" \
        --arg sha256 "$(sha256sum < "$out/lib/http-trace-filter.wasm" | cut -d ' ' -f 1)" \
        --argjson tools "$(jq --null-input --arg rustc "$(rustc --version)" --arg wasm_opt "$(wasm-opt --version)" \
          '{rustc: $rustc, "wasm-opt": $wasm_opt} | map_values(sub("^(rustc|wasm-opt version) "; ""))')" \
        messages.json > "$out/lib/http-trace-filter.cdx.json"
      echo "http-trace-filter.wasm: $(stat -c %s "$out/lib/http-trace-filter.wasm") bytes"
      runHook postInstall
    '';

    passthru = {
      inherit exports;
    };
    meta = {
      description = manifest.package.description;
      license = lib.licenses.asl20;
    };
  }
  // circumstances
)
