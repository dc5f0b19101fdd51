//! Requests that Envoy refuses before any filter sees them: one record each, of what Envoy has.

use http_trace_e2e::rig::unused_id;
use http_trace_e2e::stage::Stage;

/// Refused at the start line or a header: Envoy drops all of the request.
#[tokio::test]
async fn refused_by_the_parser() {
    let stage = Stage::start().await;
    let many = format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: 1\r\n".repeat(120));
    let long = format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "y".repeat(70_000));
    let cases: [(&str, &[u8], u16); 12] = [
        ("no HTTP at all", b"GARBAGE\r\n\r\n", 400),
        ("HTTP/1.0", b"GET / HTTP/1.0\r\n\r\n", 426),
        ("a path in UTF-8", b"GET /caf\xc3\xa9 HTTP/1.1\r\nhost: a\r\n\r\n", 400),
        ("a path that is not UTF-8", b"GET /?\xff\xfe HTTP/1.1\r\nhost: a\r\n\r\n", 400),
        ("a control character in the path", b"GET /a\x01\x7f HTTP/1.1\r\nhost: a\r\n\r\n", 400),
        ("a bad header name", b"GET / HTTP/1.1\r\nhost: a\r\nbad name: 1\r\n\r\n", 400),
        ("a control character in a header", b"GET / HTTP/1.1\r\nhost: a\r\nx: a\x01b\r\n\r\n", 400),
        ("a NUL in a header", b"GET / HTTP/1.1\r\nhost: a\r\nx: a\0b\r\n\r\n", 400),
        (
            "two lengths",
            b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
        ("a bad length", b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n", 400),
        ("too many headers", many.as_bytes(), 431),
        ("a header too long", long.as_bytes(), 431),
    ];
    for (name, bytes, status) in cases {
        let answer = stage.check_raw(name, bytes, |_| {}).await;
        assert_eq!(answer.status(), status, "{name}");
    }
    stage.finish().await;
}

/// Refused after the headers were parsed: Envoy has them, but its filters do not.
#[tokio::test]
async fn refused_by_the_connection_manager() {
    let stage = Stage::start().await;
    let answer = stage
        .check_raw("a fragment", b"GET /a#\"b\" HTTP/1.1\r\nhost: a\r\nx-a: \\\r\n\r\n", |expected| {
            (expected.method, expected.host, expected.path) = ("GET".into(), "a".into(), b"/a#\"b\"".into());
            expected.request.headers = vec![(b"x-a".into(), b"\\".into())];
        })
        .await;
    assert_eq!(answer.status(), 400);
    let answer = stage
        .check_raw("no host", b"GET /path HTTP/1.1\r\n\r\n", |expected| {
            (expected.method, expected.path) = ("GET".into(), b"/path".into());
        })
        .await;
    assert_eq!(answer.status(), 400);
    stage.finish().await;
}

/// Refused when the filters have the headers already.
#[tokio::test]
async fn refused_in_the_body() {
    let stage = Stage::start().await;
    let id = unused_id();
    let bytes =
        format!("POST /x HTTP/1.1\r\nhost: a\r\nx-request-id: {id}\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n\r\n");
    let answer = stage
        .check_raw("a bad chunk", bytes.as_bytes(), |expected| {
            expected.request_id = id.clone();
            (expected.method, expected.host, expected.path) = ("POST".into(), "a".into(), b"/x".into());
            let fields = [("x-request-id", &id[..]), ("x-forwarded-proto", "http")];
            expected.request.headers = fields.map(|(name, value)| (name.into(), value.into())).into();
            // Envoy's answer passes the filters, and gets these after them.
            ["date", "server", "connection"].iter().for_each(|name| expected.drop_response_header(name));
            (expected.response.body, expected.response.cut) = (b"Bad Request".into(), false);
            expected.request.cut = true;
        })
        .await;
    assert_eq!(answer.status(), 400);
    stage.finish().await;
}
