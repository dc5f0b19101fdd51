//! Connections: so many at a time, and none that only waits.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower_service::Service as _;

use super::patience::Patient;

/// Each worker of each Envoy has one.
const MOST: usize = 2048;

/// How long a connection may take for its first bytes, for the head of a request, and for room for a part of an answer; also
/// how long it may be idle. Envoy opens another one then.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// How many bytes of headers a request may have, about.
const HEAD_BYTES: usize = 64 << 10;

/// How many bytes of bodies HTTP/2 may send before they are asked for: in a stream, and in all of a connection.
const WINDOWS: [u32; 2] = [64 << 10, 128 << 10];

/// How long to wait when the system has no more sockets.
const PAUSE: Duration = Duration::from_millis(50);

pub(super) async fn serve(listener: TcpListener, router: Router, patience: Duration) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(MOST));
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(patience).max_buf_size(HEAD_BYTES);
    let [of_stream, of_connection] = WINDOWS;
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(patience)
        .max_concurrent_streams(64)
        .initial_stream_window_size(of_stream)
        .initial_connection_window_size(of_connection)
        .max_header_list_size(HEAD_BYTES as u32);
    loop {
        let place = Arc::clone(&places).acquire_owned().await.map_err(io::Error::other)?;
        // A client that went away again, or too many open files: the next one may be luckier.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let (builder, router) = (builder.clone(), router.clone());
        tokio::spawn(async move {
            let answer = service_fn(move |request: hyper::Request<Incoming>| {
                let mut router = router.clone();
                async move { Ok::<_, Infallible>(router.call(request).await.unwrap_or_else(|never| match never {})) }
            });
            // How a connection ends is its client's business.
            let _ = builder.serve_connection(TokioIo::new(Patient::new(stream, patience)), answer).await;
            drop(place);
        });
    }
}

#[cfg(test)]
mod tests;
