//! The collector's port: it takes records, and shows them.

mod body;
mod connections;
mod events;
mod exchanges;
mod guard;
mod ingest;
mod page;
mod patience;

use std::io;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::receive::Format;
use crate::sink::Sink;
use crate::store::Store;

/// How many bytes of requests are in memory at a time, before they are exchanges in the store.
const REQUEST_BYTES: usize = 64 << 20;

/// How many pages may watch.
const WATCHERS: usize = 32;

/// How many answers with all of an exchange are made and sent at a time.
const READERS: usize = 4;

/// What all connections share.
#[derive(Clone)]
struct Shared {
    store: Arc<Store>,
    sink: Sink,
    token: Option<Arc<str>>,
    /// A place for each byte of the requests that are being read.
    request_bytes: Arc<Semaphore>,
    watchers: Arc<Semaphore>,
    readers: Arc<Semaphore>,
    /// Tells this run from the one before on the same port, whose numbers were others.
    run: Arc<str>,
}

/// Serves until it is dropped. With a token, whoever wants to send or read needs it.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, store: Arc<Store>, sink: Sink, token: Option<&str>) -> io::Result<()> {
    let run = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis());
    let shared = Shared {
        store,
        sink,
        token: token.map(Arc::from),
        request_bytes: Arc::new(Semaphore::new(REQUEST_BYTES)),
        watchers: Arc::new(Semaphore::new(WATCHERS)),
        readers: Arc::new(Semaphore::new(READERS)),
        run: format!("{run:x}").into(),
    };
    connections::serve(listener, router(shared), connections::PATIENCE).await
}

fn router(shared: Shared) -> Router {
    let mut records = Router::new().route("/api/hostsToTrace", get(ingest::hosts));
    for (path, format) in Format::PATHS {
        let take = move |state, request| ingest::take(format, state, request);
        records = records.route(path, post(take));
    }
    let reads = Router::new()
        .route("/api/events", get(events::events))
        .route("/api/exchanges/{number}", get(exchanges::detail))
        .route("/api/har", get(exchanges::har).post(exchanges::har_of))
        .route_layer(from_fn_with_state(shared.clone(), guard::local_name));
    let page = Router::new()
        .route("/", get(page::index))
        .route("/page/{file}", get(page::file))
        .route("/healthz", get(|| async { "ok\n" }));
    records
        .merge(reads)
        .route_layer(from_fn_with_state(shared.clone(), guard::token))
        .merge(page)
        .layer(from_fn(guard::same_site))
        .layer(from_fn(page::headers))
        .with_state(shared)
}
