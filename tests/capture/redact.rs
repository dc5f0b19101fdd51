//! Redaction: a redacted value appears nowhere in a record.

use http_trace_filter::{
    capture::{Capture, Facts, headers::Headers, redact::RedactConfig},
    config::Config,
    format::FORMATS,
};

fn redact(json: &str) -> RedactConfig {
    Config::parse(json.as_bytes()).expect(json).redact
}

#[test]
fn query_parameters_are_hidden_wherever_they_stand() {
    let redact = redact(r#"{"redact":{"query_params":["token","key"]}}"#);
    for (path, expected) in [
        ("/a", "/a"),
        ("/a?", "/a?"),
        ("/a?b=1", "/a?b=1"),
        ("/a?token=x", "/a?token=[redacted]"),
        ("/a?token=x&b=1&key=&token=y", "/a?token=[redacted]&b=1&key=[redacted]&token=[redacted]"),
        ("/a?to%6ben=x", "/a?to%6ben=[redacted]"),
        ("/a?token=x=y", "/a?token=[redacted]"),
        ("/a?token", "/a?token"),
        ("/a?tokens=x&Token=y&TO%4BEN=z", "/a?tokens=x&Token=[redacted]&TO%4BEN=[redacted]"),
        ("/a?b=token=x", "/a?b=token=x"),
        ("/a?token=x#token=y", "/a?token=[redacted]#token=[redacted]"),
        ("/a#b=1&token=x", "/a#b=1&token=[redacted]"),
        ("/a#/b?token=x&c=1", "/a#/b?token=[redacted]&c=1"),
        ("/a?b=1;token=x&c=2", "/a?b=1;token=[redacted]&c=2"),
        ("/a?token=x;y;z=1&c=2", "/a?token=[redacted]&c=2"),
        ("/a?token[]=x&token[b]=y&c[token]=z", "/a?token[]=[redacted]&token[b]=[redacted]&c[token]=[redacted]"),
        ("/a?token%5B%5D=x&a.token=y", "/a?token%5B%5D=[redacted]&a.token=[redacted]"),
        ("/a;token=x/b;c=1?d=2", "/a;token=[redacted]/b;c=1?d=2"),
        ("/a;key=x?token=y", "/a;key=[redacted]?token=[redacted]"),
        ("/a?u=http://b/?token=x&c=1", "/a?u=http://b/?token=[redacted]&c=1"),
        ("/token=x", "/token=x"),
        ("/a?&&token=x", "/a?&&token=[redacted]"),
        ("/a?token=a?token=b", "/a?token=[redacted]"),
    ] {
        assert_eq!(String::from_utf8_lossy(&redact.url(path.as_bytes())), expected, "{path}");
    }
}

#[test]
fn urls_in_headers_are_hidden_too() {
    let redact = redact(r#"{"redact":{"query_params":["token"]}}"#);
    for name in ["referer", "location", "content-location"] {
        let value = redact.header(name.as_bytes(), b"https://a/b?token=s3cret&c=d");
        assert_eq!(String::from_utf8_lossy(&value), "https://a/b?token=[redacted]&c=d", "{name}");
    }
    assert_eq!(&*redact.header(b"x-other", b"?token=x"), b"?token=x");
}

#[test]
fn headers_are_hidden_beside_the_defaults() {
    let defaults = ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"];
    let listed = redact(r#"{"redact":{"headers":["X-Secret","X-Auth-*","*-x"]}}"#);
    for name in ["x-secret", "x-auth-", "x-auth-token", "*-x"].iter().chain(&defaults) {
        assert_eq!(&*listed.header(name.as_bytes(), b"v"), b"[redacted]", "{name}");
    }
    for name in ["x-secret-not", "x-auth", "a-x"] {
        assert_eq!(&*listed.header(name.as_bytes(), b"v"), b"v", "{name}");
    }
    let without = redact(r#"{"redact":{"defaults":false,"headers":["cookie"]}}"#);
    for (name, value) in defaults.map(|name| (name, if name == "cookie" { &b"[redacted]"[..] } else { b"v" })) {
        assert_eq!(&*redact("{}").header(name.as_bytes(), b"v"), b"[redacted]", "{name}");
        assert_eq!(&*without.header(name.as_bytes(), b"v"), value, "{name}");
    }
    assert_eq!(&*redact(r#"{"redact":{"headers":["*"]}}"#).header(b"accept", b"v"), b"[redacted]");
}

/// Found by fuzzing: both stand in fields of their own beside the list of headers.
#[test]
fn the_request_id_and_the_host_are_hidden_wherever_they_stand() {
    let mut capture = Capture::default();
    let pairs = [(":authority", "h1dden"), ("x-request-id", "h1dden")];
    capture.request_headers(Headers::from(pairs.map(|(name, value)| (name.to_owned(), value.into())).to_vec()));
    let facts = Facts { request_id: b"h1dden".to_vec(), ..Facts::default() };
    let redact = redact(r#"{"redact":{"headers":["Host","X-Request-Id"]}}"#);
    for format in FORMATS {
        let bytes = format.encode(&capture.record(&facts, &redact));
        let text = String::from_utf8_lossy(&bytes);
        assert_eq!((text.matches("h1dden").count(), text.matches("[redacted]").count()), (0, 4), "{text}");
    }
}
