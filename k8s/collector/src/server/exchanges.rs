//! Kept exchanges: one of them with all that is known, and many of them as HAR.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;

use super::{Shared, body};
use crate::exchange::{Exchange, Message};
use crate::har;

const JSON: (axum::http::HeaderName, &str) = (CONTENT_TYPE, "application/json");

/// One of them.
pub(super) async fn detail(State(shared): State<Shared>, Path(number): Path<u64>) -> Response {
    let place = place(&shared).await;
    match shared.store.get(number) {
        Some(exchange) => send(place, stream::iter([Bytes::from(describe(&exchange).to_string())])),
        None => (StatusCode::NOT_FOUND, "this exchange is not kept any more\n").into_response(),
    }
}

/// A place among those that read all of an exchange, which takes more memory than the exchange. Others wait.
async fn place(shared: &Shared) -> Option<OwnedSemaphorePermit> {
    // None would be there if the semaphore were closed, which nobody does.
    Arc::clone(&shared.readers).acquire_owned().await.ok()
}

/// JSON in pieces. The place is held until all of it is sent.
fn send(place: Option<OwnedSemaphorePermit>, pieces: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    let pieces = pieces.map(move |piece| {
        let _held = &place;
        Ok::<_, Infallible>(piece)
    });
    ([JSON], Body::from_stream(pieces)).into_response()
}

fn describe(exchange: &Exchange) -> Value {
    json!({
        "id": exchange.request_id,
        "url": har::url(exchange),
        "scheme": exchange.scheme,
        "method": exchange.method,
        "host": exchange.host,
        "path": exchange.path,
        "status": exchange.status,
        "start": exchange.start,
        "end": exchange.end,
        "source": exchange.source,
        "destination": exchange.destination,
        "namespace": exchange.namespace,
        "request": message(&exchange.request),
        "response": message(&exchange.response),
    })
}

fn message(message: &Message) -> Value {
    let content = message.content();
    // Only where it is another one than the body.
    let decoded = match content.bytes {
        Cow::Owned(bytes) => Some(STANDARD.encode(bytes)),
        Cow::Borrowed(_) => None,
    };
    json!({
        "version": message.version,
        "headers": message.headers,
        "trailers": message.trailers,
        "type": message.content_type(),
        "body": STANDARD.encode(&message.body),
        "decoded": decoded,
        "fault": content.fault,
        "truncated": message.truncated,
        "uncoded": content.is_uncoded,
        "size": message.size(),
    })
}

/// All of them.
pub(super) async fn har(State(shared): State<Shared>) -> Response {
    let place = place(&shared).await;
    let store = shared.store;
    let next = move |last| {
        let next = store.after(last, 1).pop();
        async move { next.map(|(number, exchange)| (exchange, number)) }
    };
    // One at a time, so that none is held that the store has forgotten.
    write(place, stream::unfold(0, next))
}

/// Those whose numbers are in the array that the request's body is.
pub(super) async fn har_of(State(shared): State<Shared>, request: Request) -> Response {
    let read = match body::read(request.into_body(), &shared.request_bytes).await {
        Ok(read) => read,
        Err(refusal) => return refusal.into_response(),
    };
    let numbers: Vec<u64> = match serde_json::from_slice(&read.body) {
        Ok(numbers) => numbers,
        Err(error) => return (StatusCode::BAD_REQUEST, format!("no array of numbers: {error}\n")).into_response(),
    };
    let place = place(&shared).await;
    let store = shared.store;
    write(place, stream::iter(numbers).filter_map(move |number| std::future::ready(store.get(number))))
}

fn write(
    place: Option<OwnedSemaphorePermit>,
    exchanges: impl Stream<Item = Arc<Exchange>> + Send + 'static,
) -> Response {
    let entries = exchanges.enumerate().map(|(at, exchange)| {
        let before = if at == 0 { "\n" } else { har::BETWEEN };
        Bytes::from(format!("{before}{}", har::entry(&exchange)))
    });
    let edge = |text: &'static str| stream::iter([Bytes::from_static(text.as_bytes())]);
    send(place, edge(har::HEAD).chain(entries).chain(edge(har::TAIL)))
}
