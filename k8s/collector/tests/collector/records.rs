//! What is taken, and what is refused.

use hyper::Method;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE};
use serde_json::json;

use crate::program::{Program, record, request};

#[tokio::test]
async fn takes_one_lines_and_an_array() {
    let program = Program::start(&[]);
    let (one, two) = (record("one").to_string(), record("two").to_string());
    for (body, kept) in [(one.clone(), 1), (format!("{one}\n{two}"), 3), (format!("[{one},{two}]"), 5)] {
        assert_eq!(program.post("/publish", body).await, (200, vec![]));
        assert_eq!(program.kept().await, kept);
    }
    let detail = program.json("/api/exchanges/3").await;
    assert_eq!([&detail["id"], &detail["url"]], ["two", "http://orders/orders?x=1"]);
    assert_eq!(detail["request"]["headers"], json!([["host", "orders"], ["content-type", "application/json"]]));
    assert_eq!(program.get("/api/exchanges/6").await.0, 404);
}

#[tokio::test]
async fn takes_the_other_formats() {
    let program = Program::start(&[]);
    let telemetry = json!({
        "requestID": "three", "scheme": "http", "destinationAddress": "10.4.0.12:8080", "sourceAddress": "10.4.0.7:51932",
        "request": {"method": "GET", "path": "/", "host": "orders.sock-shop", "common": {"version": "HTTP/1.1", "time": 1,
            "headers": [{"key": "host", "value": "orders"}], "body": "", "TruncatedBody": true}},
        "response": {"statusCode": "200", "common": {"version": "HTTP/1.1", "time": 2, "headers": [], "body": "e30="}},
    });
    assert_eq!(program.post("/api/telemetry", telemetry.to_string()).await.0, 200);
    let detail = program.json("/api/exchanges/1").await;
    assert_eq!([&detail["id"], &detail["host"], &detail["response"]["body"]], ["three", "orders", "e30="]);
    assert_eq!(detail["request"]["truncated"], true);

    // resource_logs { scope_logs { log_records { event_name: "http.exchange" } } }
    let logs = b"\x0a\x13\x12\x11\x12\x0f\x62\x0dhttp.exchange";
    assert_eq!(program.post("/v1/logs", &logs[..]).await.0, 415);
    let mut otlp = request(Method::POST, "/v1/logs", &logs[..]);
    otlp.headers_mut().insert(CONTENT_TYPE, "application/x-protobuf".parse().expect("a value"));
    let answer = program.send(otlp).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()[CONTENT_TYPE]),
        (200, &"application/x-protobuf".parse().expect("a value"))
    );
    assert_eq!(program.kept().await, 2);
}

#[tokio::test]
async fn says_which_hosts_to_trace() {
    let program = Program::start(&[]);
    assert_eq!(program.json("/api/hostsToTrace").await, json!({"hosts": ["*"]}));
}

#[tokio::test]
async fn refuses_what_is_no_record_and_keeps_nothing_of_it() {
    let program = Program::start(&[]);
    let mut other = record("two");
    other["scnt_response"]["body"] = json!("no base64!");
    for (body, reason) in [
        (String::new(), "the request has no record"),
        ("[]".to_owned(), "the request has no record"),
        (format!("{}\n{{\"request_id\"", record("one")), "record 2 of the request cannot be read"),
        (format!("{}\n{other}", record("one")), "record 2 of the request: the response's body is no base64"),
    ] {
        let (status, answer) = program.post("/publish", body).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(status == 400 && answer.contains(reason), "{status} {answer}");
    }
    // Nobody reads a megabyte of a reason.
    other["scnt_response"]["status_code"] = json!("x".repeat(1 << 20));
    let (status, answer) = program.post("/publish", other.to_string()).await;
    assert!(status == 400 && answer.len() < 1000, "{status}: {} bytes", answer.len());
    let mut coded = request(Method::POST, "/publish", record("one").to_string());
    coded.headers_mut().insert(CONTENT_ENCODING, "gzip".parse().expect("a value"));
    assert_eq!(program.answer(coded).await.0, 415);
    assert_eq!(program.kept().await, 0);
}

#[tokio::test]
async fn bounds_what_it_takes_and_keeps() {
    let program = Program::start(&["--keep", "3", "--keep-mib", "1"]);
    for id in 0..5 {
        assert_eq!(program.post("/publish", record(&id.to_string()).to_string()).await.0, 200);
    }
    assert_eq!(program.kept().await, 3);
    assert_eq!(program.get("/api/exchanges/2").await.0, 404);
    let mut large = record("large");
    large["scnt_request"]["body"] = json!("AAAA".repeat(400_000));
    let (status, answer) = program.post("/publish", large.to_string()).await;
    assert_eq!(status, 413, "{}", String::from_utf8_lossy(&answer));
    assert_eq!(program.post("/publish", vec![b' '; (32 << 20) + 1]).await.0, 413);
    assert_eq!(program.kept().await, 3);
}
