//! Any bytes as the configuration: accepted with every value in its range, or refused by lines that name a field.
//! `tests/config` tries the values that each field takes.

use http_trace_filter::{
    capture::{EXPORT_MARK, redact::RedactConfig},
    config::{Config, ConfigError, Field, Takes},
    delivery::options::CollectorConfig,
    json::{Json, reader::parse},
    sampling::options::{HostsConfig, SamplingConfig},
};
use serde_json::Value;
use std::sync::LazyLock;

/// Values of headers that hold this must not be shown: they may be secrets.
const SECRET: &str = "s3cret";

#[path = "../../config/agreement.rs"]
mod agreement;

pub(crate) fn run(input: &[u8]) {
    agreement::agree(input);
    match Config::parse(input) {
        Ok(config) => accepted(&config, input),
        Err(error) => refused(&error, input),
    }
}

fn accepted(config: &Config, input: &[u8]) {
    texts(config);
    if !input.trim_ascii().is_empty() {
        let json = serde_json::from_slice(input).expect("it is JSON");
        assert!(matches!(json, Value::Object(_)), "it is no JSON object");
        values(&json);
    }
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
        sampling: bare_sampling(config),
        ..config.clone()
    };
    assert_eq!(summary, bare.summary(), "the summary depends on what may be secret");
}

/// Without headers, which may hold secrets.
fn bare_sampling(config: &Config) -> SamplingConfig {
    let hosts = config.sampling.hosts.as_ref().map(|hosts| HostsConfig { headers: Vec::new(), ..hosts.clone() });
    SamplingConfig { hosts, ..config.sampling.clone() }
}

/// Every value that was accepted is one that the reference says its field takes.
fn values(json: &Value) {
    static REFERENCE: LazyLock<Vec<Field>> = LazyLock::new(Config::reference);
    for Field { path, takes, .. } in REFERENCE.iter() {
        let Some(value) = json.pointer(&format!("/{}", path.replace('.', "/"))) else { continue };
        // In any spelling.
        let whole = || value.as_f64().filter(|value| value.fract() == 0.0).map(|value| value as u64);
        let number = || value.as_u64().or_else(whole).and_then(|value| usize::try_from(value).ok());
        let text = |valid: fn(&str) -> bool| value.as_str().is_some_and(valid);
        let taken = match takes {
            Takes::Whole(range) => number().is_some_and(|number| range.contains(&number)),
            Takes::Share => value.as_f64().is_some_and(|share| (0.0..=1.0).contains(&share)),
            Takes::Bool => value.is_boolean(),
            Takes::Flag => value.is_boolean() || text(|text| text == "true" || text == "false"),
            Takes::Word(words) => words.iter().any(|word| value == word),
            Takes::Text => text(|text| !text.is_empty()),
            Takes::Path => text(|text| text.starts_with('/')),
            Takes::Names | Takes::Texts | Takes::MediaTypes => {
                value.as_array().is_some_and(|list| list.iter().all(Value::is_string))
            }
            Takes::Headers | Takes::Attributes => {
                value.as_object().is_some_and(|members| members.values().all(Value::is_string))
            }
            Takes::Statuses => value.as_array().is_some_and(|list| {
                let known = |entry: &Value| {
                    ["3xx", "4xx", "5xx"].iter().any(|class| entry == class)
                        || entry.as_f64().is_some_and(|status| (300.0..600.0).contains(&status))
                };
                list.iter().all(known)
            }),
            Takes::Section => value.is_boolean() || value.is_object(),
        };
        assert!(taken, "{path}: {value} was taken for {takes}");
    }
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
    for (header, text) in collector.headers.iter().chain(sampling.hosts.iter().flat_map(|hosts| &hosts.headers)) {
        name(header);
        value(text);
        assert!(!["host", "content-length", EXPORT_MARK].contains(&header.as_str()), "{header} is the filter's own");
    }
    assert!(config.batch.max_records == 1 || !config.format.one_a_request, "{config:?}");
    redact.headers.iter().for_each(|header| name(header));
    assert!(redact.query_params.iter().chain(&redact.body_fields).all(|parameter| !parameter.is_empty()));
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
        let json = parse(input).expect("what is not JSON is not shown");
        let paths: [&[&str]; 2] = [&["collector", "headers"], &["sampling", "hosts", "headers"]];
        assert!(paths.iter().all(|path| holds_secret(&json, path)), "{line:?} shows a header's value");
    }
}

/// One line of a log, without anything that a terminal would obey.
fn is_line(text: &str) -> bool {
    !text.contains(char::is_control)
}

/// Whether it stands anywhere but in values of members of this path.
fn holds_secret(json: &Json, path: &[&str]) -> bool {
    // Names of headers and media types are shown in lower case.
    let is_secret = |text: &str| text.to_ascii_lowercase().contains(SECRET);
    match json {
        Json::Text(text) => is_secret(text),
        Json::List(list) => list.iter().any(|entry| holds_secret(entry, &["?"])),
        Json::Object(members) => members.iter().any(|(name, value)| {
            let inside = match path {
                [] => false,
                [first, rest @ ..] if first == name => holds_secret(value, rest),
                _ => holds_secret(value, &["?"]),
            };
            is_secret(name) || inside
        }),
        _ => false,
    }
}
