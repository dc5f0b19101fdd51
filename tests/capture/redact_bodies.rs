//! Redaction of bodies: hidden values are nowhere, everything else is byte for byte the same.

use http_trace_filter::capture::{bounded::Bounded, redact::RedactConfig};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=\"b b\"";

fn redact(names: &[&str]) -> RedactConfig {
    RedactConfig { body_fields: names.iter().map(|&name| name.to_owned()).collect(), ..RedactConfig::default() }
}

/// What is shown of a body when `token` and `pässword` are hidden.
fn shown(content_type: &str, bytes: &str) -> String {
    let shown = redact(&["token", "pässword"]).body(content_type.as_bytes(), bytes.as_bytes(), usize::MAX);
    let Bounded { bytes, whole, .. } = shown.unwrap_or_else(|| panic!("{content_type} is not looked at"));
    assert!(whole);
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn members_of_json_are_hidden_wherever_they_stand() {
    for (body, expected) in [
        (r#"{"token":"s3cret"}"#, r#"{"token":"[redacted]"}"#),
        (r#"{ "token" : "s3cret" , "a" : "b" }"#, r#"{ "token" : "[redacted]" , "a" : "b" }"#),
        ("{\n\t\"token\"\r\n:\t-1.5e3\n}\n", "{\n\t\"token\"\r\n:\t\"[redacted]\"\n}\n"),
        (r#"[{"a":{"token":true}},{"token":null}]"#, r#"[{"a":{"token":"[redacted]"}},{"token":"[redacted]"}]"#),
        (r#"{"token":{"a":["}]",{"b":"\"}"}]},"c":1}"#, r#"{"token":"[redacted]","c":1}"#),
        (r#"{"token":[[],{},"x"],"token":2}"#, r#"{"token":"[redacted]","token":"[redacted]"}"#),
        (r#"{"token":"","c":[]}"#, r#"{"token":"[redacted]","c":[]}"#),
        (r#"{"ToKeN":1,"TOKEN":2}"#, r#"{"ToKeN":"[redacted]","TOKEN":"[redacted]"}"#),
        (r#"{"tok\u0065n":1,"\u0074oken":2}"#, r#"{"tok\u0065n":"[redacted]","\u0074oken":"[redacted]"}"#),
        (r#"{"p\u00E4ssword":1,"pässword":2}"#, r#"{"p\u00E4ssword":"[redacted]","pässword":"[redacted]"}"#),
        (r#"{"token":"a\\","b":"\"token\":1"}"#, r#"{"token":"[redacted]","b":"\"token\":1"}"#),
        (r#"{"a":"token","b":["token"],"c":"token:"}"#, r#"{"a":"token","b":["token"],"c":"token:"}"#),
        (r#"{"tokens":1,"to ken":2,"token ":3,"":4}"#, r#"{"tokens":1,"to ken":2,"token ":3,"":4}"#),
        (
            "{\"token\":1}\n{\"a\":2}\n{\"token\":3}",
            "{\"token\":\"[redacted]\"}\n{\"a\":2}\n{\"token\":\"[redacted]\"}",
        ),
        ("\u{feff}{\"token\":1}", "\u{feff}{\"token\":\"[redacted]\"}"),
        ("data: {\"token\":1}\n\ndata: {\"a\":2}\n\n", "data: {\"token\":\"[redacted]\"}\n\ndata: {\"a\":2}\n\n"),
        ("callback({\"token\":1});", "callback({\"token\":\"[redacted]\"});"),
    ] {
        assert_eq!(shown(JSON, body), expected);
    }
}

#[test]
fn escapes_in_names() {
    let emoji = redact(&["\u{1f511}", "a\"b\\c/d", "a\nb"]);
    for (name, hidden) in [
        (r"\ud83d\udd11", true),
        (r"\uD83D\uDD11", true),
        ("\u{1f511}", true),
        (r"\ud83d\ud83d\udd11", false),
        (r"\ud83d \udd11", false),
        (r"\udd11\ud83d", false),
        (r#"a\"b\\c\/d"#, true),
        (r"a\u0022b\u005cc\u002Fd", true),
        (r"a\nb", true),
        (r"a\u000ab", true),
        (r"anb", false),
    ] {
        let text = format!("{{\"{name}\":\"v\"}}");
        let shown = emoji.body(JSON.as_bytes(), text.as_bytes(), usize::MAX).expect("JSON");
        assert_eq!(!shown.bytes.ends_with(b":\"v\"}"), hidden, "{name}");
    }
}

#[test]
fn a_cut_in_a_value_hides_it_and_a_cut_before_changes_nothing() {
    for value in [r#""s3\"cret""#, "1234", "null", r#"{"a":"s3cret"}"#, r#"[["s3cret"]]"#] {
        let text = format!("{{\"a\":1,\"token\" : {value}");
        let start = text.len() - value.len();
        for end in 0..=text.len() {
            let expected = match end > start {
                true => [&text[..start], "\"[redacted]\""].concat(),
                false => text[..end].to_owned(),
            };
            if end > 0 {
                assert_eq!(shown(JSON, &text[..end]), expected, "{text:?} cut at {end}");
            }
        }
    }
}

/// What a lenient reader may take for the value, or what a writer that escapes nothing made of it.
#[test]
fn in_broken_json_nothing_after_a_name_is_shown() {
    for broken in [
        r#"{"a":"x"y","token":"s3cret"}"#,
        r#"{"a":"C:\","token":"s3cret"}"#,
        r#"{"a":"C:\\"","token":"s3cret"}"#,
        r#"{"token":"a"s3cret","b":1}"#,
        r#"{"token":a s3cret, "b":1}"#,
        r#"{"token":'s3cret'}"#,
        r#"{"token":/* a */"s3cret"}"#,
        r#"{"token"::"s3cret"}"#,
        r#"{"token":[}"s3cret"}"#,
        r#"{"token":{]},"s3cret"}"#,
        r#"{"token":{"a":"}"}"}, "b":"s3cret"}"#,
        r#""token":"s3cret""#,
        r#""token":"s3cret"#,
        r#"{"a":"\u","token":"s3cret"}"#,
        r#"{"a":"\u12","token":"s3cret"}"#,
        r#"{"a":nope,"token" "token":s3cret}"#,
        "{\"token\":\"a\ns3cret\"}",
        "{\"a\":\"b\n{\"token\":\"s3cret\"}",
    ] {
        let shown = shown(JSON, broken);
        assert!(!shown.contains("s3cret") && shown.contains("[redacted]"), "{broken} is shown as {shown}");
    }
}

#[test]
fn depth_costs_nothing() {
    let deep = ["{\"a\":[".repeat(100_000), "{\"token\":".to_owned(), "[{\"a\":".repeat(100_000)].concat();
    let shown = shown(JSON, &deep);
    assert_eq!(shown.len(), 600_000 + 9 + 12);
    assert!(shown.ends_with("{\"token\":\"[redacted]\""));
}

#[test]
fn fields_of_forms() {
    for (body, expected) in [
        ("token=s3cret", "token=[redacted]"),
        ("a=1&token=s3;cret=#?/&b=2", "a=1&token=[redacted]&b=2"),
        ("a=1;token=s3cret&b", "a=1;token=[redacted]&b"),
        ("ToKen=&to%6Ben=x&p%C3%A4ssword=y", "ToKen=[redacted]&to%6Ben=[redacted]&p%C3%A4ssword=[redacted]"),
        ("user[token]=1&token[]=2&token%5Ba%5D=3", "user[token]=[redacted]&token[]=[redacted]&token%5Ba%5D=[redacted]"),
        ("Input.Token=1&a[0].token=2", "Input.Token=[redacted]&a[0].token=[redacted]"),
        ("tokens=1&to+ken=2&token&=3", "tokens=1&to+ken=2&token&=3"),
        ("a=token=1&u=http://b?token=1", "a=token=1&u=http://b?token=1"),
        ("tok", "tok"),
        (r#"{"token":"s3cret"}"#, r#"{"token":"[redacted]"}"#),
    ] {
        assert_eq!(shown(FORM, body), expected);
    }
    let spaced = redact(&["a b"]).body(FORM.as_bytes(), b"a+b=1&a%20b=2&a%2Bb=3", usize::MAX).expect("a form");
    assert_eq!(spaced.bytes, b"a+b=[redacted]&a%20b=[redacted]&a%2Bb=3");
    let long = format!("{}=s3cret&b=1", "a".repeat(5000));
    assert!(!shown(FORM, &long).contains("s3cret"), "what is too long to compare is hidden");
}

#[test]
fn parts_of_multipart_bodies() {
    let part = |head: &str, content: &str| format!("--b b\r\n{head}\r\n\r\n{content}\r\n");
    for (name, hidden) in [
        ("name=\"token\"", true),
        ("name=token", true),
        ("NAME = \"TOKEN\"", true),
        ("filename=\"x\"; name=\"user[token]\"", true),
        ("\r\n\tname=\"token\"; filename=a", true),
        ("name*=UTF-8''which-is-not-read", true),
        ("name=\"p%C3%A4ssword\"", true),
        ("name=\"to\\ken\"", true),
        ("name=\"a\"", false),
        ("name=\"a\\\"token\"", false),
        ("", false),
    ] {
        for content in ["s3cret", "s3\r\n--b\r\n--b bcret\r\n\r\n-", ""] {
            let head = format!("Content-Disposition: form-data; {name}");
            let replaced = if hidden { "[redacted]" } else { content };
            let around = |content: &str| [&part("a: b", "x"), &part(&head, content), "--b b--\r\n"].concat();
            assert_eq!(shown(MULTIPART, &around(content)), around(replaced), "{name}");
            assert_eq!(shown(MULTIPART, &around(content).replace('\r', "")), around(replaced).replace('\r', ""));
        }
    }
    let json = |value: &str| {
        let broken = part("Content-Type: application/json", &format!("{{\"a\":{{\"token\":{value}"));
        [broken, part("a: b", "shown"), "--b b--".to_owned()].concat()
    };
    assert_eq!(shown(MULTIPART, &json("\"s3cret")), json("\"[redacted]\""), "a part's end is the end of its JSON");
}

#[test]
fn a_cut_in_a_part() {
    let text = "--b b\r\nContent-Disposition: form-data; name=token\r\n\r\ns3cret\r\n--b b\r\n\r\nx\r\n--b b--\r\n";
    let value = text.find("s3cret").expect("it is there");
    for end in 1..text.len() {
        let shown = shown(MULTIPART, &text[..end]);
        if end < value {
            assert_eq!(shown, text[..end]);
        } else if end <= value + "s3cret\r\n--b b".len() {
            assert_eq!(shown, [&text[..value], "[redacted]"].concat());
        } else {
            assert_eq!(shown, text[..end].replace("s3cret", "[redacted]"));
        }
    }
}

#[test]
fn which_bodies_are_looked_at() {
    let redact = redact(&["token"]);
    for (content_type, body_text, expected) in [
        ("application/json; charset=utf-8", r#"{"token":1}"#, Some(r#"{"token":"[redacted]"}"#)),
        ("Application/Problem+JSON", r#"{"token":1}"#, Some(r#"{"token":"[redacted]"}"#)),
        ("application/x-ndjson", r#"{"token":1}"#, Some(r#"{"token":"[redacted]"}"#)),
        ("application/x-amz-json-1.1", r#"{"token":1}"#, Some(r#"{"token":"[redacted]"}"#)),
        ("text/plain", r#"{"token":1}"#, Some(r#"{"token":"[redacted]"}"#)),
        ("", r#"{"token":1}"#, Some(r#"{"token":"[redacted]"}"#)),
        ("application/octet-stream", r#"{"token":1}"#, None),
        ("image/png", r#"{"token":1}"#, None),
        ("Application/X-WWW-Form-Urlencoded;charset=utf-8", "token=1", Some("token=[redacted]")),
        ("text/plain", "token=1", Some("token=1")),
    ] {
        let shown = redact.body(content_type.as_bytes(), body_text.as_bytes(), usize::MAX);
        let shown = shown.map(|shown| String::from_utf8(shown.bytes).expect("UTF-8"));
        assert_eq!(shown.as_deref(), expected, "{content_type}");
    }
}

/// What it may hide would be shown.
#[test]
fn what_cannot_be_read_is_left_out() {
    let redact = redact(&["token"]);
    let utf16 = |big: bool| -> Vec<u8> {
        r#"{"token":1}"#.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    };
    for (content_type, bytes) in [
        (JSON, utf16(true)),
        (JSON, utf16(false)),
        ("text/plain;charset=utf-16", [&b"\xff\xfe"[..], &utf16(false)].concat()),
        ("multipart/form-data", b"--a\r\n\r\ntoken".to_vec()),
        ("multipart/form-data; boundary=\"\"", b"--a\r\n\r\ntoken".to_vec()),
    ] {
        let shown = redact.body(content_type.as_bytes(), &bytes, usize::MAX).expect("looked at");
        assert_eq!((shown.bytes.len(), shown.whole), (0, false), "{content_type}");
    }
}

#[test]
fn the_bound_holds_though_what_stands_for_a_value_is_longer() {
    let text = r#"{"token":1,"a":2}"#;
    let longest = text.len() + 11;
    for limit in 0..longest + 3 {
        let shown = redact(&["token"]).body(JSON.as_bytes(), text.as_bytes(), limit).expect("JSON");
        assert_eq!((shown.bytes.len(), shown.whole), (limit.min(longest), limit >= longest));
    }
}
