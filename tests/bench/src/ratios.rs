//! The comparisons that matter: ours against the way of doing the same that it is measured by.

use crate::measure::Sample;
use crate::results::Row;
use crate::spread::Spread;

/// What is compared of two cases.
#[derive(Clone, Copy, Debug)]
enum Figure {
    /// The added CPU.
    Added,
    /// The 99th percentile of latency at a fixed pace.
    P99,
}

/// One case's figure over another's.
const RATIOS: [(&str, Figure, &str); 15] = [
    ("ours-1", Figure::Added, "floor"),
    ("ours-1", Figure::P99, "floor"),
    ("ours-64", Figure::Added, "tap"),
    ("ours-64", Figure::P99, "no-filter"),
    ("ours-sampled-0", Figure::Added, "empty"),
    ("otlp-1", Figure::Added, "ours-1"),
    ("otlp-64", Figure::Added, "ours-64"),
    ("ours-1-refused", Figure::Added, "ours-1"),
    ("ours-1-503", Figure::Added, "ours-1"),
    ("ours-64-refused", Figure::Added, "ours-64"),
    ("ours-64-503", Figure::Added, "ours-64"),
    ("ours-1-16k", Figure::Added, "tap-16k"),
    ("ours-64-16k", Figure::Added, "tap-16k"),
    ("ours-1-1m", Figure::Added, "tap-1m"),
    ("ours-64-1m", Figure::Added, "tap-1m"),
];

/// A line for each comparison of which both cases were measured; within each round, so that a slow one counts alike.
pub(crate) fn ratios(rows: &[Row]) -> String {
    let lines = RATIOS.iter().filter_map(|(ours, figure, other)| {
        let (over, under) = (figures(rows, ours, *figure)?, figures(rows, other, *figure)?);
        let ratio = Spread::of(over.iter().zip(under).map(|(over, under)| over / under))?;
        let name = match figure {
            Figure::Added => "added CPU",
            Figure::P99 => "paced p99",
        };
        let Spread { low, median, high } = ratio;
        Some(format!("{name} of {ours:14} {median:5.2} times that of {other} ({low:.2}..{high:.2})\n"))
    });
    lines.collect()
}

fn figures(rows: &[Row], name: &str, figure: Figure) -> Option<Vec<f64>> {
    let row = rows.iter().find(|row| row.name == name)?;
    let p99 = |sample: &Sample| sample.fixed.p99;
    Some(match figure {
        Figure::Added => row.added.clone()?,
        Figure::P99 => row.samples.iter().map(p99).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::ratios;
    use crate::results::tests::some;

    #[test]
    fn compares_what_was_measured() {
        let mut rows = some();
        assert_eq!(ratios(&rows), "");
        let floor =
            crate::results::Row { name: "floor".to_owned(), added: Some(vec![25.0, 40.0, 80.0]), ..rows[1].clone() };
        rows.push(floor);
        // 50 / 25, 20 / 40, 40 / 80
        let expected = "\
added CPU of ours-1          0.50 times that of floor (0.50..2.00)
paced p99 of ours-1          1.00 times that of floor (1.00..1.00)
";
        assert_eq!(ratios(&rows), expected);
    }
}
