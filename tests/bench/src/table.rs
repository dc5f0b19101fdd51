//! The table on standard output.

use http_trace_e2e::columns::align;

use crate::results::Row;

/// What the columns mean.
pub(crate) const LEGEND: &str = "\
CPU: microseconds of the measured Envoy's CPU a request, as fast as it goes (median, lowest-highest of the rounds).
added: the same less that without a filter in the same round. req/s, p50, p99 (ms): as fast as it goes; paced: p50
and p99 with pauses between requests, so that Envoy is not busy all the time. resident, idle: MB of the process after
the load, and after the first request. start: ms from Envoy's start to the first record (of cases without, answer).
records: of a hundred requests.";

const HEAD: [&str; 12] =
    ["case", "CPU", "", "added", "", "req/s", "p50", "p99", "paced p50", "p99", "resident", "idle"];
const TAIL: [&str; 2] = ["start", "records"];

/// The table, a line a case.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut cells = vec![HEAD.iter().chain(&TAIL).map(|head| (*head).to_owned()).collect::<Vec<_>>()];
    cells.extend(rows.iter().map(line));
    align(&cells)
}

fn line(row: &Row) -> Vec<String> {
    let cpu = row.spread(|sample| sample.cpu);
    let (added, range) = row.added().map_or_else(
        || ("-".to_owned(), String::new()),
        |added| (format!("{:.0}", added.median), format!("{:.0}..{:.0}", added.low, added.high)),
    );
    vec![
        row.name.clone(),
        format!("{:.0}", cpu.median),
        format!("{:.0}..{:.0}", cpu.low, cpu.high),
        added,
        range,
        format!("{:.0}", row.median(|sample| sample.full.rate)),
        format!("{:.1}", row.median(|sample| sample.full.p50)),
        format!("{:.1}", row.median(|sample| sample.full.p99)),
        format!("{:.2}", row.median(|sample| sample.fixed.p50)),
        format!("{:.2}", row.median(|sample| sample.fixed.p99)),
        format!("{:.1}", row.median(|sample| sample.resident)),
        format!("{:.1}", row.median(|sample| sample.idle)),
        format!("{:.0}", row.median(|sample| sample.start)),
        format!("{:.1}", row.recorded()),
    ]
}

#[cfg(test)]
mod tests {
    use super::table;
    use crate::results::tests::some;

    #[test]
    fn aligns_its_columns() {
        let expected = "\
case       CPU            added          req/s  p50  p99  paced p50   p99  resident  idle  start  records
no-filter  200  100..300      -            100  1.0  2.0       1.00  2.00      50.0  40.0    300     25.0
ours-1     220  150..340     40  20..50    100  1.0  2.0       1.00  2.00      50.0  40.0    300     25.0
";
        assert_eq!(table(&some()), expected);
    }
}
