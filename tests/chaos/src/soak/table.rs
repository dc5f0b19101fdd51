//! The table: a row a minute, and at least ten.

use http_trace_e2e::columns::align;

use crate::soak::latency::{Both, median};
use crate::soak::sample::Sample;

/// What the columns mean.
pub const LEGEND: &str = "\
Medians of the time since the row before, each of an Envoy without the filter and of one with it, which got the same
exchanges. resident: MB of the process. allocated: MB that Envoy's allocator gave out, without V8's. p50, p99: ms an
exchange. ratio: of the p50. rate: exchanges a second.";

/// The rows of a run of so many samples, as many samples in each.
#[must_use]
pub fn table(samples: &[Sample], per_row: usize) -> String {
    let head = ["min", "resident", "with", "allocated", "with", "p50", "with", "p99", "with", "ratio", "rate"];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    lines.extend(samples.chunks(per_row.max(1)).map(row));
    align(&lines)
}

fn row(samples: &[Sample]) -> Vec<String> {
    let of = |number: fn(&Sample) -> f64| median(samples.iter().map(number));
    let both = |number: fn(&Sample) -> Both<f64>, digits: usize| {
        let without = median(samples.iter().map(|sample| number(sample).without));
        let with = median(samples.iter().map(|sample| number(sample).with));
        [format!("{without:.digits$}"), format!("{with:.digits$}")]
    };
    let end = samples.last().map_or(0.0, |sample| sample.at / 60.0);
    let mut cells = vec![format!("{end:.1}")];
    cells.extend(both(|sample| sample.resident, 1));
    cells.extend(both(|sample| sample.allocated, 1));
    cells.extend(both(|sample| sample.p50, 2));
    cells.extend(both(|sample| sample.p99, 1));
    cells.push(format!("{:.2}", of(Sample::ratio)));
    cells.push(format!("{:.0}", of(|sample| sample.rate)));
    cells
}

#[cfg(test)]
mod tests {
    use super::table;
    use crate::soak::latency::Both;
    use crate::soak::sample::Sample;

    #[test]
    fn a_row_has_the_medians_of_its_samples() {
        let sample = |at: f64, with: f64| Sample {
            at,
            resident: Both { without: 70.0, with },
            allocated: Both { without: 5.0, with: 6.0 },
            p50: Both { without: 1.0, with: 1.5 },
            p99: Both { without: 4.0, with: 9.0 },
            rate: 123.0,
        };
        let samples = [sample(20.0, 100.0), sample(40.0, 300.0), sample(60.0, 101.0), sample(80.0, 102.0)];
        let expected = "\
min  resident   with  allocated  with   p50  with  p99  with  ratio  rate
1.0      70.0  101.0        5.0   6.0  1.00  1.50  4.0   9.0   1.50   123
1.3      70.0  102.0        5.0   6.0  1.00  1.50  4.0   9.0   1.50   123
";
        assert_eq!(table(&samples, 3), expected);
    }
}
