//! Every field of the reference, by what it says that it takes: each value is taken to the last one on either side and
//! lands in the field of its name, and everything else is refused with its path.

use crate::{at, parse};
use http_trace_filter::config::{Config, Field, Takes};
use serde_json::Value;
use std::{collections::BTreeSet, time::Duration};

/// A value of each JSON type, and how a refusal names it.
const TYPES: [(&str, &str, &str); 8] = [
    ("null", "null", "null"),
    ("bool", "true", "true"),
    ("whole", "7", "7"),
    ("negative", "-7", "a negative number"),
    ("fraction", "0.5", "a fractional number"),
    ("string", r#""?""#, r#""?""#),
    ("list", "[7]", "a list of 1"),
    ("object", r#"{"?":7}"#, "an object"),
];

/// What fields of a kind take.
struct Kind {
    /// Values as JSON; the last one is no field's default.
    taken: Vec<String>,
    /// The JSON types, some of whose values it takes.
    types: &'static [&'static str],
    /// Values, or entries of a list, that it refuses although they have the right type.
    refused: Vec<String>,
    /// What it takes, in the words of a refusal.
    words: String,
}

fn kind(takes: &Takes) -> Kind {
    let kind = |taken: &[&str], types, refused: &[&str], words: &str| Kind {
        taken: taken.iter().map(|&value| value.to_owned()).collect(),
        types,
        refused: refused.iter().map(|&value| value.to_owned()).collect(),
        words: words.to_owned(),
    };
    match takes {
        Takes::Whole(range) => {
            let (first, last) = (*range.start() as u64, *range.end() as u64);
            let outside = first.checked_sub(1).into_iter().chain([last + 1, u64::MAX]).map(|value| value.to_string());
            Kind {
                taken: [first, last].map(|value| value.to_string()).into(),
                types: &["whole"],
                refused: outside.collect(),
                words: format!("a whole number from {first} to {last}"),
            }
        }
        Takes::Share => kind(
            &["1", "1.0", "0", "0.0", "0.25"],
            &["fraction"],
            &["2", "1.0001", "-0.0001", "1e9"],
            "a number from 0.0 to 1.0",
        ),
        Takes::Bool => kind(&["true", "false"], &["bool"], &[r#""true""#], "true or false"),
        Takes::Flag => {
            let taken = [r#""false""#, "false", r#""true""#, "true"];
            kind(&taken, &["bool"], &[r#""True""#, r#""""#], "\"true\" or \"false\"")
        }
        Takes::Word(words) => {
            let taken: Vec<_> = words.iter().map(|word| format!("{word:?}")).collect();
            let refused = [words[0].to_uppercase(), format!("{}_", words[0])].map(|word| format!("{word:?}"));
            Kind { taken, types: &[], refused: refused.into(), words: format!("one of {}", words.join(", ")) }
        }
        Takes::Text => {
            let refused = [r#""""#, r#""a\nb""#, r#""\u001f""#, r#""\u007f""#, r#""é""#];
            kind(&[r#""a~ b""#], &["string"], &refused, "a string that is not empty, of printable ASCII")
        }
        Takes::Path => {
            let refused = [r#""""#, r#""a""#, r#""/ ""#, r#""/\u007f""#, r#""/é""#];
            let words = "a path that starts with \"/\", of printable ASCII without spaces";
            kind(&[r#""/""#, r#""/!~?""#], &[], &refused, words)
        }
        Takes::Names => {
            let refused = ["7", r#""""#, r#""a b""#, r#""a:""#, r#""é""#];
            kind(&["[]", r#"["x-a","b-*"]"#], &["list"], &refused, "a list of header names")
        }
        Takes::Texts => {
            let refused = ["7", "null", r#""""#];
            kind(&["[]", r#"["To ken","é"]"#], &["list"], &refused, "a list of strings that are not empty")
        }
        Takes::MediaTypes => {
            let plain =
                ["7", r#""*""#, r#""*/json""#, r#""/json""#, r#""a/""#, r#""text""#, r#""a b/c""#, r#""a/b;c=d""#];
            let stars = [r#""*/*+json""#, r#""a/b*""#, r#""a/*b""#, r#""a/*+""#, r#""a*/b""#, r#""a/*+b*""#];
            let words = "a list of type/subtype, type/*, type/*+suffix or */*, without parameters";
            kind(&["[]", r#"["*/*","text/*","a+b/c.d","a/*+b"]"#], &["list"], &[&plain[..], &stars].concat(), words)
        }
        Takes::Headers => {
            kind(&["{}", r#"{"x-a":"B\t c~"}"#], &["object"], &[], "an object of header names and values")
        }
        Takes::Attributes => {
            kind(&["{}", r#"{"a.b":"é","A.b":""}"#], &["object"], &[], "an object of names and strings")
        }
        Takes::Statuses => {
            let refused = ["299", "600", "0", r#""503""#, r#""2xx""#, r#""5XX""#, r#""""#];
            let words = "a list of statuses from 300 to 599, 3xx, 4xx or 5xx";
            kind(&[r#"["3xx","4xx","5xx"]"#, "[300,599]", "[]"], &["list"], &refused, words)
        }
        Takes::Section => kind(&["false", "{}", "true"], &["bool", "object"], &[], "true, false or an object"),
    }
}

/// Every field with a value that is not its default, so that a refusal among them can be seen to be the only one.
fn all_good() -> Value {
    let mut root = Value::Object(serde_json::Map::new());
    for field in Config::reference() {
        let mut place = &mut root;
        for name in field.path.split('.') {
            place = &mut place[name];
        }
        let mut good = kind(&field.takes).taken.pop().expect("a value");
        match field.path.as_str() {
            // The one format that takes several records and has a framing for them is the default.
            "batch.max_records" => good = "2".to_owned(),
            "format" => good = r#""publish""#.to_owned(),
            // No more than the memory.
            "queue.max_bytes" => good = "1024".to_owned(),
            _ => {}
        }
        // What follows it are its fields.
        *place = if field.takes == Takes::Section { serde_json::json!({}) } else { json(&good) };
    }
    root
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect(text)
}

fn refuses(path: &str, value: &str, problem: &str) {
    let mut all = all_good();
    let field = all.pointer_mut(&format!("/{}", path.replace('.', "/")));
    *field.unwrap_or_else(|| panic!("{path} is missing")) = json(value);
    let error = Config::parse(all.to_string().as_bytes()).expect_err(&format!("{path}: {value}"));
    assert_eq!(error.problems, [format!("{path}: {problem}")], "{value}");
}

/// The lines that setting this field changes when a configuration is shown, a field a line.
fn changed(path: &str, value: &str) -> Vec<String> {
    // A framing alone frames nothing.
    let (section, value) = match path.rsplit_once('.') {
        Some(("batch", "framing")) => (at("batch.max_records", "2"), format!(r#"{value},"max_records":2"#)),
        Some((section, _)) => (at(section, "{}"), value.to_owned()),
        None => ("{}".to_owned(), value.to_owned()),
    };
    let lines = |json: &str| -> Vec<String> {
        format!("{:#?}", parse(json)).lines().map(|line| line.trim().to_owned()).collect()
    };
    let mut before = lines(&section);
    // Two fields may show the same line.
    let is_new = |line: &String| before.iter().position(|other| other == line).map(|at| before.remove(at)).is_none();
    lines(&at(path, &value)).into_iter().filter(is_new).collect()
}

/// The end of the line that shows a value in the field of its name, for the kinds that take one line.
fn shown(field: &Field, value: &str) -> Option<String> {
    let name = field.path.rsplit('.').next().expect("a name");
    match field.takes {
        Takes::Whole(_) => match name.strip_suffix("_ms") {
            Some(name) => Some(format!("{name}: {:?},", Duration::from_millis(value.parse().expect("a number")))),
            None => Some(format!("{name}: {value},")),
        },
        Takes::Share => Some(format!("{name}: {:?},", value.parse::<f64>().expect("a number"))),
        Takes::Bool | Takes::Text | Takes::Path => Some(format!("{name}: {value},")),
        Takes::Word(_) => {
            // The original filter's name for the field, and the words of enums.
            let name = name.strip_prefix("service_").unwrap_or(name);
            Some(format!("{name}:{},", value.replace(['"', '_'], "")))
        }
        _ => None,
    }
}

fn plain(line: &str) -> String {
    line.replace([' ', '_'], "").to_lowercase()
}

#[test]
fn every_default_is_what_nothing_gives() {
    assert_eq!(parse(""), parse("{}"));
    let mut defaults = 0;
    for field in Config::reference() {
        if serde_json::from_str::<Value>(&field.default).is_ok() {
            assert!(changed(&field.path, &field.default).is_empty(), "{}: {}", field.path, field.default);
            defaults += 1;
        }
        if let Some((section, _)) = field.path.split_once('.') {
            assert_eq!(parse(&at(section, "{}")), parse("{}"), "{section}");
        }
    }
    assert!(defaults > 20, "{defaults} defaults are JSON");
}

#[test]
fn every_value_that_a_field_takes_lands_in_it() {
    let reference = Config::reference();
    assert!(reference.len() > 25, "{} fields", reference.len());
    for field in &reference {
        for value in kind(&field.takes).taken {
            let lines = changed(&field.path, &value);
            if lines.is_empty() {
                continue;
            }
            if let Some(shown) = shown(field, &value) {
                let right = lines.iter().filter(|line| plain(line).ends_with(&plain(&shown))).count();
                assert_eq!(right, 1, "{}: {value} should show {shown} in {lines:?}", field.path);
            }
        }
        let last = kind(&field.takes).taken.pop().expect("a value");
        assert!(!changed(&field.path, &last).is_empty(), "{}: {last} changes nothing", field.path);
    }
}

#[test]
fn everything_else_is_refused() {
    for Field { path, takes, .. } in Config::reference() {
        let Kind { types, refused, words, .. } = kind(&takes);
        for (_, value, got) in TYPES.iter().filter(|(kind, ..)| !types.contains(kind)) {
            // Values of headers are not shown: they may be secrets. Attributes are read by the same code.
            let is_hidden = takes == Takes::Headers || takes == Takes::Attributes;
            let got = if is_hidden && got.starts_with('"') { r#""…""# } else { got };
            refuses(&path, value, &format!("got {got}, takes {words}"));
        }
        for value in refused {
            let got = match json(&value) {
                Value::Number(number) if number.is_u64() => value.clone(),
                Value::Number(number) => match number.as_f64() {
                    Some(..0.0) => "a negative number".to_owned(),
                    Some(whole) if whole.fract() == 0.0 => whole.to_string(),
                    _ => "a fractional number".to_owned(),
                },
                other => other.to_string().replace("\\u001f", "\\u{1f}").replace('\u{7f}', "\\u{7f}"),
            };
            let value = if types.contains(&"list") { format!("[{value}]") } else { value };
            refuses(&path, &value, &format!("got {got}, takes {words}"));
        }
        if let Takes::Whole(range) = takes {
            refuses(&path, "1.5", &format!("got a fractional number, takes {words}"));
            for spelling in ["0", "e0", "0e-1", ".0"].map(|end| format!("{}{end}", range.start().max(&1))) {
                let plain = json(&spelling).as_f64().expect("a number").to_string();
                if range.contains(&plain.parse().expect("a whole number")) {
                    assert_eq!(parse(&at(&path, &spelling)), parse(&at(&path, &plain)), "{path}: {spelling}");
                }
            }
        }
    }
    let sections: BTreeSet<String> =
        Config::reference().iter().filter_map(|field| Some(field.path.rsplit_once('.')?.0.to_owned())).collect();
    for section in &sections {
        let error = Config::parse(at(section, r#"{"?":1}"#).as_bytes()).expect_err(section).to_string();
        assert!(error.starts_with(&format!("{section}.?: unknown field, takes one of ")), "{error}");
        for (_, value, got) in TYPES.iter().filter(|(kind, ..)| *kind != "object" && !section.contains('.')) {
            refuses(section, value, &format!("got {got}, takes an object"));
        }
    }
}

#[test]
fn the_reference_names_every_field_once() {
    let reference = Config::reference();
    let paths: BTreeSet<&str> = reference.iter().map(|field| field.path.as_str()).collect();
    assert_eq!(paths.len(), reference.len());
    assert!(paths.contains("sampling.hosts.until_known"), "{paths:?}");
    assert!(reference.iter().all(|field| !field.meaning.is_empty() && !field.takes.to_string().is_empty()));
}
