//! Bodies with hidden fields: JSON, against serde_json; broken JSON; forms; parts of multipart bodies. What is hidden is
//! nowhere, everything else is the same.

use crate::input::Input;
use http_trace_filter::capture::redact::RedactConfig;
use serde_json::{Map, Value};

const HIDDEN: &str = "h1ddenh1dden";
const NAMES: [&str; 6] = ["token", "p\u{e4}ss\u{1f511}", "a b", "t\"\\/\n", "x", "token[]"];
/// What may stand around a name in a form.
const AROUND: [(&str, &str); 6] = [("", ""), ("a[", "]"), ("", "[]"), ("", "[a]"), ("a.b.", ""), ("a[0][", "]")];
const ENOUGH: usize = usize::MAX;

pub(crate) fn run(input: &[u8]) {
    let mut input = Input::new(input);
    let redact = RedactConfig {
        body_fields: (0..1 + input.below(3)).map(|_| input.choose(&NAMES).to_owned()).collect(),
        ..RedactConfig::default()
    };
    match input.below(5) {
        0 => json(&mut input, &redact),
        1 => broken_json(&mut input, &redact),
        2 => form(&mut input, &redact),
        3 => multipart(&mut input, &redact),
        _ => anything(&mut input, &redact),
    }
}

fn hide(redact: &RedactConfig, content_type: &str, body: &[u8]) -> Vec<u8> {
    let shown = redact.body(content_type.as_bytes(), body, ENOUGH).expect("a type that is looked at");
    assert!(shown.whole, "{:?} is not read", String::from_utf8_lossy(body));
    shown.bytes
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn is_hidden(redact: &RedactConfig, name: &str) -> bool {
    redact.body_fields.iter().any(|hidden| hidden.eq_ignore_ascii_case(name))
}

// === JSON ===

fn json(input: &mut Input<'_>, redact: &RedactConfig) {
    let mut text = Vec::new();
    for _ in 0..1 + input.below(2) {
        value(input, redact, false, 4, &mut text);
        text.push(b'\n');
    }
    let shown = hide(redact, "application/json", &text);
    assert!(!contains(&shown, HIDDEN), "{} shows it", String::from_utf8_lossy(&shown));
    let documents = |bytes: &[u8]| -> Vec<Value> {
        let documents = serde_json::Deserializer::from_slice(bytes).into_iter::<Value>();
        documents
            .map(|value| value.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(bytes))))
            .collect()
    };
    let expected: Vec<Value> = documents(&text).into_iter().map(|value| hidden(value, redact)).collect();
    assert_eq!(documents(&shown), expected, "{}", String::from_utf8_lossy(&text));
    let end = usize::from(input.byte()) % (text.len() + 1);
    if end > 0 {
        assert!(shown.starts_with(&hide(redact, "application/json", &text[..end])), "cut at {end}");
    }
}

/// What is to be shown of a value.
fn hidden(value: Value, redact: &RedactConfig) -> Value {
    match value {
        Value::Array(list) => list.into_iter().map(|value| hidden(value, redact)).collect(),
        Value::Object(members) => {
            let member = |(name, value): (String, Value)| match is_hidden(redact, &name) {
                true => (name, Value::String("[redacted]".to_owned())),
                false => (name, hidden(value, redact)),
            };
            Value::Object(members.into_iter().map(member).collect::<Map<_, _>>())
        }
        other => other,
    }
}

/// Writes any value; a secret one holds the marker, others never do.
fn value(input: &mut Input<'_>, redact: &RedactConfig, secret: bool, depth: usize, out: &mut Vec<u8>) {
    space(input, out);
    match input.below(if depth > 0 { 6 } else { 4 }) {
        0 => out.extend(input.choose(&["null", "true", "false"]).bytes()),
        1 => out.extend(format!("{}", input.number() as i64).bytes()),
        2 => out.extend_from_slice(input.choose(&["0", "-0.5e3", "1E+2"]).as_bytes()),
        3 => {
            let marker = if secret { HIDDEN } else { "" };
            let text = [text(input), marker.to_owned(), text(input)].concat();
            string(input, &text, out);
        }
        4 => list(input, b"[]", out, |input, out| value(input, redact, secret, depth - 1, out)),
        _ => list(input, b"{}", out, |input, out| {
            let name = match input.flag() {
                true => {
                    let name = input.choose(&NAMES);
                    cased(input, name)
                }
                false => text(input),
            };
            space(input, out);
            string(input, &name, out);
            space(input, out);
            out.push(b':');
            value(input, redact, secret || is_hidden(redact, &name), depth - 1, out);
        }),
    }
    space(input, out);
}

fn list(input: &mut Input<'_>, ends: &[u8; 2], out: &mut Vec<u8>, mut entry: impl FnMut(&mut Input<'_>, &mut Vec<u8>)) {
    out.push(ends[0]);
    for index in 0..input.below(4) {
        if index > 0 {
            out.push(b',');
        }
        entry(input, out);
    }
    out.push(ends[1]);
}

fn space(input: &mut Input<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(input.choose(&["", "", " ", "\n", "\r\n", "\t"]).as_bytes());
}

/// Never the marker, nor a part of it that could make one.
fn text(input: &mut Input<'_>) -> String {
    input.text().replace('h', "H")
}

/// Each character as it is, or escaped in one of the ways there are.
fn string(input: &mut Input<'_>, text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for character in text.chars() {
        let short = ['"', '\\', '/', '\u{8}', '\u{c}', '\n', '\r', '\t'].iter().position(|c| *c == character);
        let how = if character.is_ascii_alphanumeric() && HIDDEN.contains(character) { 2 } else { input.below(3) };
        let plain = !matches!(character, '"' | '\\' | '\0'..='\u{1f}');
        match (how, short) {
            (0, Some(index)) => out.extend([b'\\', b"\"\\/bfnrt"[index]]),
            (2, _) if plain => out.extend(character.to_string().bytes()),
            _ => {
                let upper = input.flag();
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let escape = if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") };
                    out.extend(escape.bytes());
                }
            }
        }
    }
    out.push(b'"');
}

fn cased(input: &mut Input<'_>, text: &str) -> String {
    text.chars().map(|c| if input.flag() { c.to_ascii_uppercase() } else { c }).collect()
}

/// Whatever stands before it, and whatever its value is: what follows a name is not shown.
fn broken_json(input: &mut Input<'_>, redact: &RedactConfig) {
    // What stands before it is shown, and what follows may be when the value has ended: never a part of the marker.
    let mut body = without(input.bytes(), b"\0h");
    while body.ends_with(b"\\") {
        body.pop();
    }
    let name = redact.body_fields[0].clone();
    let name = cased(input, &name);
    string(input, &name, &mut body);
    space(input, &mut body);
    body.push(b':');
    body.extend(without(input.bytes(), b",}]\0"));
    body.extend_from_slice(HIDDEN.as_bytes());
    body.extend(without(input.bytes(), b"\0h"));
    let shown = hide(redact, "text/plain", &body);
    assert!(!contains(&shown, HIDDEN), "{:?} is {:?}", String::from_utf8_lossy(&body), String::from_utf8_lossy(&shown));
}

fn without(bytes: &[u8], left_out: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(|byte| !left_out.contains(byte)).collect()
}

// === forms ===

fn form(input: &mut Input<'_>, redact: &RedactConfig) {
    let mut body = b"first=1".to_vec();
    let mut expected = body.clone();
    for _ in 0..input.below(6) {
        body.push(b'&');
        let start = body.len();
        let hidden = input.flag();
        let name = if hidden { redact.body_fields[0].clone() } else { "other".to_owned() };
        // A name that is listed with brackets is a whole one.
        let around = if name.contains('[') { &[("", "")][..] } else { &AROUND };
        let around = input.choose(around);
        let name = [around.0, &cased(input, &name), around.1].concat();
        encode(input, &name, &mut body);
        body.push(b'=');
        expected.push(b'&');
        expected.extend_from_slice(&body[start..]);
        let value = without(input.bytes(), if hidden { b"&" } else { b"&;" });
        body.extend_from_slice(&value);
        if hidden {
            body.extend_from_slice(HIDDEN.as_bytes());
        }
        expected.extend_from_slice(if hidden { b"[redacted]" } else { &value });
    }
    let shown = hide(redact, "application/x-www-form-urlencoded", &body);
    assert_eq!(
        String::from_utf8_lossy(&shown),
        String::from_utf8_lossy(&expected),
        "{}",
        String::from_utf8_lossy(&body)
    );
    let end = 1 + usize::from(input.byte()) % body.len();
    let cut = hide(redact, "application/x-www-form-urlencoded", &body[..end]);
    assert!(shown.starts_with(&cut), "cut at {end}");
}

fn encode(input: &mut Input<'_>, name: &str, out: &mut Vec<u8>) {
    for byte in name.bytes() {
        match input.below(3) {
            0 if byte.is_ascii_alphanumeric() || b"[].".contains(&byte) => out.push(byte),
            0 if byte == b' ' => out.push(b'+'),
            1 => out.extend(format!("%{byte:02x}").bytes()),
            _ => out.extend(format!("%{byte:02X}").bytes()),
        }
    }
}

// === multipart ===

fn multipart(input: &mut Input<'_>, redact: &RedactConfig) {
    let line = input.choose(&["\r\n", "\n"]);
    let mut body = Vec::new();
    let mut expected = Vec::new();
    for _ in 0..input.below(4) {
        let hidden = input.flag();
        let name = if hidden { redact.body_fields[0].as_str() } else { "other" };
        let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
        // A line break or a semicolon in a name would be percent-encoded.
        let name = if quoted.contains(['\n', '\\']) { percent(name) } else { quoted };
        let head =
            ["--b0undary", line, "content-disposition: form-data; name=\"", &name, "\"; filename=other", line, line]
                .concat();
        // No quotes: in what is shown, JSON is looked for. Nor a part of the marker there.
        let content = without(input.bytes(), if hidden { b"\"" } else { b"\"h" });
        let content = [&content[..], if hidden { HIDDEN.as_bytes() } else { &[] }, line.as_bytes()].concat();
        let ends = content.windows(10).any(|window| window == b"--b0undary");
        if ends {
            return;
        }
        body.extend([head.as_bytes(), &content].concat());
        expected.extend_from_slice(head.as_bytes());
        match hidden {
            true => expected.extend_from_slice(b"[redacted]"),
            false => expected.extend_from_slice(&content[..content.len() - line.len()]),
        }
        expected.extend_from_slice(line.as_bytes());
    }
    body.extend_from_slice(b"--b0undary--");
    expected.extend_from_slice(b"--b0undary--");
    let shown = hide(redact, "multipart/form-data; boundary=b0undary", &body);
    assert_eq!(String::from_utf8_lossy(&shown), String::from_utf8_lossy(&expected));
    let end = 1 + usize::from(input.byte()) % body.len();
    assert!(!contains(&hide(redact, "multipart/form-data; boundary=b0undary", &body[..end]), HIDDEN));
}

fn percent(name: &str) -> String {
    name.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat()
}

// === anything ===

/// Any bytes as any type: no more comes out than the bound, and of what holds no name that is hidden, all.
fn anything(input: &mut Input<'_>, redact: &RedactConfig) {
    let content_type = input.choose(&[
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=a",
        "multipart/form-data",
        "text/plain",
        "image/png",
        "",
    ]);
    let limit = usize::from(input.byte());
    let body = input.rest();
    let Some(all) = redact.body(content_type.as_bytes(), body, ENOUGH) else {
        assert_eq!(content_type, "image/png");
        return;
    };
    let some = redact.body(content_type.as_bytes(), body, limit).expect("looked at");
    assert_eq!(some.bytes, all.bytes[..all.bytes.len().min(limit)]);
    assert!(some.bytes.capacity() <= limit);
    assert_eq!(some.whole, all.whole && all.bytes.len() <= limit);
    let none = RedactConfig { body_fields: vec!["n\u{f8}t in there".to_owned()], ..RedactConfig::default() };
    let all = none.body(content_type.as_bytes(), body, ENOUGH).expect("looked at");
    assert!(!all.whole || all.bytes == body || contains(body, "t in there"));
}
