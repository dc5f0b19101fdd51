//! Configurations of the filter, decided by the seed: none of them loses a record while the faults of a [`crate::plan`] last.

use fastrand::Rng;
use http_trace_filter::format::FORMATS;
use serde_json::{Value, json};

/// How long the filter waits for the collector.
pub const TIMEOUT_MS: u64 = 3_000;

/// Bytes of bodies and records that a worker may hold.
pub const BUDGET: u64 = 64 << 20;

/// Number `number`, which differs from all others. Number zero is the first.
#[must_use]
pub fn valid(random: &mut Rng, number: usize) -> String {
    let one = |random: &mut Rng, values: &[Value]| values[random.usize(0..values.len())].clone();
    // Those whose records can be read here: JSON.
    let formats: Vec<_> = FORMATS.into_iter().filter(|format| !format.framings.is_empty()).collect();
    let format = formats[random.usize(0..formats.len())];
    let most = if format.one_a_request { 1 } else { 4 };
    let max_records = one(random, &[json!(1), json!(2), json!(16), json!(200)][..most]);
    let mut configuration = json!({
        "format": format.name,
        "collector": { "timeout_ms": TIMEOUT_MS, "headers": { "x-configuration": number.to_string() } },
        "batch": {
            "max_records": max_records,
            "max_bytes": one(random, &[json!(4096), json!(65_536), json!(1_048_576)]),
            "linger_ms": one(random, &[json!(1), json!(20), json!(300)]),
        },
        // An outage may last for several faults.
        "retry": { "max_attempts": 100, "initial_backoff_ms": 50, "max_backoff_ms": 400 },
        "queue": { "max_bytes": BUDGET, "max_in_flight": one(random, &[json!(1), json!(8), json!(64)]) },
        "memory": { "max_bytes": BUDGET },
        "capture": {
            "max_body_bytes": one(random, &[json!(0), json!(100), json!(1_000_000)]),
            "oversize_body": one(random, &[json!("truncate"), json!("drop")]),
            "request_body": random.bool(),
            "response_body": random.bool(),
        },
        "redact": { "headers": one(random, &[json!([]), json!(["x-number"]), json!(["cookie"])]) },
        "mesh": one(random, &[json!("istio"), json!("kuma"), json!("none")]),
    });
    if max_records != 1 {
        configuration["batch"]["framing"] = one(random, &[json!("ndjson"), json!("array")]);
    }
    configuration.to_string()
}

/// One that the filter must refuse; number `number`, which differs from all others.
#[must_use]
pub fn invalid(random: &mut Rng, number: usize) -> String {
    let bad = [
        json!({ "formt": "publish" }),
        json!({ "format": "protobuf" }),
        json!({ "batch": { "max_records": 0 } }),
        json!({ "queue": { "max_in_flight": "many" } }),
        json!({ "retry": { "max_attempts": 101 } }),
        json!([]),
    ];
    let bad = bad[random.usize(0..bad.len())].to_string();
    // Blanks mean nothing to the filter, and another configuration to Envoy.
    let cut = if random.u32(0..4) == 0 { &bad[..bad.len() - 1] } else { &bad };
    format!("{cut}{}", " ".repeat(number))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use fastrand::Rng;
    use http_trace_filter::config::Config;

    use super::{invalid, valid};

    #[test]
    fn the_filter_takes_each_valid_one_and_refuses_each_invalid_one() {
        let mut random = Rng::with_seed(1);
        let mut all = BTreeSet::new();
        for number in 0..500 {
            let configuration = valid(&mut random, number);
            assert!(Config::parse(configuration.as_bytes()).is_ok(), "{configuration}");
            assert!(all.insert(configuration));
            let configuration = invalid(&mut random, number);
            assert!(Config::parse(configuration.as_bytes()).is_err(), "{configuration}");
            assert!(all.insert(configuration));
        }
    }
}
