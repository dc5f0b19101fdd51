//! Header fields and paths of any bytes that Envoy lets through.

use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::{H1, H2};
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::stage::Stage;
use serde_json::json;

/// Header values that are hard to put into JSON.
const VALUES: [&[u8]; 14] = [
    b"say \"hi\"",
    b"C:\\temp\\new",
    b"\\",
    b"\"",
    b"a\tb",
    b"{\"json\":[\"\\u0000\"]}",
    b"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\xa6\x80",
    b"caf\xe9",
    b"\xff\xfe\xfd",
    b"cut \xe2\x82",
    b"\xc0\xaf overlong",
    b"\xed\xa0\x80 surrogate",
    b"</script>&<>\x80",
    b"%00%0a%0d%22",
];

#[tokio::test]
async fn values_of_any_bytes() {
    let stage = Stage::start().await;
    for protocol in [H1, H2] {
        for value in VALUES {
            let request = Request::get("/").header("x-odd", value);
            let reply = Reply::ok("").header("x-odd-too", value);
            let name = format!("{} over {}", value.escape_ascii(), protocol.name());
            let (exchange, record) = stage.check(Case::new(name, protocol, request, reply)).await;
            let seen = exchange.seen.and_then(|seen| seen.header("x-odd").map(<[u8]>::to_vec));
            assert_eq!(seen.as_deref(), Some(value), "the upstream did not get it");
            assert_eq!(exchange.answer.header("x-odd-too"), Some(value), "the client did not get it");
            let text = json!(["x-odd", String::from_utf8_lossy(value)]);
            assert!(
                record["scnt_request"]["headers"].as_array().is_some_and(|headers| headers.contains(&text)),
                "{record}"
            );
        }
    }
    stage.finish().await;
}

#[tokio::test]
async fn duplicates_in_order() {
    let stage = Stage::start().await;
    let request = Request::get("/")
        .header("x-a", "1")
        .header("X-Mixed-Case", "Kept In The Value")
        .header("x-a", "2")
        .header("x-b", "")
        .header("x-a", "1")
        .header("x-list", "text/html, */*;q=0.8")
        .header("x-list", "application/json");
    let reply = Reply::ok("").header("x-c", "1").header("x-d", "accept").header("x-c", "2").header("X-D", "origin");
    stage.check(Case::new("HTTP/1.1", H1, request.clone(), reply.clone())).await;
    // hyper's client puts fields of one name together.
    let mut request = request;
    request.headers = ["1", "2", "1"].map(|value| (b"x-a".to_vec(), value.into())).to_vec();
    stage.check(Case::new("HTTP/2", H2, request, reply)).await;
    stage.finish().await;
}

#[tokio::test]
async fn duplicates_that_envoy_joins() {
    let stage = Stage::start().await;
    let request = Request::get("/").header("accept", "text/html").header("x-a", "1").header("accept", "text/plain");
    let reply = Reply::ok("").header("vary", "accept").header("x-b", "1").header("vary", "origin");
    let case = Case::new("joined", H1, request, reply);
    let (exchange, record) = stage
        .check_with(case, |expected, _| {
            expected.request.headers.remove(3);
            expected.request.headers[1].1 = b"text/html,text/plain".to_vec();
            expected.response.headers.remove(2);
            expected.response.headers[0].1 = b"accept,origin".to_vec();
        })
        .await;
    // The record says what the upstream and the client got.
    assert_eq!(
        exchange.seen.and_then(|seen| seen.header("accept").map(<[u8]>::to_vec)),
        Some(b"text/html,text/plain".into())
    );
    assert_eq!(exchange.answer.header("vary"), Some(&b"accept,origin"[..]));
    assert_eq!(record["scnt_request"]["headers"][2], json!(["accept", "text/html,text/plain"]));
    stage.finish().await;
}

#[tokio::test]
async fn many_and_long() {
    let stage = Stage::start().await;
    for protocol in [H1, H2] {
        let mut request = Request::get("/").header("x-long", "v".repeat(30_000));
        let mut reply = Reply::ok("").header("x-long", "\\\"".repeat(15_000));
        for at in 0..80 {
            request = request.header(&format!("x-{at}"), at.to_string());
            reply = reply.header(&format!("y-{at}"), at.to_string());
        }
        stage.check(Case::new("many", protocol, request, reply)).await;
    }
    stage.finish().await;
}

#[tokio::test]
async fn envoys_own_are_left_out() {
    let stage = Stage::start().await;
    let request = Request::get("/").header("x-envoy-mine", "1").header("x-envoyer", "kept");
    let reply = Reply::ok("").header("x-envoy-theirs", "1").header("x-kept", "1");
    let (_, record) = stage
        .check_with(Case::new("x-envoy-*", H1, request, reply), |expected, _| {
            expected.drop_request_header("x-envoy-mine");
            expected.drop_response_header("x-envoy-theirs");
        })
        .await;
    let record = record.to_string();
    assert!(record.contains("x-envoyer") && !record.contains("x-envoy-"), "{record}");
    stage.finish().await;
}

/// Envoy refuses bytes of 0x80 and more, and control characters: see `malformed`.
#[tokio::test]
async fn paths_of_any_bytes() {
    let stage = Stage::start().await;
    let paths: [&[u8]; 6] = [
        b"/a\"b\\c?q=\"x\"&y=\\z",
        b"/%00%0a%22%5c?%ff",
        b"/{}|^`~<>[]",
        b"//double//slash/../dots/./?",
        b"/?",
        b"/spaces%20and+plus?a=b=c&&",
    ];
    for path in paths {
        let case = Case::new(path.escape_ascii().to_string(), H1, Request::new("GET", path), Reply::ok("ok"));
        let (exchange, _) = stage.check(case).await;
        assert_eq!(exchange.answer.status(), 200, "{}", path.escape_ascii());
    }
    // The quotes stay in the path: hyper's client refuses them in the query.
    let case = Case::new("HTTP/2", H2, Request::new("GET", b"/a\"b\\c?y=\\z"), Reply::ok("ok"));
    assert_eq!(stage.check(case).await.0.answer.status(), 200);
    let long = format!("/{}?{}", "p".repeat(10_000), "\\\"".repeat(5_000));
    stage.check(Case::new("long", H1, Request::new("GET", long), Reply::ok("ok"))).await;
    stage.finish().await;
}

#[tokio::test]
async fn credentials_are_redacted() {
    let stage = Stage::start().await;
    let request = Request::get("/")
        .header("authorization", "Bearer s3cret")
        .header("cookie", "id=s3cret")
        .header("x-api-key", "s3cret");
    let reply = Reply::ok("").header("set-cookie", "id=s3cret").header("set-cookie", "b=s3cret");
    let (_, record) = stage
        .check_with(Case::new("credentials", H1, request, reply), |expected, _| {
            let secret = |value: &&mut Vec<u8>| value.ends_with(b"s3cret");
            let fields = expected.request.headers.iter_mut().chain(&mut expected.response.headers);
            fields.map(|(_, value)| value).filter(secret).for_each(|value| *value = b"[redacted]".to_vec());
        })
        .await;
    assert!(!record.to_string().contains("s3cret"), "{record}");
    stage.finish().await;
}
