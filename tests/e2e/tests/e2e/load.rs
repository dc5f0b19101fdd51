//! Many streams at once: no record is lost, mixed up or doubled.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_trace_e2e::case::{Case, Exchange};
use http_trace_e2e::client::Connection;
use http_trace_e2e::client::Protocol::{self, H1, H2};
use http_trace_e2e::client_h2::H2 as Client;
use http_trace_e2e::diff;
use http_trace_e2e::expect::Expected;
use http_trace_e2e::message::Shared;
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::stage::Stage;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// `count` exchanges, none of which is answered before all have reached the upstream.
fn cases(stage: &Stage, protocol: Protocol, count: usize, prefix: &str) -> Vec<Case> {
    let case = |at: usize| {
        let mut request = Request::post(&format!("{prefix}{at}"), format!("{at} ").repeat(1 + at % 500));
        request.id = stage.id();
        Case::new(format!("number {at}"), protocol, request, Reply::echo().header("x-number", at.to_string()))
    };
    (0..count).map(case).collect()
}

/// Sends them all at once to one listener: HTTP/2 over one connection, HTTP/1.1 over one each.
async fn flood(stage: &Stage, cases: &[Case], to: SocketAddr) -> Vec<Exchange> {
    let barrier = Arc::new(Barrier::new(cases.len()));
    let connection = Connection::open(to).await.expect("a connection");
    let shared_source = connection.source;
    let client = Client::over(connection.into_stream()).await.expect("HTTP/2");
    let mut streams = JoinSet::new();
    for (at, case) in cases.iter().cloned().enumerate() {
        let (id, request) = (&case.request.id, case.request.clone());
        stage.upstream.forget(id);
        stage.upstream.reply(id, Reply { barrier: Some(Arc::clone(&barrier)), ..case.reply });
        let mut client = client.clone();
        streams.spawn(async move {
            let answer = Shared::default();
            let source = if case.protocol == H2 {
                client.send(&request, None, &answer).await.expect("an answer");
                shared_source
            } else {
                let connection = Connection::open(to).await.expect("a connection");
                let source = connection.source;
                connection.send(H1, &request, None, &answer).await.expect("an answer");
                source
            };
            let answer = answer.lock().clone();
            (at, source, answer)
        });
    }
    let all = tokio::time::timeout(Duration::from_secs(60), streams.join_all()).await;
    let mut answers = all.expect("all streams at the upstream at once");
    answers.sort_by_key(|(at, ..)| *at);
    let exchange = |(at, source, answer): (usize, SocketAddr, _)| {
        let seen = stage.upstream.seen(&cases[at].request.id).map(|seen| seen.lock().clone());
        Exchange { source, answer, seen }
    };
    answers.into_iter().map(exchange).collect()
}

async fn concurrent(protocol: Protocol, count: usize, prefix: &str) {
    let stage = Stage::start().await;
    let cases = cases(&stage, protocol, count, prefix);
    let plain = flood(&stage, &cases, stage.envoy.plain()).await;
    let filtered = flood(&stage, &cases, stage.envoy.filtered()).await;
    stage.settle(count as u64).await;
    let records: Vec<_> = stage.collector.posts().iter().map(|post| post.json().expect("JSON")).collect();
    let records: BTreeMap<_, _> =
        records.iter().map(|record| (record["request_id"].as_str().unwrap_or_default(), record)).collect();
    for ((case, plain), filtered) in cases.iter().zip(&plain).zip(&filtered) {
        let mut differences = diff::messages("the client saw", &plain.answer, &filtered.answer);
        let (Some(plain), Some(seen)) = (&plain.seen, &filtered.seen) else { panic!("{}: not seen", case.name) };
        differences.extend(diff::messages("the upstream saw", plain, seen));
        assert_eq!(filtered.answer.body, case.request.whole_body(), "{}", case.name);
        let expected = Expected::of(case, filtered, stage.envoy.filtered()).json();
        match records.get(&case.request.id[..]) {
            Some(record) => {
                let mut record = (*record).clone();
                differences.extend(stage.check_times(&mut record).err());
                differences.extend(diff::json(&expected, &record));
            }
            None => differences.push("no record".to_owned()),
        }
        assert!(differences.is_empty(), "{}:\n  {}", case.name, differences.join("\n  "));
    }
    stage.finish().await;
}

#[tokio::test]
async fn a_thousand_concurrent_streams() {
    concurrent(H2, 1000, "/h2/").await;
}

#[tokio::test]
async fn a_hundred_connections() {
    concurrent(H1, 100, "/").await;
}
