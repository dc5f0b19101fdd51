//! One exchange with one listener.

use std::net::SocketAddr;
use std::time::Duration;

use http_trace_e2e::case::Case;
use http_trace_e2e::client::Connection;
use http_trace_e2e::exchange;
use http_trace_e2e::upstream::Upstream;

use crate::answer::Seen;
use http_trace_e2e::keep_alive::KeepAlive;

/// Sends the case to one listener, and waits until it is over. The upstream answers what the case says, `delay` later.
/// With `kept` the connection in there is used, and another is put there when it may serve the next exchange.
pub async fn run(
    upstream: &Upstream,
    to: SocketAddr,
    case: &Case,
    delay: Duration,
    kept: Option<&mut Option<KeepAlive>>,
) -> Seen {
    let send = |answer| async move {
        let Some(kept) = kept else {
            return Connection::open(to).await?.send(case.protocol, &case.request, case.hold, &answer).await;
        };
        let connection = match kept.take() {
            Some(connection) => connection,
            None => KeepAlive::open(to).await?,
        };
        *kept = connection.send(&case.request, &answer).await?;
        Ok(())
    };
    let seen = exchange::run(upstream, case, delay, send).await;
    upstream.forget(&case.request.id);
    seen.map_err(|error| error.to_string())
}
