//! `truncated_body` is false only when the record has all of the body. What else cuts one: `aborts`, `failures`, `local`.

use http_trace_e2e::bootstrap::{ext_authz, in_front, lua};
use http_trace_e2e::case::{Case, Exchange};
use http_trace_e2e::client::Protocol::{H1, H2, H3};
use http_trace_e2e::expect::Expected;
use http_trace_e2e::http3;
use http_trace_e2e::message::Message;
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::{Framing, Request};
use http_trace_e2e::rig::Given;
use http_trace_e2e::stage::Stage;
use serde_json::{Value, json};

const MEGABYTES: usize = 3_000_000;

fn service(seen: &Message) -> Reply {
    let asks = seen.start.windows(6).any(|bytes| bytes == b"/authz");
    if asks { Reply::status(403).with_body("not you") } else { Reply::echo() }
}

async fn start(change: impl FnOnce(&mut Given)) -> Stage {
    let change = |given: &mut Given| {
        change(given);
        http3::listen(&mut given.bootstrap);
    };
    Stage::serving(None, service, change).await
}

fn upload() -> Request {
    Request::post("/upload", vec![b'u'; MEGABYTES])
}

/// Both flags of a record.
fn flags(record: &Value) -> (bool, bool) {
    let flag = |half: &str| record[half]["truncated_body"].as_bool().expect("a flag");
    (flag("scnt_request"), flag("scnt_response"))
}

/// The answer's whole header section, with what Envoy adds to it after the filters, and nothing of its body.
fn as_logged(expected: &mut Expected, exchange: &Exchange) {
    expected.response.headers = exchange.answer.headers.clone();
    expected.response.headers.retain(|(name, value)| match &name[..] {
        b"content-length" => value != b"0",
        // Of a HEAD, the codec's.
        b"transfer-encoding" => false,
        name => !name.starts_with(b"x-envoy-"),
    });
    expected.response.cut = !exchange.answer.body.is_empty();
    expected.response.body.clear();
}

#[tokio::test]
async fn answered_before_the_upload_was_read() {
    let stage = start(|_| {}).await;
    for protocol in [H1, H2, H3] {
        let reply = Reply::status(413).with_body("too much").early();
        let mut case = Case::new(format!("{protocol:?}"), protocol, upload(), reply);
        case.hold = Some(1000);
        let (exchange, record) = stage.check(case).await;
        assert_eq!((exchange.answer.status(), exchange.seen.map(|seen| seen.body.len())), (413, Some(1000)));
        assert_eq!(flags(&record), (true, false));
    }
    stage.finish().await;
}

#[tokio::test]
async fn answered_by_envoy_at_the_headers() {
    let stage = start(|_| {}).await;
    for protocol in [H1, H2, H3] {
        for target in ["/local", "/empty-cluster", "/redirect-by-envoy"] {
            for framing in [Framing::Length, Framing::Chunked] {
                let request = Request { framing, ..Request::post(target, "sent in vain") };
                let case = Case::new(format!("{target} {framing:?} {protocol:?}"), protocol, request, Reply::ok(""));
                assert_eq!(flags(&stage.check(case).await.1), (true, false), "{target} {framing:?} {protocol:?}");
            }
            for request in [Request::get(target), Request::new("HEAD", target), Request::post(target, "")] {
                let name = format!("{} {target} {protocol:?}", request.method);
                let case = Case::new(name.clone(), protocol, request, Reply::ok(""));
                // Of a HEAD, the codec's.
                let codecs = |expected: &mut Expected, _: &Exchange| expected.drop_response_header("transfer-encoding");
                let (_, record) = stage.check_with(case, codecs).await;
                assert_eq!(flags(&record), (false, false), "{name}");
            }
        }
    }
    stage.finish().await;
}

/// The filters before this one answer in its place: it never sees the request itself, and of the answer what is logged. (Over HTTP/3
/// it may see nothing at all: `exceptions`.)
#[tokio::test]
async fn denied_in_front() {
    let everything = json!({ "permissions": [{ "any": true }], "principals": [{ "any": true }] });
    let rbac = json!({ "name": "envoy.filters.http.rbac", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC",
        "rules": { "action": "DENY", "policies": { "all": everything } },
    } });
    let lua = lua(r#"function envoy_on_request(handle) handle:respond({[":status"] = "403"}, "denied") end"#);
    for (name, filter) in [("RBAC", rbac), ("ext_authz", ext_authz()), ("Lua", lua)] {
        let stage = start(|given| in_front(&mut given.bootstrap, &filter)).await;
        for protocol in [H1, H2] {
            for framing in [Framing::Length, Framing::Chunked] {
                let request = Request { framing, ..Request::post("/orders", "sent in vain") };
                let case = Case::new(format!("{name} {framing:?} {protocol:?}"), protocol, request, Reply::ok(""));
                let (exchange, record) = stage.check_with(case, as_logged).await;
                assert_eq!((exchange.answer.status(), exchange.seen), (403, None));
                let answered = !exchange.answer.body.is_empty();
                assert_eq!(flags(&record), (true, answered), "{name} {framing:?} {protocol:?}");
            }
            for request in [Request::get("/page"), Request::new("HEAD", "/page"), Request::post("/orders", "")] {
                let name = format!("{name} {} {protocol:?}", request.method);
                let case = Case::new(name.clone(), protocol, request, Reply::ok(""));
                let (exchange, record) = stage.check_with(case, as_logged).await;
                assert_eq!(flags(&record), (false, !exchange.answer.body.is_empty()), "{name}");
            }
        }
        stage.finish().await;
    }
}
