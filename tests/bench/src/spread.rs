//! What several measurements of one thing say together.

/// The median of some measurements, and how far they lie apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    /// The lowest.
    pub(crate) low: f64,
    /// The one in the middle; of an even number the mean of both.
    pub(crate) median: f64,
    /// The highest.
    pub(crate) high: f64,
}

impl Spread {
    /// Of these measurements; `None`: there are none.
    pub(crate) fn of(measurements: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = measurements.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            *sorted.get(middle)?
        } else {
            f64::midpoint(*sorted.get(middle.checked_sub(1)?)?, *sorted.get(middle)?)
        };
        Some(Self { low: *sorted.first()?, median, high: *sorted.last()? })
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn of_none() {
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn of_an_odd_number_the_middle_one() {
        assert_eq!(Spread::of([9.0, -1.0, 2.0]), Some(Spread { low: -1.0, median: 2.0, high: 9.0 }));
        assert_eq!(Spread::of([4.0]), Some(Spread { low: 4.0, median: 4.0, high: 4.0 }));
    }

    #[test]
    fn of_an_even_number_the_mean_of_the_middle_two() {
        assert_eq!(Spread::of([4.0, 1.0, 100.0, 2.0]), Some(Spread { low: 1.0, median: 3.0, high: 100.0 }));
    }
}
