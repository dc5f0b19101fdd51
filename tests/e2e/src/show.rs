//! A record as a person wants to read it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_trace_e2e::collector::Post;
use serde_json::Value;

use crate::paint;

/// How much of a body is shown: bytes, and lines.
const SHOWN: usize = 320;
const LINES: usize = 8;

/// The record, as indented lines.
pub(crate) fn record(record: &Value) -> String {
    let text = |value: &Value| clean(value.as_str().unwrap_or("?"));
    let (request, response) = (&record["scnt_request"], &record["scnt_response"]);
    let status = text(&response["status_code"]);
    let mut lines = vec![
        format!(
            "  {} {} {} {}",
            paint::bold(&format!("{} {}", text(&request["method"]), text(&request["path"]))),
            paint::dim(&text(&request["version"])),
            paint::dim("→"),
            paint::status(if status == "0" { "no response" } else { &status }),
        ),
        paint::dim(&format!(
            "  {} → {} · {} · request {}",
            text(&record["source_address"]),
            text(&record["destination_address"]),
            text(&record["scheme"]),
            text(&record["request_id"]),
        )),
    ];
    half(">", request, &mut lines);
    half("<", response, &mut lines);
    lines.join("\n")
}

/// What the collector received, in whichever of the filter's formats.
pub(crate) fn post(post: &Post) -> String {
    match post.json() {
        Ok(json) if json["scnt_request"].is_object() => record(&json),
        Ok(json) => indented(&format!("{json:#}")),
        Err(_) => indented(&String::from_utf8_lossy(&post.message.body)),
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {}", clean(line))).collect::<Vec<_>>().join("\n")
}

/// How many bytes of bodies a record holds.
pub(crate) fn body_bytes(record: &Value) -> usize {
    ["scnt_request", "scnt_response"].iter().map(|half| decoded(&record[half]).len()).sum()
}

fn decoded(half: &Value) -> Vec<u8> {
    STANDARD.decode(half["body"].as_str().unwrap_or_default()).unwrap_or_default()
}

fn half(sign: &str, half: &Value, lines: &mut Vec<String>) {
    for header in half["headers"].as_array().map_or(&[][..], Vec::as_slice) {
        let field = |at: usize| clean(header[at].as_str().unwrap_or("?"));
        lines.push(paint::dim(&format!("    {sign} {}: {}", field(0), field(1))));
    }
    let body = decoded(half);
    for line in body_lines(&body) {
        lines.push(format!("    {sign} {line}"));
    }
    let hidden = body.len().saturating_sub(SHOWN);
    let truncated = half["truncated_body"] == true;
    let mut notes = Vec::new();
    if hidden > 0 {
        notes.push(format!("{} bytes in the record", grouped(body.len())));
    }
    if truncated {
        notes.push("truncated: the body was longer".to_owned());
    }
    if !notes.is_empty() {
        lines.push(paint::note(&format!("    {sign} … {}", notes.join("; "))));
    }
}

/// The start of a body: as text if it is text, else in hex.
fn body_lines(body: &[u8]) -> Vec<String> {
    let shown = &body[..body.len().min(SHOWN)];
    let text = match std::str::from_utf8(shown) {
        Ok(text) => Some(text),
        // The cut may have split the last character.
        Err(error) if body.len() > SHOWN && error.error_len().is_none() => {
            std::str::from_utf8(&shown[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    };
    let is_text = |text: &&str| !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
    if let Some(text) = text.filter(is_text) {
        return text.lines().take(LINES).map(|line| line.replace('\t', "    ")).collect();
    }
    let row = |bytes: &[u8]| {
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let printable = |byte: &u8| if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '.' };
        format!("{:<47}  {}", hex.join(" "), bytes.iter().map(printable).collect::<String>())
    };
    shown.chunks(16).take(2).map(row).collect()
}

/// Text without control characters, which could write anywhere on a terminal.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// A number with commas between its thousands.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn groups_thousands() {
        assert_eq!([7, 123, 1234, 1_000_000].map(super::grouped), ["7", "123", "1,234", "1,000,000"]);
    }

    #[test]
    fn shows_text_as_text_and_bytes_in_hex() {
        assert_eq!(super::body_lines("a\tb\né".as_bytes()), ["a    b", "é"]);
        assert_eq!(super::body_lines(&[0, 0xff, b'A']), [format!("{:<47}  ..A", "00 ff 41")]);
        let cut_in_a_character = format!("{}é", "x".repeat(319));
        assert_eq!(super::body_lines(cut_in_a_character.as_bytes()), ["x".repeat(319)]);
    }

    #[test]
    fn cleans_what_could_steer_a_terminal() {
        assert_eq!(super::clean("a\u{1b}[2Jb"), "a\u{fffd}[2Jb");
    }
}
