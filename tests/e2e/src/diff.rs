//! Names each difference between what was expected and what came.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::message::{Headers, Message};

/// The differences between two JSON values, each with its path.
#[must_use]
pub fn json(expected: &Value, got: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    compare("", Some(expected), Some(got), &mut differences);
    differences
}

fn compare(path: &str, expected: Option<&Value>, got: Option<&Value>, differences: &mut Vec<String>) {
    match (expected, got) {
        (Some(Value::Object(expected)), Some(Value::Object(got))) => {
            let added = got.keys().filter(|key| !expected.contains_key(*key));
            for key in expected.keys().chain(added) {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                compare(&path, expected.get(key), got.get(key), differences);
            }
        }
        (Some(Value::Array(expected)), Some(Value::Array(got))) if !path.ends_with(']') => {
            for at in 0..expected.len().max(got.len()) {
                compare(&format!("{path}[{at}]"), expected.get(at), got.get(at), differences);
            }
        }
        (Some(Value::String(expected)), Some(Value::String(got))) if path.ends_with(".body") => {
            match (STANDARD.decode(expected), STANDARD.decode(got)) {
                (Ok(expected), Ok(got)) => differences.extend(bytes(path, &expected, &got)),
                (_, Err(error)) => differences.push(format!("{path}: not base64 ({error}): {}", short(got.as_bytes()))),
                (Err(error), _) => differences.push(format!("{path}: the expectation is not base64: {error}")),
            }
        }
        (expected, got) if expected == got => {}
        (expected, got) => {
            let show =
                |value: Option<&Value>| value.map_or("nothing".to_owned(), |value| abbreviate(&value.to_string()));
            differences.push(format!("{path}: expected {}, got {}", show(expected), show(got)));
        }
    }
}

/// The differences between what was seen without the filter and with it.
#[must_use]
pub fn messages(side: &str, without: &Message, with: &Message) -> Vec<String> {
    let mut differences = Vec::new();
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
    let mut differ = |what: &str, without: String, with: String| {
        if without != with {
            differences.push(format!("{side}: {what}: without the filter {without}, with it {with}"));
        }
    };
    differ("interim responses", format!("{:?}", without.interim), format!("{:?}", with.interim));
    differ("start line", text(&without.start), text(&with.start));
    differ("end", format!("{:?}", without.end), format!("{:?}", with.end));
    for (section, without, with) in
        [("header", &without.headers, &with.headers), ("trailer", &without.trailers, &with.trailers)]
    {
        let show = |headers: &Headers, at: usize| {
            let field = headers.get(at);
            field.map_or("nothing".to_owned(), |(name, value)| masked(&text(name), &text(value)))
        };
        for at in 0..without.len().max(with.len()) {
            differ(&format!("{section} {at}"), show(without, at), show(with, at));
        }
    }
    differences.extend(bytes(&format!("{side}: body with the filter"), &without.body, &with.body));
    differences
}

/// A field, without the value when that must differ between two exchanges.
fn masked(name: &str, value: &str) -> String {
    let varies = ["date", "x-envoy-upstream-service-time"].iter().any(|varies| name.eq_ignore_ascii_case(varies));
    format!("{name}: {}", if varies { "…" } else { value })
}

fn bytes(what: &str, expected: &[u8], got: &[u8]) -> Option<String> {
    if expected == got {
        return None;
    }
    let at = expected.iter().zip(got).position(|(a, b)| a != b).unwrap_or(expected.len().min(got.len()));
    let (expected_len, got_len) = (expected.len(), got.len());
    let show = |bytes: &[u8]| short(bytes.get(at..).unwrap_or_default());
    Some(format!(
        "{what}: expected {expected_len} bytes, got {got_len}; from byte {at}: expected {}, got {}",
        show(expected),
        show(got)
    ))
}

fn short(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(40)];
    format!("\"{}\"{}", shown.escape_ascii(), if bytes.len() > shown.len() { "…" } else { "" })
}

/// At most 300 characters of a text.
#[must_use]
pub fn abbreviate(text: &str) -> String {
    match text.char_indices().nth(300) {
        Some((at, _)) => format!("{}… ({} bytes)", &text[..at], text.len()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn names_the_path_of_each_difference() {
        let expected = json!({ "a": { "headers": [["x", "1"], ["y", "2"]], "body": "YWJj" }, "b": 1 });
        let got = json!({ "a": { "headers": [["x", "1"]], "body": "YWJk" }, "c": 1 });
        assert_eq!(
            super::json(&expected, &got),
            [
                "a.body: expected 3 bytes, got 3; from byte 2: expected \"c\", got \"d\"",
                "a.headers[1]: expected [\"y\",\"2\"], got nothing",
                "b: expected 1, got nothing",
                "c: expected nothing, got 1",
            ]
        );
        assert!(super::json(&expected, &expected).is_empty());
    }
}
