# Two minutes of faults, always the same ones; and a minute of steady load, of which no slope is judged: that takes longer.
{
  pkgs,
  chaos,
  soak,
}:
{
  chaos = pkgs.runCommand "chaos" { nativeBuildInputs = [ pkgs.jq ]; } ''
    ${chaos}/bin/http-trace-chaos --minutes 2 --seed 1 > chaos || { cat chaos; exit 1; }
    cat chaos
    [ "$(head -n 1 chaos)" = "chaos: --minutes 2 --seed 1" ]
    [ "$(tail -n 1 chaos)" = "chaos: passed" ]
    grep -Eq '^lost +0$' chaos
    for fault in killed stalled slowed "answers garbage" resets "answers 400" "closes half way"; do
      grep -Eq "^ +[1-9][0-9]*  collector $fault$" chaos || { echo "the collector never $fault"; exit 1; }
    done
    for fault in "upstream killed" "upstream cut" "upstream slowed" "configuration changed" "configuration refused"; do
      grep -Eq "^ +[1-9][0-9]*  $fault$" chaos || { echo "never: $fault"; exit 1; }
    done

    ${soak}/bin/http-trace-soak --minutes 1 --svg soak.svg --json soak.json > soak || { cat soak; exit 1; }
    cat soak
    [ "$(tail -n 1 soak)" = "soak: passed" ]
    rows=$(grep -Ec '^[0-9]+\.[0-9]( +[0-9.]+){10}$' soak)
    [ "$rows" -ge 10 ] || { echo "the table has $rows rows"; exit 1; }
    jq --exit-status '(.samples | length) >= 10 and all(.samples[]; .resident_mb.with > 0 and .p50_ms.without > 0)
      and .exchanges > 100 and (.growth.memory_share | type) == "number" and .failed == []' soak.json > answer ||
      { jq . soak.json; exit 1; }
    lines=$(grep -c '<polyline' soak.svg)
    [ "$lines" = 6 ] || { echo "$lines lines"; cat soak.svg; exit 1; }
    touch $out
  '';
}
