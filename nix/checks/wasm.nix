# Checks of the built wasm: same bytes, right size, nothing inside that should not be.
{
  pkgs,
  rust,
  sources,
  filter,
  faulty,
}:
let
  inherit (pkgs) lib;
  wasm = "${filter}/lib/http-trace-filter.wasm";

  # Another directory, HOME, core count and date.
  again = import ../filter.nix {
    inherit pkgs rust sources;
    name = "http-trace-filter-again";
    circumstances = {
      preConfigure = ''
        mkdir -p "$NIX_BUILD_TOP/another/deeper/directory"
        cp -r . "$NIX_BUILD_TOP/another/deeper/directory/copy"
        cd "$NIX_BUILD_TOP/another/deeper/directory/copy"
        find . -exec touch -d 2031-02-03T04:05:06Z {} +
        export HOME=$NIX_BUILD_TOP/another/home CARGO_HOME=$NIX_BUILD_TOP/another/cargo
        export SOURCE_DATE_EPOCH=1927951506 NIX_BUILD_CORES=1 TZ=Pacific/Auckland
      '';
    };
  };

  # The host functions that the wasm may ask of Envoy. Another one needs a thought: none of these changes traffic.
  imports = [
    "env.proxy_call_foreign_function"
    "env.proxy_define_metric"
    "env.proxy_dequeue_shared_queue"
    "env.proxy_done"
    "env.proxy_enqueue_shared_queue"
    "env.proxy_get_buffer_bytes"
    "env.proxy_get_current_time_nanoseconds"
    "env.proxy_get_header_map_pairs"
    "env.proxy_get_header_map_value"
    "env.proxy_get_property"
    "env.proxy_get_shared_data"
    "env.proxy_get_status"
    "env.proxy_grpc_call"
    "env.proxy_grpc_cancel"
    "env.proxy_grpc_close"
    "env.proxy_grpc_send"
    "env.proxy_grpc_stream"
    "env.proxy_http_call"
    "env.proxy_increment_metric"
    "env.proxy_log"
    "env.proxy_register_shared_queue"
    "env.proxy_resolve_shared_queue"
    "env.proxy_set_effective_context"
    "env.proxy_set_property"
    "env.proxy_set_shared_data"
    "env.proxy_set_tick_period_milliseconds"
  ];
  lines = name: entries: pkgs.writeText name (lib.concatStringsSep "\n" entries + "\n");
in
{
  build = filter;

  determinism = pkgs.runCommand "determinism" { } ''
    if ! cmp ${wasm} ${again}/lib/http-trace-filter.wasm; then
      echo "two builds of the same sources differ:"
      sha256sum ${wasm} ${again}/lib/http-trace-filter.wasm
      exit 1
    fi
    cmp ${filter}/lib/http-trace-filter.cdx.json ${again}/lib/http-trace-filter.cdx.json
    touch $out
  '';

  wasm = pkgs.runCommand "wasm" { nativeBuildInputs = [ pkgs.wabt ]; } ''
    size=$(stat -c %s ${wasm})
    echo "size: $size bytes of 150000"
    if [ "$size" -gt 150000 ]; then
      echo "too large: kubectl's client-side apply, and start-up, need a small module"
      exit 1
    fi
    switch=$(sed -n 's/^const HEADER: &str = "\(.*\)";$/\1/p' ${../../src/envoy/fault.rs})
    if [ -z "$switch" ] || ! grep --quiet --text --fixed-strings "$switch" ${faulty}/lib/http-trace-filter.wasm; then
      echo "the build with the feature fault has no switch \"$switch\", so it cannot be looked for here"
      exit 1
    fi
    if grep --quiet --text --fixed-strings "$switch" ${wasm}; then
      echo "the wasm has the switch $switch, by which a request ends the VM: build it without the feature fault"
      exit 1
    fi
    if grep --text --only-matching --max-count=3 '/nix/store[[:print:]]*' ${wasm}; then
      echo "these paths of the build are in the wasm; remap them"
      exit 1
    fi
    wasm-objdump --details --section Import ${wasm} | sed -n 's/.* <- //p' | sort > imports
    unexpected=$(comm -13 ${lines "imports" imports} imports)
    if [ ! -s imports ] || [ -n "$unexpected" ]; then
      echo "the wasm imports what it should not: ''${unexpected:-nothing could be listed}"
      exit 1
    fi
    wasm-objdump --details --section Export ${wasm} | sed -n 's/.* -> "\(.*\)"/\1/p' | sort > exports
    sort ${lines "exports" filter.exports} > expected
    diff --unified expected exports || { echo "the exports differ (expected: -)"; exit 1; }
    touch $out
  '';

  # The bytes are recorded for each toolchain that was tried: whoever builds the same sources can compare.
  sha256 =
    pkgs.runCommand "sha256"
      {
        nativeBuildInputs = [
          rust.toolchain
          pkgs.binaryen
        ];
      }
      ''
        toolchain="$(rustc --version), $(wasm-opt --version)"
        got=$(cut -d ' ' -f 1 ${wasm}.sha256)
        expected=$(sed -n "s/^\([0-9a-f]\{64\}\)  //p" ${../expected-sha256.txt} | grep -cFx "$toolchain" || true)
        if [ "$expected" = 0 ]; then
          echo "no hash is recorded for this toolchain; to record it, add to nix/expected-sha256.txt:"
          echo "$got  $toolchain"
        elif ! grep -Fx "$got  $toolchain" ${../expected-sha256.txt}; then
          echo "the wasm differs from the one recorded for this toolchain in nix/expected-sha256.txt:"
          grep -F "  $toolchain" ${../expected-sha256.txt}
          echo "if the sources changed, record instead:"
          echo "$got  $toolchain"
          exit 1
        fi
        touch $out
      '';
}
