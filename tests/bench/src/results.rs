//! The samples of all rounds, and what they say about each case.

use serde_json::{Value, json};

use crate::case::Case;
use crate::measure::Sample;
use crate::spread::Spread;

/// A case and its samples, one a round.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// The case's name.
    pub(crate) name: String,
    /// The bytes of the body.
    pub(crate) body: usize,
    /// In the order of rounds.
    pub(crate) samples: Vec<Sample>,
    /// In each round, microseconds of CPU a request more than without a filter; `None`: it is without a filter.
    pub(crate) added: Option<Vec<f64>>,
}

impl Row {
    /// The spread of one of the figures.
    pub(crate) fn spread(&self, figure: impl Fn(&Sample) -> f64) -> Spread {
        Spread::of(self.samples.iter().map(figure)).unwrap_or(Spread { low: 0.0, median: 0.0, high: 0.0 })
    }

    /// The spread of the added CPU.
    pub(crate) fn added(&self) -> Option<Spread> {
        Spread::of(self.added.iter().flatten().copied())
    }

    /// The median of one of the figures.
    pub(crate) fn median(&self, figure: impl Fn(&Sample) -> f64) -> f64 {
        self.spread(figure).median
    }

    /// How many records a hundred requests gave.
    pub(crate) fn recorded(&self) -> f64 {
        let streams: u64 = self.samples.iter().map(|sample| sample.streams).sum();
        let records: u64 = self.samples.iter().map(|sample| sample.records).sum();
        records as f64 * 100.0 / streams.max(1) as f64
    }
}

/// Compares each case with the one without a filter, round by round.
pub(crate) fn rows(cases: &[Case], samples: Vec<Vec<Sample>>) -> Vec<Row> {
    let baselines: Vec<Option<Vec<f64>>> = cases
        .iter()
        .map(|case| {
            let at = cases.iter().position(|other| other.name == case.baseline() && other.name != case.name)?;
            Some(samples.get(at)?.iter().map(|sample| sample.cpu).collect())
        })
        .collect();
    let row = |((case, samples), baseline): ((&Case, Vec<Sample>), Option<Vec<f64>>)| {
        let added = |baseline: Vec<f64>| samples.iter().zip(baseline).map(|(sample, base)| sample.cpu - base).collect();
        let added = baseline.map(added);
        Row { name: case.name.clone(), body: case.body, added, samples }
    };
    cases.iter().zip(samples).zip(baselines).map(row).collect()
}

/// For `--json`.
pub(crate) fn json(rows: &[Row]) -> Value {
    let spread = |spread: Spread| json!({ "low": spread.low, "median": spread.median, "high": spread.high });
    let row = |row: &Row| {
        json!({
            "case": row.name,
            "body_bytes": row.body,
            "cpu_us_per_request": spread(row.spread(|sample| sample.cpu)),
            "added_cpu_us_per_request": row.added().map(spread),
            "samples": row.samples.iter().map(Sample::json).collect::<Vec<_>>(),
        })
    };
    rows.iter().map(row).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Row, json, rows};
    use crate::case::{Case, Exporter, Records, SMALL};
    use crate::measure::Sample;
    use crate::spread::Spread;
    use crate::wrk::Load;

    fn sample(cpu: f64) -> Sample {
        let load = Load { requests: 200, rate: 100.0, p50: 1.0, p99: 2.0, errors: 0, refused: 0 };
        Sample {
            cpu,
            full: load,
            fixed: load,
            streams: 200,
            records: 50,
            posts: 50,
            start: 300.0,
            idle: 40.0,
            resident: 50.0,
        }
    }

    fn case(name: &str) -> Case {
        let name = name.to_owned();
        Case { name, body: SMALL, exporter: Exporter::None, http2: false, records: Records::None, must_record: false }
    }

    /// Two cases, three rounds.
    pub(crate) fn some() -> Vec<Row> {
        let samples = [[100.0, 200.0, 300.0], [150.0, 220.0, 340.0]].map(|cpu| cpu.map(sample).to_vec());
        rows(&[case("no-filter"), case("ours-1")], samples.to_vec())
    }

    #[test]
    fn compares_within_each_round() {
        let rows = some();
        assert_eq!(rows[0].added(), None);
        assert_eq!(rows[1].added, Some(vec![50.0, 20.0, 40.0]));
        assert_eq!(rows[1].added(), Some(Spread { low: 20.0, median: 40.0, high: 50.0 }));
        assert_eq!(rows[1].spread(|sample| sample.cpu), Spread { low: 150.0, median: 220.0, high: 340.0 });
        assert_eq!(rows[1].recorded(), 25.0);
    }

    #[test]
    fn json_has_every_sample() {
        let json = json(&some());
        assert_eq!(json[1]["added_cpu_us_per_request"]["median"], 40.0);
        assert_eq!(json[1]["samples"].as_array().map(Vec::len), Some(3));
        assert!(json[0]["added_cpu_us_per_request"].is_null());
    }
}
