//! What is hidden appears nowhere: not in the record, not in its bodies, not in Envoy's log.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::{H1, H2};
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::stage::Stage;
use http_trace_e2e::wait;
use serde_json::Value;

use crate::coded::gzip;

const SECRET: &str = "s3cret";

/// The record of a request that is echoed with this header; it holds the secret nowhere.
async fn record(stage: &Stage, request: Request, header: (&str, &str)) -> Value {
    let mut last = Value::Null;
    for protocol in [H1, H2] {
        let mut request = request.clone();
        request.id = stage.id();
        let id = request.id.clone();
        let reply = Reply::echo().header(header.0, header.1);
        let name = String::from_utf8_lossy(&request.target).into_owned();
        let exchange = stage.check_traffic(&Case::new(name, protocol, request, reply)).await;
        assert_eq!(exchange.answer.status(), 200);
        let find = || stage.collector.record("request_id", &id).or_else(|| stage.collector.record("requestID", &id));
        let post = wait::until("its record", find).await;
        last = post.json().expect("JSON");
        for text in [String::from_utf8_lossy(&post.message.body).into_owned(), body(&last, 0), body(&last, 1)] {
            assert!(!text.contains(SECRET), "{text}");
        }
    }
    last
}

/// The body of the request (0) or the response (1), in either format.
fn body(record: &Value, side: usize) -> String {
    let publish = &record[["scnt_request", "scnt_response"][side]]["body"];
    let apiclarity = &record[["request", "response"][side]]["common"]["body"];
    let text = publish.as_str().or(apiclarity.as_str()).expect("a body");
    String::from_utf8(STANDARD.decode(text).expect("base64")).expect("UTF-8")
}

async fn finish(stage: Stage) {
    assert!(!stage.envoy.log().contains(SECRET));
    stage.finish().await;
}

#[tokio::test]
async fn headers_beside_the_defaults_and_by_their_beginning() {
    let headers =
        ["authorization", "proxy-authorization", "cookie", "x-api-key", "x-secret", "x-auth-token", "x-auth-"];
    let request = headers.iter().fold(Request::get("/"), |request, name| request.header(name, SECRET));
    let shown = |record: &Value, name: &str| {
        let headers = record["scnt_request"]["headers"].as_array().expect("pairs").clone();
        headers.iter().find(|pair| pair[0] == name).map(|pair| pair[1].as_str().expect("text").to_owned())
    };
    let stage = Stage::with(Some(r#"{"redact":{"headers":["X-Secret","x-auth-*"]}}"#)).await;
    let record = record(&stage, request, ("set-cookie", SECRET)).await;
    for name in headers {
        assert_eq!(shown(&record, name).as_deref(), Some("[redacted]"), "{name}");
    }
    finish(stage).await;
    let stage = Stage::with(Some(r#"{"redact":{"defaults":false,"headers":["cookie"]}}"#)).await;
    let request = Request::get("/").header("authorization", "Basic YTpi").header("cookie", SECRET);
    let record = self::record(&stage, request, ("set-cookie", "a=b")).await;
    assert_eq!(shown(&record, "authorization").as_deref(), Some("Basic YTpi"));
    finish(stage).await;
}

#[tokio::test]
async fn query_parameters_in_every_writing() {
    let stage = Stage::with(Some(r#"{"redact":{"query_params":["token"]}}"#)).await;
    for (target, expected) in [
        ("/a?token=s3cret&b=1", "/a?token=[redacted]&b=1"),
        ("/a?ToKeN=s3cret", "/a?ToKeN=[redacted]"),
        ("/a?b=1;token=s3cret&c=2", "/a?b=1;token=[redacted]&c=2"),
        ("/a?token[]=s3cret&token[x]=s3cret", "/a?token[]=[redacted]&token[x]=[redacted]"),
        ("/a?%74oken%5B%5D=s3cret", "/a?%74oken%5B%5D=[redacted]"),
        ("/a?user[token]=s3cret&a.token=s3cret", "/a?user[token]=[redacted]&a.token=[redacted]"),
        ("/a;token=s3cret/b?c=1", "/a;token=[redacted]/b?c=1"),
    ] {
        // Envoy removes a referer with a fragment.
        let referer = format!("https://a.test{target}");
        let location = "https://a.test/#id=1&token=s3cret";
        let request = Request::get(target).header("referer", referer);
        let record = record(&stage, request, ("location", location)).await;
        assert_eq!(record["scnt_request"]["path"], expected);
        assert!(record.to_string().contains("https://a.test/#id=1&token=[redacted]"), "{record}");
        assert!(record.to_string().contains(&format!("[\"referer\",\"https://a.test{expected}\"]")), "{record}");
    }
    finish(stage).await;
}

#[tokio::test]
async fn members_of_json() {
    let stage = Stage::with(Some(r#"{"redact":{"body_fields":["password"]},"capture":{"max_body_bytes":200}}"#)).await;
    for (sent, expected) in [
        (r#"{"password":"s3cret","b":1}"#, r#"{"password":"[redacted]","b":1}"#),
        (r#"{"a":[{"b":{"Password" : ["s3cret",{"c":"s3cret"}]}}]}"#, r#"{"a":[{"b":{"Password" : "[redacted]"}}]}"#),
        (r#"{"pass\u0077ord":"s3\"s3cret","b":"}"}"#, r#"{"pass\u0077ord":"[redacted]","b":"}"}"#),
        (
            "{\"password\":1}\n{\"password\":\"s3cret\"}\n",
            "{\"password\":\"[redacted]\"}\n{\"password\":\"[redacted]\"}\n",
        ),
        (r#"{"a":"x"y","password":"s3cret"}"#, r#"{"a":"x"y","password":"[redacted]"}"#),
        (r#"{"a":1,"password":"s3cret"#, r#"{"a":1,"password":"[redacted]""#),
    ] {
        let request = Request::post("/", sent).header("content-type", "application/json; charset=utf-8");
        let record = record(&stage, request, ("content-type", "application/problem+json")).await;
        assert_eq!((body(&record, 0).as_str(), body(&record, 1).as_str()), (expected, expected), "{sent}");
    }
    // The bound cuts in the middle of the value.
    let long = format!(r#"{{"a":"{}","password":"{}"}}"#, "b".repeat(150), SECRET.repeat(100));
    let record = record(&stage, Request::post("/", long.clone()), ("x-a", "b")).await;
    assert_eq!(body(&record, 0), [&long[..long.find("\"s3cret").expect("it is there")], "\"[redacted]\""].concat());
    assert_eq!(record["scnt_request"]["truncated_body"], true);
    finish(stage).await;
}

#[tokio::test]
async fn fields_of_forms() {
    let stage = Stage::with(Some(r#"{"redact":{"body_fields":["password"]}}"#)).await;
    let urlencoded = "application/x-www-form-urlencoded";
    let part = |name: &str, value: &str| {
        format!("--b0undary\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let multipart = |value: &str| [&part("a", "1"), &part("user[password]", value), "--b0undary--\r\n"].concat();
    for (content_type, sent, expected) in [
        (urlencoded, "a=1&password=s3cret&b=2".to_owned(), "a=1&password=[redacted]&b=2".to_owned()),
        (urlencoded, "user%5BPassword%5D=s3;cret".to_owned(), "user%5BPassword%5D=[redacted]".to_owned()),
        ("multipart/form-data; boundary=b0undary", multipart("s3\r\ncret"), multipart("[redacted]")),
    ] {
        let request = Request::post("/", sent).header("content-type", content_type);
        let record = record(&stage, request, ("content-type", content_type)).await;
        assert_eq!((body(&record, 0), body(&record, 1)), (expected.clone(), expected), "{content_type}");
    }
    finish(stage).await;
}

#[tokio::test]
async fn in_coded_bodies() {
    let (sent, expected) = (br#"{"password":"s3cret","b":1}"#, r#"{"password":"[redacted]","b":1}"#);
    let hide = r#""redact":{"body_fields":["password"]}"#;
    for (configuration, expected) in [
        (format!(r#"{{{hide},"capture":{{"content_encoding":"decode"}}}}"#), expected),
        (format!(r#"{{{hide},"format":"apiclarity"}}"#), expected),
        // It cannot be read: nothing of it is shown.
        (format!("{{{hide}}}"), ""),
    ] {
        let stage = Stage::with(Some(&configuration)).await;
        let request = Request::post("/", gzip(sent)).header("content-encoding", "gzip");
        let record = record(&stage, request, ("content-encoding", "gzip")).await;
        assert_eq!((body(&record, 0).as_str(), body(&record, 1).as_str()), (expected, expected), "{configuration}");
        finish(stage).await;
    }
}
