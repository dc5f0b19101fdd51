//! What a text that is no JSON probably is.

use http_trace_filter::config::ConfigError;

/// The beginnings by which a text in another encoding is known.
const UTF_8_MARK: &[u8] = b"\xef\xbb\xbf";
const UTF_16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// How to make JSON of what was given, where that can be guessed.
pub(super) fn hint(text: &[u8], error: &ConfigError) -> Option<&'static str> {
    let [problem] = error.problems.as_slice() else { return None };
    if !problem.contains("not JSON") {
        return None;
    }
    if text.starts_with(UTF_8_MARK) {
        return Some("the file begins with a byte order mark: save it as UTF-8 without one");
    }
    if UTF_16_MARKS.iter().any(|mark| text.starts_with(mark)) || text.iter().take(4).any(|byte| *byte == 0) {
        return Some("the file is in UTF-16: save it as UTF-8");
    }
    if is_yaml(text) {
        return Some(r#"this looks like YAML, the filter takes JSON: {"collector": {"cluster": "trace_analyzer"}}"#);
    }
    let got = |character: &str| problem.contains(&format!("got \"{character}\","));
    if got("/") || got("#") {
        return Some("JSON has no comments");
    }
    if got("'") {
        return Some("JSON takes double quotes only");
    }
    if (got("}") || got("]")) && (problem.ends_with("a name in double quotes") || problem.ends_with("a JSON value")) {
        return Some("JSON takes no comma after the last member");
    }
    let names = problem.ends_with("a name in double quotes");
    names.then_some("JSON takes names in double quotes: {\"format\": \"publish\"}")
}

/// Whether the first line that says something is `name:` or `- `, or separates documents.
fn is_yaml(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.next().is_some_and(|line| {
        let name = line.split(':').next().unwrap_or_default();
        let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
        line == "---" || line.starts_with("- ") || plain && line.contains(':')
    })
}
