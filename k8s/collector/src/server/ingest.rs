//! What the filter asks for and sends.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::Shared;
use super::body::{self, Refusal};
use crate::exchange::Exchange;
use crate::receive::Format;

/// How much of a reason is told: it may name what was sent, however long that is.
const REASON: usize = 500;

const PROTOBUF: &str = "application/x-protobuf";

/// As a sampling manager: everything is of interest.
pub(super) async fn hosts() -> Response {
    ([(CONTENT_TYPE, "application/json")], r#"{"hosts":["*"]}"#).into_response()
}

/// Takes the records of a request, and acknowledges them once they are stored.
pub(super) async fn take(format: Format, State(shared): State<Shared>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    match store(format, &shared, &head.headers, body).await {
        Ok(()) if format == Format::Otlp => ([(CONTENT_TYPE, PROTOBUF)], "").into_response(),
        Ok(()) => StatusCode::OK.into_response(),
        Err((status, reason)) => {
            if status == StatusCode::BAD_REQUEST {
                anstream::eprintln!("refused: {reason}");
            }
            (status, format!("{reason}\n")).into_response()
        }
    }
}

async fn store(format: Format, shared: &Shared, headers: &HeaderMap, body: Body) -> Result<(), Refusal> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let unsupported = |reason: String| Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, reason));
    let coding = header(CONTENT_ENCODING);
    if !["", "identity"].contains(&coding) {
        return unsupported(format!("the content-encoding is {coding:?}: none was expected"));
    }
    let content_type = header(CONTENT_TYPE);
    if format == Format::Otlp && !content_type.eq_ignore_ascii_case(PROTOBUF) {
        return unsupported(format!("the content-type is {content_type:?}: {PROTOBUF:?} was expected"));
    }
    let mut read = body::read(body, &shared.request_bytes).await?;
    let exchanges = format.read(&read.body).map_err(|reason| (StatusCode::BAD_REQUEST, shortened(reason)))?;
    let most = shared.store.limits().bytes;
    let sizes = || exchanges.iter().map(Exchange::memory);
    if let Some(large) = sizes().find(|bytes| *bytes > most) {
        let reason = format!("an exchange takes {large} bytes, of {most} that are kept");
        return Err((StatusCode::PAYLOAD_TOO_LARGE, reason));
    }
    // Until they are stored.
    read.becomes(sizes().sum(), &shared.request_bytes)?;
    shared.sink.store(exchanges).await.map_err(|reason| (StatusCode::SERVICE_UNAVAILABLE, reason))
}

fn shortened(mut reason: String) -> String {
    if let Some((end, _)) = reason.char_indices().nth(REASON) {
        reason.truncate(end);
        reason.push('…');
    }
    reason
}
