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

  # Another directory, HOME, core count and date; and all crates compiled anew.
  again = import ../filter.nix {
    inherit pkgs rust sources;
    name = "http-trace-filter-again";
    circumstances = {
      crates = null;
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

  # The host functions that the wasm asks of Envoy: these and no others. Another one needs a thought: none of these changes
  # traffic. Those of gRPC and of queues are what the SDK does when a context is deleted.
  imports = [
    "env.proxy_define_metric"
    "env.proxy_dequeue_shared_queue"
    "env.proxy_done"
    "env.proxy_get_buffer_bytes"
    "env.proxy_get_current_time_nanoseconds"
    "env.proxy_get_header_map_pairs"
    "env.proxy_get_header_map_value"
    "env.proxy_get_property"
    "env.proxy_get_status"
    "env.proxy_grpc_cancel"
    "env.proxy_grpc_close"
    "env.proxy_grpc_send"
    "env.proxy_http_call"
    "env.proxy_increment_metric"
    "env.proxy_log"
    "env.proxy_register_shared_queue"
    "env.proxy_set_effective_context"
    "env.proxy_set_tick_period_milliseconds"
  ];
  # The version of Rust that the flake pins; the stand-in of nix/debian may have Debian's instead.
  pinned = (lib.importTOML ../rust-toolchain.toml).toolchain.channel;
  recorded = ../expected-sha256.txt;
  lines = name: entries: pkgs.writeText name (lib.concatStringsSep "\n" entries + "\n");
  runWithTools =
    name:
    pkgs.runCommand name {
      nativeBuildInputs = [
        rust.toolchain
        pkgs.binaryen
        pkgs.diffutils
        pkgs.wabt
      ];
    };
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

  wasm = runWithTools "wasm" ''
    size=$(stat -c %s ${wasm})
    # An older compiler may make a tenth more of it.
    bound=165000
    case $(rustc --version) in "rustc ${pinned} "*) bound=150000 ;; esac
    echo "size: $size bytes of $bound"
    if [ "$size" -gt "$bound" ]; then
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
    diff --unified ${lines "imports" imports} imports || { echo "the imports differ (expected: -)"; exit 1; }
    wasm-objdump --details --section Export ${wasm} | sed -n 's/.* -> "\(.*\)"/\1/p' | sort > exports
    sort ${lines "exports" filter.exports} > expected
    diff --unified expected exports || { echo "the exports differ (expected: -)"; exit 1; }
    touch $out
  '';

  # The bytes are recorded for each toolchain that was tried: whoever builds the same sources can compare. What rustc makes
  # must be recorded for the Rust that the flake pins; other versions of Rust and of wasm-opt may have other bytes.
  sha256 = runWithTools "sha256" ''
    status=0
    # compare FILE.sha256 TOOLCHAIN [MUST]: MUST says that a hash must be recorded for it.
    compare() {
      got="$(cut -d ' ' -f 1 "$1")  $2"
      if grep -Fx "$got" ${recorded}; then
        return
      elif cut -d ' ' -f 3- ${recorded} | grep -qFx "$2"; then
        echo "the wasm differs from the one recorded for this toolchain in nix/expected-sha256.txt:"
        grep -F "  $2" ${recorded}
        echo "if the sources changed, record instead:"
        status=1
      else
        echo "no hash is recorded for this toolchain; to record it, add to nix/expected-sha256.txt:"
        [ -z "''${3-}" ] || status=1
      fi
      echo "$got"
    }
    rustc=$(rustc --version)
    must=
    case $rustc in "rustc ${pinned} "*) must=1 ;; esac
    compare ${filter}/lib/http-trace-filter.rustc.sha256 "$rustc" "$must"
    compare ${wasm}.sha256 "$rustc, $(wasm-opt --version)"
    [ "$status" = 0 ]
    touch $out
  '';
}
