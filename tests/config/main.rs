//! Every row of the configuration's reference: its default, what it takes to the last value on either side, and the
//! refusal of anything else, with its path. A field of the reference that the tables do not name fails the last test.

mod refusals;
mod tables;

use http_trace_filter::{config::Config, json::Json};
use serde_json::Value;
use tables::{ACCEPTED, GOOD, NUMBERS, REFUSED, SECTIONS, TYPES, defaults, hosts};

/// `a.b` and 1 are `{"a":{"b":1}}`.
fn at(path: &str, value: &str) -> String {
    path.rsplit('.').fold(value.to_owned(), |inner, name| format!(r#"{{"{name}":{inner}}}"#))
}

fn accepts(path: &str, value: &str, set: impl FnOnce(&mut Config)) {
    let mut expected = defaults();
    set(&mut expected);
    assert_eq!(Config::parse(at(path, value).as_bytes()), Ok(expected), "{path}: {value}");
}

/// The problem is reported, and none with the good value that every other field has.
fn refuses(path: &str, value: &str, problem: &str) {
    let mut json: Value = serde_json::from_str(GOOD).expect("JSON");
    let field = json.pointer_mut(&format!("/{}", path.replace('.', "/")));
    *field.unwrap_or_else(|| panic!("{path} is missing")) = serde_json::from_str(value).expect(value);
    let error = Config::parse(json.to_string().as_bytes()).expect_err(&format!("{path}: {value}"));
    assert_eq!(error.problems, [format!("{path}: {problem}")], "{value}");
}

#[test]
fn every_row_has_its_default() {
    assert_eq!(Config::parse(b""), Ok(defaults()));
    assert_eq!(Config::parse(b"{}"), Ok(defaults()));
    for section in SECTIONS {
        accepts(section, "{}", |_| ());
    }
}

#[test]
fn every_number_is_taken_from_its_first_to_its_last_and_no_further() {
    for &(path, first, last, set) in NUMBERS {
        accepts(path, &first.to_string(), |config| set(config, first));
        accepts(path, &last.to_string(), |config| set(config, last));
        let takes = format!("takes a whole number from {first} to {last}");
        let below = first.checked_sub(1).map(|below| below.to_string());
        for outside in below.into_iter().chain([(last + 1).to_string(), u64::MAX.to_string(), "1e3".to_owned()]) {
            let got = if outside == "1e3" { "a fractional number" } else { &outside };
            refuses(path, &outside, &format!("got {got}, {takes}"));
        }
        for (_, value, got) in TYPES.iter().filter(|(kind, ..)| *kind != "whole") {
            refuses(path, value, &format!("got {got}, {takes}"));
        }
    }
}

#[test]
fn every_other_row_takes_its_values_and_refuses_the_rest() {
    for &(path, value, set) in ACCEPTED {
        accepts(path, value, set);
    }
    let sections = SECTIONS.map(|section| (section, &["object"][..], &[][..], "an object"));
    for (path, kinds, further, takes) in REFUSED.iter().copied().chain(sections) {
        for (kind, value, got) in TYPES.iter().filter(|(kind, ..)| !kinds.contains(kind)) {
            let secret = path == "collector.headers" && *kind == "string";
            let got = if secret { r#""…""# } else { got };
            refuses(path, value, &format!("got {got}, takes {takes}"));
        }
        for value in further {
            let got: Json = serde_json::from_str(value).expect(value);
            let value = if kinds.contains(&"list") { format!("[{value}]") } else { value.to_string() };
            refuses(path, &value, &format!("got {got}, takes {takes}"));
        }
    }
    for header in ["", "a b", "é", "a:"] {
        let problem = format!("got {header:?}, takes header names with string values, without line breaks");
        refuses("collector.headers", &format!(r#"{{"x-good":"b","{header}":"b"}}"#), &problem);
    }
    for value in [r#""b\u0000""#, r#""b\r""#, r#""é""#, "7", "null", "[]"] {
        let problem = r#"got "x-a", takes header names with string values, without line breaks"#;
        refuses("collector.headers", &format!(r#"{{"x-good":"b","x-a":{value}}}"#), problem);
    }
}

#[test]
fn a_long_value_is_cut_in_its_refusal() {
    let problem = |text: &str, shown: &str| {
        refuses("mesh", &format!("{text:?}"), &format!("got {shown}, takes one of istio, kuma, none"))
    };
    problem(&"é".repeat(60), &format!("{:?}", "é".repeat(60)));
    problem(&"é".repeat(61), &format!("{:?}…", "é".repeat(60)));
}

#[test]
fn no_section_takes_a_field_that_it_does_not_know() {
    for section in SECTIONS.iter().chain(&["sampling.hosts"]) {
        let error = Config::parse(at(section, r#"{"?":1}"#).as_bytes()).expect_err(section).to_string();
        assert!(error.starts_with(&format!("{section}.?: unknown field, takes one of ")), "{error}");
    }
}

#[test]
fn no_row_of_the_reference_is_missing_here() {
    for field in Config::reference() {
        let path = field.path.as_str();
        let number = NUMBERS.iter().any(|(other, ..)| *other == path);
        let other =
            ACCEPTED.iter().any(|(other, ..)| *other == path) && REFUSED.iter().any(|(other, ..)| *other == path);
        assert!(number || other, "{path} has no test");
        if serde_json::from_str::<Value>(&field.default).is_ok() {
            accepts(path, &field.default, |config| {
                if path.starts_with("sampling.hosts.") {
                    config.sampling.hosts = Some(hosts());
                }
            });
        }
    }
}
