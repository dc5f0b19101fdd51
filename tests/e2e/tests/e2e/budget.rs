//! Large bodies and long streams under the default configuration: what they may take, and that nobody else goes without.

use std::time::Duration;

use bytes::Bytes;
use http_trace_e2e::case::Case;
use http_trace_e2e::client::Connection;
use http_trace_e2e::client::Protocol::{H1, H2};
use http_trace_e2e::client_h2::H2 as Client;
use http_trace_e2e::message::{End, Shared};
use http_trace_e2e::reply::{Finish, Reply};
use http_trace_e2e::request::Request;
use http_trace_e2e::stage::Stage;
use http_trace_e2e::wait;
use serde_json::json;
use tokio::task::JoinSet;

/// A record is never too large for its queue: its bodies are cut to what can be sent.
#[tokio::test]
async fn a_body_larger_than_the_queue() {
    // To parse such records takes the harness more than the default's 5 s when it is not optimized.
    let configuration = r#"{"capture":{"max_body_bytes":10000000},"collector":{"timeout_ms":60000}}"#;
    let stage = Stage::with(Some(configuration)).await;
    let exchanges = [(H1, Reply::status(204)), (H2, Reply::ok(vec![b'd'; 7_000_000]))];
    for (at, (protocol, reply)) in exchanges.into_iter().enumerate() {
        let request = Request { id: stage.id(), ..Request::post("/upload", vec![b'u'; 7_000_000]) };
        let id = request.id.clone();
        stage.check_traffic(&Case::new("7 MB", protocol, request, reply)).await;
        stage.settle(at as u64 + 1).await;
        let post = stage.collector.record("request_id", &id).expect("a record");
        let record = post.json().expect("JSON");
        let size = record["scnt_request"]["body"].as_str().expect("a body").len() / 4 * 3;
        assert!((2_000_000..=7_000_000).contains(&size), "{size} bytes of it");
        assert_eq!(record["scnt_request"]["truncated_body"], json!(size < 7_000_000));
    }
    assert_eq!(stage.metric("dropped_too_large"), Some(0));
    stage.finish().await;
}

const STREAMS: usize = 80;
const EVENTS: usize = 1_000_000;

/// Event streams that never end, each with a megabyte of events so far; how they end is the caller's.
async fn event_streams(stage: &Stage) -> JoinSet<()> {
    let connection = Connection::open(stage.envoy.filtered()).await.expect("a connection");
    let client = Client::over(connection.into_stream()).await.expect("HTTP/2");
    let mut streams = JoinSet::new();
    let mut answers = Vec::new();
    for _ in 0..STREAMS {
        let request = Request { id: stage.id(), ..Request::get("/h2/events") };
        let reply = Reply::chunks(&[Bytes::from(vec![b'e'; EVENTS])]).header("content-type", "text/event-stream");
        stage.upstream.reply(&request.id, reply.finish(Finish::HangAfter(EVENTS)));
        let (mut client, answer) = (client.clone(), Shared::default());
        answers.push(answer.clone());
        streams.spawn(async move { drop(client.send(&request, None, &answer).await) });
    }
    for answer in answers {
        let whole = || (answer.lock().body.len() == EVENTS).then_some(());
        wait::until("a megabyte of events", whole).await;
        assert_eq!(answer.lock().end, End::Open);
    }
    streams
}

#[tokio::test]
async fn many_long_streams() {
    let stage = Stage::start().await;
    let mut streams = event_streams(&stage).await;
    for protocol in [H1, H2] {
        // With the streams open: its body, and the answer's, are whole.
        stage.check(Case::new("a small exchange", protocol, Request::post("/orders", "small"), Reply::echo())).await;
    }
    // All at once, and the collector is slow.
    stage.collector.behave(http_trace_e2e::collector::Manner::Slow(Duration::from_millis(300)));
    streams.abort_all();
    while streams.join_next().await.is_some() {}
    let all = (STREAMS + 2) as u64;
    wait::until("all streams to end", || (stage.metric("streams")? == all).then_some(())).await;
    let exported = || (stage.metric("exported")? == all).then_some(());
    if wait::within(wait::DEADLINE, exported).await.is_none() {
        let numbers = stage.envoy.admin().stats(http_trace_e2e::account::PREFIX);
        panic!("{:?} of {all} records were exported: {numbers:?}", stage.metric("exported"));
    }
    // What they have of bodies is shared fairly.
    let posts = stage.collector.posts();
    let records = posts.iter().map(|post| post.json().expect("JSON"));
    let sizes: Vec<usize> =
        records.map(|record| record["scnt_response"]["body"].as_str().map_or(0, str::len)).collect();
    println!("bodies as base64: {sizes:?}");
    assert!(sizes.iter().all(|size| *size > 0), "a record without any of its body: {sizes:?}");
    stage.finish().await;
}
