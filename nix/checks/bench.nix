# The benchmark works: each case gives a row, and records where it should. Nothing is said about time: machines are noisy.
{
  pkgs,
  bench,
  filter,
}:
let
  recording = [
    "floor"
    "tap"
    "lua"
    "ours-1"
    "ours-64"
    "ours-h2"
    "http-trace-filter.wasm"
  ];
  silent = [
    "no-filter"
    "empty"
    "ours-sampled-0"
    "ours-1-refused"
    "ours-64-503"
  ];
  # What --filter names is measured anyway.
  named = pkgs.lib.filter (name: !pkgs.lib.hasSuffix ".wasm" name) (recording ++ silent);
in
{
  bench = pkgs.runCommand "bench" { nativeBuildInputs = [ pkgs.jq ]; } ''
    ${bench}/bin/http-trace-bench --rounds 1 --seconds 1 --cases ${pkgs.lib.concatStringsSep "," named} \
      --filter ${filter}/lib/http-trace-filter.wasm --json bench.json --svg bench.svg > table
    cat table
    check() {
      grep -q "^$1 " table || { echo "the table has no row $1"; exit 1; }
      jq --exit-status --arg case "$1" ".cases[] | select(.case == \$case).samples[0] | .streams > 0 and .records $2" \
        bench.json > answer || { echo "$1: what gave records, and what did not, is wrong:"; jq . bench.json; exit 1; }
    }
    for case in ${toString recording}; do check "$case" "> 0"; done
    for case in ${toString silent}; do check "$case" "== 0"; done
    bars=$(grep -c '<rect x=' bench.svg)
    [ "$bars" = ${
      toString (builtins.length (recording ++ silent) - 1)
    } ] || { echo "$bars bars"; cat bench.svg; exit 1; }

    ${bench}/bin/http-trace-bench --memory --requests 10000 --seconds 1 > memory
    cat memory
    grep -Eq '^ours-1: [0-9.]+ MB after [0-9]+ requests, [0-9.]+ MB after [0-9]+: [+-][0-9.]+ %$' memory
    touch $out
  '';
}
