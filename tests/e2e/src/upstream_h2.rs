//! The upstream over HTTP/2, with the standard gRPC health service.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::channel::{Channel, Sender};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Frame, Incoming};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tonic::codegen::Service as _;
use tonic_health::ServingStatus;

use crate::message::{End, Headers, Shared};
use crate::reply::{Finish, Reply};
use crate::server::each_connection;
use crate::upstream::State;

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Body = UnsyncBoxBody<Bytes, Failure>;

/// The service that the gRPC health server knows, beside "".
pub const SERVICE: &str = "shop.Orders";

pub(crate) async fn accept(listener: TcpListener, state: Arc<State>) {
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status(SERVICE, ServingStatus::Serving).await;
    let serve = move |stream| {
        let (state, health) = (Arc::clone(&state), health.clone());
        let service = service_fn(move |request: Request<Incoming>| {
            let (state, mut health) = (Arc::clone(&state), health.clone());
            async move {
                if !request.uri().path().starts_with("/grpc.health.v1.Health/") {
                    return answer(request, &state).await;
                }
                let seen = begin(&request);
                state.begin(&seen);
                let (parts, body) = request.into_parts();
                receive(body, &seen).await;
                let body = Full::new(Bytes::from(seen.lock().body.clone()));
                let response = health.call(Request::from_parts(parts, body)).await?;
                Ok(response.map(|body| body.map_err(Into::into).boxed_unsync()))
            }
        });
        hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .max_concurrent_streams(2000)
            .auto_date_header(false)
            .serve_connection(TokioIo::new(stream), service)
    };
    each_connection(listener, serve).await;
}

fn begin<B>(request: &Request<B>) -> Shared {
    let seen = Shared::default();
    let mut message = seen.lock();
    message.start = format!("{} {} HTTP/2", request.method(), request.uri()).into_bytes();
    message.headers = fields(request.headers());
    drop(message);
    seen
}

async fn answer(request: Request<Incoming>, state: &State) -> Result<Response<Body>, Failure> {
    let seen = begin(&request);
    let mut reply = state.begin(&seen);
    receive(request.into_body(), &seen).await;
    if reply.echo {
        reply.body = vec![seen.lock().body.clone().into()];
    }
    reply.ready().await;
    match reply.finish {
        Finish::ResetUnanswered | Finish::CloseUnanswered => return Err(io::Error::other("reset, as told").into()),
        Finish::HangUnanswered => std::future::pending().await,
        _ => {}
    }
    let mut response = Response::builder().status(reply.status);
    if let Some(headers) = response.headers_mut() {
        for (name, value) in reply.fields().into_iter().filter(|(name, _)| name != b"transfer-encoding") {
            headers.append(HeaderName::from_bytes(&name)?, HeaderValue::from_bytes(&value)?);
        }
    }
    let (sender, body) = Channel::new(1);
    tokio::spawn(async move { send(sender, reply).await });
    Ok(response.body(body.boxed_unsync())?)
}

async fn send(mut sender: Sender<Bytes, Failure>, reply: Reply) -> Result<(), Failure> {
    for piece in reply.pieces() {
        sender.send_data(piece).await?;
    }
    match reply.finish {
        Finish::ResetAfter(_) => {
            reply.gate.notified().await;
            sender.abort(io::Error::other("reset, as told").into());
        }
        Finish::HangAfter(_) => std::future::pending().await,
        _ if !reply.trailers.is_empty() => sender.send(Frame::trailers(header_map(&reply.trailers)?)).await?,
        _ => {}
    }
    Ok(())
}

/// Reads a body to its end into `seen`.
pub(crate) async fn receive(mut body: Incoming, seen: &Shared) {
    let end = loop {
        match body.frame().await {
            None => break End::Complete,
            Some(Err(_)) => break End::Cut,
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => seen.lock().body.extend_from_slice(&data),
                Err(frame) => seen.lock().trailers = frame.trailers_ref().map(fields).unwrap_or_default(),
            },
        }
    };
    seen.lock().end = end;
}

/// A header map in its own order.
pub(crate) fn fields(map: &HeaderMap) -> Headers {
    map.iter().map(|(name, value)| (name.as_str().into(), value.as_bytes().into())).collect()
}

/// A header map of these fields.
pub(crate) fn header_map(fields: &Headers) -> Result<HeaderMap, Failure> {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        map.append(HeaderName::from_bytes(name)?, HeaderValue::from_bytes(value)?);
    }
    Ok(map)
}
