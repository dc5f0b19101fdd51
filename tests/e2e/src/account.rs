//! The identity of delivery (contract, section 5), checked on Envoy's own stats.

use std::collections::BTreeMap;

/// The prefix of the filter's stats.
pub const PREFIX: &str = "wasmcustom.http_trace_filter.";

/// Where a stream can have gone.
const PARTS: [&str; 8] = [
    "sampled_out",
    "exported",
    "dropped_queue_full",
    "dropped_rejected",
    "dropped_retries_exhausted",
    "dropped_too_large",
    "queued",
    "in_flight",
];

/// The number of streams, if each is accounted for: exported, dropped with a reason, or still waiting; and if nothing is
/// captured any more. So it is whenever no stream is open.
///
/// # Errors
/// Names what does not add up, with all numbers; or the stat that is missing.
pub fn accounted(stats: &BTreeMap<String, u64>) -> Result<u64, String> {
    let stat = |name: &str| {
        let value = stats.get(&format!("{PREFIX}{name}")).copied();
        value.ok_or_else(|| format!("Envoy has no stat {PREFIX}{name}"))
    };
    let streams = stat("streams")?;
    let mut sum = 0;
    for part in PARTS {
        sum += stat(part)?;
    }
    if streams != sum {
        return Err(format!("{streams} streams, but {sum} accounted for: {stats:?}"));
    }
    match stat("captured_bytes")? {
        0 => Ok(streams),
        bytes => Err(format!("no stream is open, but {bytes} bytes are captured: {stats:?}")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{PARTS, PREFIX, accounted};

    /// Each part has a number of its own, so that no two can be taken for one another.
    fn stats() -> BTreeMap<String, u64> {
        let parts = PARTS.iter().enumerate().map(|(at, part)| (*part, 1 << at));
        let all = parts.chain([("streams", 255), ("captured_bytes", 0)]);
        all.map(|(name, value)| (format!("{PREFIX}{name}"), value)).collect()
    }

    #[test]
    fn adds_up() {
        assert_eq!(accounted(&stats()), Ok(255));
    }

    #[test]
    fn notices_each_number_that_is_wrong_or_missing() {
        for name in stats().keys() {
            let mut wrong = stats();
            wrong.entry(name.clone()).and_modify(|value| *value += 1);
            assert!(accounted(&wrong).is_err(), "{name} is one more");
            let mut missing = stats();
            missing.remove(name);
            assert_eq!(accounted(&missing), Err(format!("Envoy has no stat {name}")));
        }
    }
}
