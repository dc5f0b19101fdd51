//! Redaction: a value that the configuration hides is in no record, in no encoding; all others are there.

use crate::input::Input;
use base64::{Engine, engine::general_purpose::STANDARD};
use http_trace_filter::{
    capture::{Capture, Facts, headers::Headers, redact::RedactConfig},
    format::FORMATS,
};
use std::sync::OnceLock;

const HIDDEN: &str = "h1ddenh1dden";
const SHOWN: &str = "v1sible";

/// Headers that may be hidden; some of them carry URLs, some stand elsewhere in a record too.
const NAMES: [&str; 8] =
    ["authorization", "cookie", "x-a", "referer", "location", "content-location", "x-request-id", "host"];
/// The same, and beginnings of names.
const HIDDEN_NAMES: [&str; 10] =
    ["authorization", "cookie", "x-a", "referer", "location", "content-location", "x-request-id", "host", "x-*", "*"];
const PARAMETERS: [&str; 6] = ["token", "a b", "\u{e9}", "=&#?", "%74oken", "+"];

/// How often a visible value was written where records show it, once each.
type Visible = usize;

struct Side {
    headers: Vec<(String, Vec<u8>)>,
    visible: Visible,
}

pub(crate) fn run(input: &[u8]) {
    let mut input = Input::new(input);
    let redact = RedactConfig {
        headers: (0..input.below(4)).map(|_| input.choose(&HIDDEN_NAMES).to_owned()).collect(),
        query_params: (0..input.below(4)).map(|_| input.choose(&PARAMETERS).to_owned()).collect(),
        ..RedactConfig::default()
    };
    let request = request(&mut input, &redact);
    let mut response = Side { headers: vec![(":status".to_owned(), b"200".to_vec())], visible: 0 };
    headers(&mut input, &redact, &mut response);
    let expected = request.visible + response.visible;
    let mut capture = Capture::default();
    capture.request_headers(Headers::from(request.headers));
    capture.response_headers(Headers::from(response.headers));
    let facts = Facts::default();
    for format in FORMATS {
        let bytes = format.encode(&capture.record(&facts, &redact));
        let is_json = !format.framings.is_empty();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!is_json || text.as_bytes() == bytes, "JSON is UTF-8");
        for needle in encodings() {
            assert!(!text.contains(needle.as_str()), "{format:?} with {redact:?} shows {needle:?}: {text}");
        }
        // Beside the list of headers the id and the host have fields of their own, which in these targets hold nothing visible. In
        // `otlp` the path has two.
        if !is_json {
            assert!(text.matches(SHOWN).count() >= expected, "{format:?} with {redact:?} hides too much: {text}");
            continue;
        }
        assert_eq!(text.matches(SHOWN).count(), expected, "{format:?} with {redact:?} hides too much: {text}");
    }
}

fn request(input: &mut Input<'_>, redact: &RedactConfig) -> Side {
    let mut side = Side { headers: Vec::new(), visible: 0 };
    if input.flag() {
        let (path, visible) = url(input, redact);
        side.headers.push((":path".to_owned(), path));
        side.visible += visible;
    }
    // In a record it is the header `host`.
    if input.flag() && hides(redact, "host") {
        side.headers.push((":authority".to_owned(), HIDDEN.into()));
    }
    headers(input, redact, &mut side);
    side
}

fn hides(redact: &RedactConfig, header: &str) -> bool {
    redact.headers.iter().any(|hidden| match hidden.split_once('*') {
        Some((start, _)) => header.starts_with(start),
        None => hidden == header,
    })
}

fn headers(input: &mut Input<'_>, redact: &RedactConfig, side: &mut Side) {
    for _ in 0..input.below(8) {
        let name = input.choose(&NAMES);
        let value = match name {
            _ if hides(redact, name) => marked(input, HIDDEN),
            "referer" | "location" | "content-location" => {
                let (url, visible) = url(input, redact);
                side.visible += visible;
                url
            }
            "x-request-id" => continue,
            _ => {
                side.visible += 1;
                marked(input, SHOWN)
            }
        };
        side.headers.push((name.to_owned(), value));
    }
}

/// Any bytes but the two of which each form of the markers has one: libFuzzer learns what is looked for, and would write it itself.
fn bytes(input: &mut Input<'_>) -> Vec<u8> {
    input.bytes().iter().copied().filter(|byte| !b"1Z".contains(byte)).collect()
}

/// The marker among other bytes.
fn marked(input: &mut Input<'_>, marker: &str) -> Vec<u8> {
    [bytes(input).as_slice(), marker.as_bytes(), bytes(input).as_slice()].concat()
}

/// A URL with hidden and visible parameters, and how many values of it are visible.
fn url(input: &mut Input<'_>, redact: &RedactConfig) -> (Vec<u8>, Visible) {
    let without = |bytes: &[u8], delimiters: &[u8]| -> Vec<u8> {
        bytes.iter().copied().filter(|b| !delimiters.contains(b)).collect()
    };
    let mut url = [b"/", without(&bytes(input), b"?#").as_slice(), b"?"].concat();
    let mut visible = 0;
    // After a value that is hidden, a semicolon may be part of it.
    let mut ends_hidden = false;
    for index in 0..input.below(6) {
        if index > 0 {
            let separators: &[u8] = if ends_hidden { b"&" } else { b"&;?" };
            url.push(input.choose(separators));
        }
        let hidden = redact.query_params.get(input.below(8)).filter(|_| input.flag());
        ends_hidden = hidden.is_some();
        if let Some(name) = hidden {
            hidden_field(input, name, &mut url);
        } else {
            // No name that is hidden begins like this, or is a part of it.
            url.extend_from_slice(b"other");
            url.extend(without(&bytes(input), b"&#;?=%+[]."));
            url.push(b'=');
            url.extend(without(&marked(input, SHOWN), b"&#;?"));
            visible += 1;
        }
    }
    if input.flag() {
        url.extend_from_slice(b"#");
        url.extend(without(&bytes(input), b"&"));
        if let Some(name) = redact.query_params.first() {
            url.push(b'&');
            hidden_field(input, name, &mut url);
        }
    }
    let parameters = |url: &[u8]| url.iter().filter(|b| **b == b'&').count();
    assert_eq!(parameters(&redact.url(&url)), parameters(&url), "{:?}", String::from_utf8_lossy(&url));
    (url, visible)
}

fn hidden_field(input: &mut Input<'_>, name: &str, url: &mut Vec<u8>) {
    let (before, after) = input.choose(&[("", ""), ("", "[]"), ("", "[a]"), ("a[", "]"), ("a.", "")]);
    let cased: String = name.chars().map(|c| if input.flag() { c.to_ascii_uppercase() } else { c }).collect();
    url.extend_from_slice(before.as_bytes());
    encode(input, &cased, url);
    url.extend_from_slice(after.as_bytes());
    url.push(b'=');
    url.extend(marked(input, HIDDEN).iter().filter(|b| !b"&#".contains(b)));
}

/// A parameter's name in one of the ways in which a client may write it.
fn encode(input: &mut Input<'_>, name: &str, url: &mut Vec<u8>) {
    for byte in name.bytes() {
        let literal = byte.is_ascii_alphanumeric();
        match input.below(3) {
            0 if literal => url.push(byte),
            0 if byte == b' ' => url.push(b'+'),
            1 => url.extend(format!("%{byte:02x}").bytes()),
            _ => url.extend(format!("%{byte:02X}").bytes()),
        }
    }
}

/// The hidden marker in all the ways in which it might slip through.
fn encodings() -> &'static [String] {
    static ENCODINGS: OnceLock<Vec<String>> = OnceLock::new();
    ENCODINGS.get_or_init(|| {
        // In base64 it looks different at each of three offsets; what neighbours change is cut off.
        let base64 = (0..3).map(|offset| {
            let encoded = STANDARD.encode([&"\0".repeat(offset), HIDDEN].concat());
            encoded[4..encoded.len() - 4].to_owned()
        });
        let hex = HIDDEN.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        let encodings: Vec<String> = [HIDDEN.to_owned(), hex].into_iter().chain(base64).collect();
        assert!(encodings.iter().all(|form| form.contains(['1', 'Z'])) && SHOWN.contains('1'), "see `bytes`");
        encodings
    })
}
