//! What passes a real Envoy with three filters, each of which reports in another format to another collector: all three show it
//! alike.

use std::collections::BTreeMap;
use std::time::Duration;

use http_trace_e2e::wait;
use serde_json::{Value, json};

use crate::program::Program;
use crate::shown::{Lacks, differences};
use crate::traffic;

/// How much later than another one a filter may see the end of an exchange, in milliseconds: each asks the clock itself.
const APART: u64 = 2_000;

#[tokio::test]
async fn all_formats_show_the_traffic_alike() {
    let programs = [(); 3].map(|()| Program::start(&["--quiet"]));
    let [publish, apiclarity, otlp] = &programs;
    let capture = json!({"max_body_bytes": 4000, "oversize_body": "truncate"});
    let more = [
        (apiclarity.address, json!({"format": "apiclarity", "capture": capture})),
        (otlp.address, json!({"format": "otlp", "capture": capture})),
    ];
    let rig = traffic::rig_with(publish.address, &json!({"capture": capture}), &more).await;
    let count = traffic::send(&rig).await;
    for program in &programs {
        wait::until("every record", || program.exchange(count)).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(program.exchange(count + 1), None, "one record of each exchange");
    }
    let [publish, others @ ..] = [publish, apiclarity, otlp].map(|program| by_id(program, count));
    assert_eq!(publish.len(), count);
    for (format, shown) in ["apiclarity", "otlp"].into_iter().zip(others) {
        for (id, expected) in &publish {
            let shown = shown.get(id).unwrap_or_else(|| panic!("{format} has none of {id}"));
            let end = |exchange: &Value| exchange["end"].as_u64().expect("a time");
            assert!(end(shown).abs_diff(end(expected)) <= APART, "{format}: {shown}");
            let mut expected = expected.clone();
            expected["end"] = shown["end"].clone();
            let differences = differences(&expected, shown, Lacks::of(format));
            assert!(differences.is_empty(), "{format}: {}:\n  {}", expected["path"], differences.join("\n  "));
        }
    }
}

fn by_id(program: &Program, count: usize) -> BTreeMap<String, Value> {
    let exchanges = (1..=count).map(|number| program.exchange(number).expect("it is kept"));
    exchanges.map(|exchange| (exchange["id"].as_str().expect("an id").to_owned(), exchange)).collect()
}
