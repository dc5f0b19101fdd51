//! gRPC by a real client and a real server.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_trace_e2e::bootstrap::in_front;
use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::{H1, H2};
use http_trace_e2e::diff;
use http_trace_e2e::expect::{Expected, Half};
use http_trace_e2e::message::{End, Headers, Message};
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::stage::Stage;
use http_trace_e2e::upstream_h2::SERVICE;
use http_trace_e2e::wait;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};
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

fn ask(id: &str, service: &str) -> tonic::Request<HealthCheckRequest> {
    let mut request = tonic::Request::new(HealthCheckRequest { service: service.into() });
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
        request: Half { headers, body: seen.body.clone(), ..Half::default() },
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
    let response = Half {
        headers: fields(&[("content-type", "application/grpc")]),
        body: SERVING.to_vec(),
        cut: false,
        trailers: fields(&[("grpc-status", "0")]),
    };
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
    let response = Half { headers, ..Half::default() };
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
    let headers = fields(&[("content-type", "application/grpc")]);
    // The client left, so there is no status.
    let response = Half { headers, body: SERVING.to_vec(), cut: true, ..Half::default() };
    stage.expect_record("Watch", &expected(&stage, &id, *source, "Watch", seen, response)).await;
    stage.finish().await;
}

/// Several messages both ways, and the status in the trailers; over HTTP/2, and over HTTP/1.1 as gRPC-Web, which a filter in front
/// makes gRPC of.
#[tokio::test]
async fn streams_and_grpc_web() {
    let web = json!({ "name": "envoy.filters.http.grpc_web", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.grpc_web.v3.GrpcWeb",
    } });
    let stage = Stage::serving(None, |_| Reply::echo(), |given| in_front(&mut given.bootstrap, &web)).await;
    let message = |value: u8| Bytes::from(vec![0, 0, 0, 0, 2, 8, value]);
    let messages = [message(1), message(2), message(3)];
    for status in ["0", "7"] {
        let reply = Reply::chunks(&messages)
            .header("content-type", "application/grpc")
            .trailer("grpc-status", status)
            .trailer("grpc-message", "said");
        let request = Request::post_chunks("/h2/shop.Orders/Watch", &messages).header("te", "trailers");
        let stream = Case::new("stream", H2, request.clone().header("content-type", "application/grpc"), reply.clone());
        let (exchange, record) = stage.check(stream).await;
        assert_eq!(exchange.answer.trailers, reply.trailers);
        assert_eq!(record["scnt_response"]["trailers"], json!([["grpc-status", status], ["grpc-message", "said"]]));

        let request = Request::post("/h2/shop.Orders/Watch", messages.concat())
            .header("content-type", "application/grpc-web+proto");
        let (exchange, record) = stage
            .check_with(Case::new("gRPC-Web", H1, request, reply), |expected, exchange| {
                let seen = exchange.seen.as_ref().expect("what the upstream saw");
                expected.request.headers.clone_from(&seen.headers);
                expected.request.headers.retain(|(name, _)| !name.starts_with(b"x-envoy-"));
                expected.response.body = messages.concat();
                expected.response.trailers = fields(&[("grpc-status", status), ("grpc-message", "said")]);
            })
            .await;
        let last = format!("grpc-status:{status}\r\ngrpc-message:said\r\n");
        assert!(exchange.answer.body.ends_with(last.as_bytes()), "{}", exchange.answer.body.escape_ascii());
        assert_eq!(record["scnt_response"]["trailers"][0], json!(["grpc-status", status]));
    }
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
    let response = Half { headers: fields(&headers), ..Half::default() };
    let mut expected = expected(&stage, &refused, source, "Check", &seen, response);
    expected.request.cut = true;
    stage.expect_record("refused", &expected).await;
    stage.finish().await;
}
