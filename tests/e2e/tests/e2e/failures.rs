//! Upstreams that fail.

use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::{H1, H2};
use http_trace_e2e::message::End;
use http_trace_e2e::reply::{Finish, Reply};
use http_trace_e2e::request::{Framing, Request};
use http_trace_e2e::stage::Stage;

#[tokio::test]
async fn reset_before_the_response() {
    let stage = Stage::start().await;
    for (target, finish) in
        [("/", Finish::ResetUnanswered), ("/", Finish::CloseUnanswered), ("/h2/", Finish::ResetUnanswered)]
    {
        for protocol in [H1, H2] {
            let reply = Reply::ok("never sent").finish(finish);
            let case = Case::new(format!("{finish:?}"), protocol, Request::post(target, "sent"), reply);
            let (exchange, record) = stage.check(case).await;
            assert_eq!(exchange.answer.status(), 503);
            assert!(exchange.answer.body.starts_with(b"upstream connect error"), "{:?}", exchange.answer);
            assert_eq!(record["scnt_request"]["body"], "c2VudA==");
        }
    }
    stage.finish().await;
}

#[tokio::test]
async fn reset_mid_body() {
    let stage = Stage::start().await;
    // Before 1.37, Envoy's RST_STREAM said NO_ERROR, which HTTP/2 clients take for an end: envoyproxy/envoy#42269.
    let version = stage.envoy.admin().version().expect("Envoy's version");
    let tells_nothing = version.starts_with("1.36.");
    for target in ["/", "/h2/"] {
        for protocol in [H1, H2] {
            for framing in [Framing::Length, Framing::Chunked] {
                let reply = Reply::ok(vec![b'd'; 50_000]).framed(framing).finish(Finish::ResetAfter(5000));
                let case = Case::new(format!("{framing:?} at {target}"), protocol, Request::get(target), reply);
                // Whatever the client was told, the filter was told of no end.
                let (exchange, record) = stage.check_with(case, |expected, _| expected.response.cut = true).await;
                let answer = (exchange.answer.status(), exchange.answer.body.len(), exchange.answer.end);
                let end = if tells_nothing && protocol == H2 { End::Complete } else { End::Cut };
                assert_eq!(answer, (200, 5000, end), "{framing:?} at {target}, {protocol:?}, Envoy {version}");
                assert_eq!(record["scnt_response"]["status_code"], "200");
            }
        }
    }
    stage.finish().await;
}

#[tokio::test]
async fn no_upstream_at_all() {
    let stage = Stage::start().await;
    for protocol in [H1, H2] {
        for (target, text) in [
            ("/refused", "upstream connect error or disconnect/reset before headers"),
            ("/empty-cluster", "no healthy upstream"),
            ("/unknown-cluster", ""),
        ] {
            let case = Case::new(target, protocol, Request::get(target).header("x-a", "1"), Reply::ok("never sent"));
            let (exchange, record) = stage.check(case).await;
            assert_eq!((exchange.answer.status(), exchange.seen), (503, None), "{target}");
            assert!(exchange.answer.body.starts_with(text.as_bytes()), "{:?}", exchange.answer);
            assert_eq!(record["scnt_response"]["status_code"], "503");
        }
    }
    stage.finish().await;
}

#[tokio::test]
async fn timeout_of_the_route() {
    let stage = Stage::start().await;
    for protocol in [H1, H2] {
        let reply = Reply::ok("never sent").finish(Finish::HangUnanswered);
        let case = Case::new("timeout", protocol, Request::post("/timeout", "sent"), reply);
        let (exchange, _) = stage.check(case).await;
        assert_eq!((exchange.answer.status(), &exchange.answer.body[..]), (504, &b"upstream request timeout"[..]));
    }
    stage.finish().await;
}

#[tokio::test]
async fn answer_before_the_request_is_whole() {
    let stage = Stage::start().await;
    let reply = Reply::status(413).with_body("too much").early();
    let mut case = Case::new("early", H1, Request::post("/upload", vec![b'u'; 50_000]), reply);
    // The client never sends the rest, so that what the upstream gets does not depend on timing.
    case.hold = Some(5000);
    let (exchange, record) = stage.check(case).await;
    assert_eq!((exchange.answer.status(), exchange.seen.map(|seen| seen.body.len())), (413, Some(5000)));
    assert_eq!(record["scnt_response"]["status_code"], "413");
    stage.finish().await;
}
