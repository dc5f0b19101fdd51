//! Any bytes as the configuration: accepted with every value in its range, or refused by lines that name a field.
//! `tests/config` says which values each field takes.

use http_trace_filter::{
    capture::redact::RedactConfig,
    config::{Config, ConfigError},
    delivery::options::CollectorConfig,
    json::Json,
};
use std::{ops::RangeInclusive, time::Duration};

/// Values of headers that hold this must not be shown: they may be secrets.
const SECRET: &str = "s3cret";

pub(crate) fn run(input: &[u8]) {
    match Config::parse(input) {
        Ok(config) => accepted(&config, input),
        Err(error) => refused(&error, input),
    }
}

fn accepted(config: &Config, input: &[u8]) {
    numbers(config);
    texts(config);
    let blank = input.trim_ascii().is_empty();
    assert!(blank || matches!(serde_json::from_slice(input), Ok(Json::Object(_))), "it is no JSON object");
    assert_eq!(Config::parse(input).as_ref(), Ok(config), "the same bytes, the same configuration");
    let summary = config.summary();
    assert!(is_line(&summary), "{summary:?}");
    let bare = Config {
        collector: CollectorConfig {
            headers: Vec::new(),
            path: config.collector.path.split('?').next().expect("a path").to_owned(),
            ..config.collector.clone()
        },
        redact: RedactConfig::default(),
        ..config.clone()
    };
    assert_eq!(summary, bare.summary(), "the summary depends on what may be secret");
}

fn numbers(config: &Config) {
    let Config { collector, batch, retry, queue, memory_max_bytes, capture, sampling, .. } = config;
    let within =
        |value: usize, range: RangeInclusive<usize>| assert!(range.contains(&value), "{value} not in {range:?}");
    let ms = |value: Duration, first, last| within(value.as_millis() as usize, first..=last);
    ms(collector.timeout, 1, 600_000);
    within(batch.max_records, 1..=10_000);
    within(batch.max_bytes, 1024..=67_108_864);
    ms(batch.linger, 1, 60_000);
    within(retry.max_attempts as usize, 1..=100);
    ms(retry.initial_backoff, 1, 600_000);
    ms(retry.max_backoff, 1, 3_600_000);
    within(queue.max_bytes, 1024..=1_073_741_824);
    within(queue.max_in_flight, 1..=1024);
    within(*memory_max_bytes, 65_536..=2_147_483_648);
    within(capture.max_body_bytes, 0..=67_108_864);
    assert!((0.0..=1.0).contains(&sampling.rate), "{}", sampling.rate);
    sampling.hosts.iter().for_each(|hosts| ms(hosts.interval, 100, 86_400_000));
}

/// What Envoy gets as headers of a request must be such.
fn texts(config: &Config) {
    let visible = |b: u8| b == b'\t' || (b' '..=b'~').contains(&b);
    let value = |text: &str| assert!(text.bytes().all(visible), "{text:?} is no header value");
    let name = |text: &str| {
        let token = |b: u8| b.is_ascii_graphic() && !b.is_ascii_uppercase() && !b"\"(),/:;<=>?@[\\]{}".contains(&b);
        assert!(!text.is_empty() && text.bytes().all(token), "{text:?} is no header name in lower case");
    };
    let Config { collector, capture, redact, sampling, .. } = config;
    for text in [&collector.cluster, &collector.authority].into_iter().chain(sampling.hosts.iter().map(|h| &h.cluster))
    {
        assert!(!text.is_empty());
        value(text);
    }
    assert!(collector.path.starts_with('/') && collector.path.bytes().all(|b| b.is_ascii_graphic()), "{collector:?}");
    for (header, text) in &collector.headers {
        name(header);
        value(text);
    }
    redact.headers.iter().for_each(|header| name(header));
    assert!(redact.query_params.iter().all(|parameter| !parameter.is_empty()));
    for pattern in &capture.content_types {
        let (kind, subtype) = pattern.split_once('/').expect("a media type");
        name(kind);
        name(subtype);
    }
}

fn refused(error: &ConfigError, input: &[u8]) {
    assert!(!error.problems.is_empty());
    for problem in &error.problems {
        assert!(is_line(problem), "{problem:?} is more than a line");
        let (path, why) = problem.split_once(": ").expect("`path: why`");
        assert!(!path.is_empty() && !why.is_empty(), "{problem:?}");
    }
    let line = error.to_string();
    if line.contains(SECRET) {
        let json = serde_json::from_slice(input).expect("what is not JSON is not shown");
        assert!(holds_secret(&json, &["collector", "headers"]), "{line:?} shows a header's value");
    }
}

/// One line of a log, without anything that a terminal would obey.
fn is_line(text: &str) -> bool {
    !text.contains(char::is_control)
}

/// Whether it stands anywhere but in values of members of this path.
fn holds_secret(json: &Json, path: &[&str]) -> bool {
    match json {
        Json::Text(text) => text.contains(SECRET),
        Json::List(list) => list.iter().any(|entry| holds_secret(entry, &["?"])),
        Json::Object(members) => members.iter().any(|(name, value)| {
            let inside = match path {
                [] => false,
                [first, rest @ ..] if first == name => holds_secret(value, rest),
                _ => holds_secret(value, &["?"]),
            };
            name.contains(SECRET) || inside
        }),
        _ => false,
    }
}
