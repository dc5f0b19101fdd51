//! gRPC by a real client and a real server.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_trace_e2e::diff;
use http_trace_e2e::expect::{Expected, Half};
use http_trace_e2e::message::{End, Headers, Message};
use http_trace_e2e::stage::Stage;
use http_trace_e2e::upstream_h2::SERVICE;
use http_trace_e2e::wait;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

/// The answer "SERVING": a frame of two bytes, field 1 with the value 1.
const SERVING: [u8; 7] = [0, 0, 0, 0, 2, 8, 1];

/// A client over one connection, and the address it has.
async fn client(to: SocketAddr) -> (HealthClient<Channel>, SocketAddr) {
    let source = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&source);
    let connect = tower::service_fn(move |_| {
        let keep = Arc::clone(&keep);
        async move {
            let stream = TcpStream::connect(to).await?;
            *keep.lock().expect("the lock") = stream.local_addr().ok();
            Ok::<_, std::io::Error>(TokioIo::new(stream))
        }
    });
    let endpoint = Endpoint::from_static("http://shop.test");
    let channel = endpoint.connect_with_connector(connect).await.expect("a gRPC connection");
    let source = source.lock().expect("the lock").expect("an address");
    (HealthClient::new(channel), source)
}

fn ask(id: &str, service: &str) -> Request<HealthCheckRequest> {
    let mut request = Request::new(HealthCheckRequest { service: service.into() });
    request.metadata_mut().insert("x-request-id", id.parse().expect("a header value"));
    request
}

/// What the upstream saw: the same without the filter and with it.
async fn seen(stage: &Stage, id: &str) -> Message {
    let seen = wait::until("the gRPC request", || stage.upstream.seen(id)).await;
    let seen = wait::until("its end", || Some(seen.lock().clone()).filter(|seen| seen.end == End::Complete)).await;
    stage.upstream.forget(id);
    seen
}

fn expected(stage: &Stage, id: &str, source: SocketAddr, method: &str, seen: &Message, response: Half) -> Expected {
    let mut headers = seen.headers.clone();
    headers.retain(|(name, _)| !name.starts_with(b"x-envoy-"));
    for wanted in ["te", "content-type", "user-agent", "x-request-id"] {
        assert!(headers.iter().any(|(name, _)| name == wanted.as_bytes()), "{wanted} is missing: {seen:?}");
    }
    Expected {
        request_id: id.to_owned(),
        scheme: "http",
        source,
        destination: stage.envoy.filtered(),
        version: "HTTP/2".into(),
        method: "POST".into(),
        path: format!("/grpc.health.v1.Health/{method}").into(),
        host: "shop.test".into(),
        request: Half { headers, body: seen.body.clone() },
        status: 200,
        response,
    }
}

fn fields(fields: &[(&str, &str)]) -> Headers {
    fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

#[tokio::test]
async fn unary_call() {
    let stage = Stage::start().await;
    let id = stage.id();
    let mut requests = Vec::new();
    for to in [stage.envoy.plain(), stage.envoy.filtered()] {
        let (mut client, source) = client(to).await;
        let answer = client.check(ask(&id, SERVICE)).await.expect("an answer");
        assert_eq!(answer.into_inner().status, 1);
        requests.push((source, seen(&stage, &id).await));
    }
    assert_eq!(diff::messages("the upstream saw", &requests[0].1, &requests[1].1), [""; 0]);
    let (source, seen) = &requests[1];
    assert_eq!(seen.body, [&[0, 0, 0, 0, 13, 10, 11], SERVICE.as_bytes()].concat());
    // The status is in the trailers, which are no headers of the record.
    let response = Half { headers: fields(&[("content-type", "application/grpc")]), body: SERVING.to_vec() };
    stage.expect_record("Check", &expected(&stage, &id, *source, "Check", seen, response)).await;
    stage.finish().await;
}

#[tokio::test]
async fn error_in_trailers_only() {
    let stage = Stage::start().await;
    let id = stage.id();
    let mut requests = Vec::new();
    for to in [stage.envoy.plain(), stage.envoy.filtered()] {
        let (mut client, source) = client(to).await;
        let status = client.check(ask(&id, "no.Such")).await.expect_err("an error");
        assert_eq!((status.code(), status.message()), (Code::NotFound, "service not registered"));
        requests.push((source, seen(&stage, &id).await));
    }
    assert_eq!(diff::messages("the upstream saw", &requests[0].1, &requests[1].1), [""; 0]);
    let (source, seen) = &requests[1];
    // The response is one header section, which ends the stream.
    let headers = fields(&[
        ("content-type", "application/grpc"),
        ("grpc-status", "5"),
        ("grpc-message", "service%20not%20registered"),
    ]);
    let response = Half { headers, body: Vec::new() };
    stage.expect_record("Check", &expected(&stage, &id, *source, "Check", seen, response)).await;
    stage.finish().await;
}

#[tokio::test]
async fn stream_that_the_client_ends() {
    let stage = Stage::start().await;
    let id = stage.id();
    let mut requests = Vec::new();
    for to in [stage.envoy.plain(), stage.envoy.filtered()] {
        let (mut client, source) = client(to).await;
        let mut stream = client.watch(ask(&id, "")).await.expect("a stream").into_inner();
        let first = stream.message().await.expect("a message").expect("a message");
        assert_eq!(first.status, 1);
        drop(stream);
        requests.push((source, seen(&stage, &id).await));
    }
    assert_eq!(diff::messages("the upstream saw", &requests[0].1, &requests[1].1), [""; 0]);
    let (source, seen) = &requests[1];
    let response = Half { headers: fields(&[("content-type", "application/grpc")]), body: SERVING.to_vec() };
    stage.expect_record("Watch", &expected(&stage, &id, *source, "Watch", seen, response)).await;
    stage.finish().await;
}

/// Envoy answers a gRPC request itself with a gRPC status.
#[tokio::test]
async fn local_reply() {
    let stage = Stage::start().await;
    let (served, refused) = (stage.id(), stage.id());
    let mut statuses = Vec::new();
    let mut like = None;
    for to in [stage.envoy.plain(), stage.envoy.filtered()] {
        let (mut client, source) = client(to).await;
        client.check(ask(&served, SERVICE)).await.expect("an answer");
        like = Some((source, seen(&stage, &served).await));
        let mut request = ask(&refused, SERVICE);
        request.metadata_mut().insert("x-refuse", "1".parse().expect("a header value"));
        let status = client.check(request).await.expect_err("an error");
        statuses.push((status.code(), status.message().to_owned()));
    }
    assert_eq!(statuses, vec![(Code::Unavailable, "no healthy upstream".to_owned()); 2]);
    // No upstream saw this request: its headers are those of the other, with one more.
    let (source, mut seen) = like.expect("a request");
    let at = seen.headers.iter().position(|(name, _)| name == b"x-request-id").expect("the id");
    seen.headers[at].1 = refused.clone().into();
    seen.headers.insert(at + 1, (b"x-refuse".into(), b"1".into()));
    seen.body.clear();
    let headers =
        [("content-type", "application/grpc"), ("grpc-status", "14"), ("grpc-message", "no healthy upstream")];
    let response = Half { headers: fields(&headers), body: Vec::new() };
    stage.expect_record("refused", &expected(&stage, &refused, source, "Check", &seen, response)).await;
    stage.finish().await;
}
