//! One exchange with one listener.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_trace_e2e::case::{Abort, Case};
use http_trace_e2e::client::Connection;
use http_trace_e2e::message::{End, Shared};
use http_trace_e2e::reply::{Finish, Reply};
use http_trace_e2e::upstream::Upstream;
use http_trace_e2e::wait::DEADLINE;

use crate::answer::Seen;
use crate::keep_alive::KeepAlive;

/// Sends the case to one listener, and waits until it is over. The upstream answers what the case says, `delay` later.
/// With `kept` the connection in there is used, and another is put there when it may serve the next exchange.
pub async fn run(
    upstream: &Upstream,
    to: SocketAddr,
    case: &Case,
    delay: Duration,
    kept: Option<&mut Option<KeepAlive>>,
) -> Seen {
    let id = &case.request.id;
    let gate = Arc::default();
    let reply = Reply { gate: Arc::clone(&gate), delay: case.reply.delay + delay, ..case.reply.clone() };
    upstream.forget(id);
    upstream.reply(id, reply);
    let answer = Shared::default();
    let send = async {
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
    let client_has = |bytes: usize| {
        let answer = answer.lock();
        !answer.start.is_empty() && answer.body.len() >= bytes
    };
    let upstream_has = |bytes: usize| upstream.seen(id).is_some_and(|seen| seen.lock().body.len() >= bytes);
    let leave = async {
        match case.abort {
            Abort::Never => std::future::pending().await,
            Abort::UpstreamHas(bytes) => poll(|| upstream_has(bytes)).await,
            Abort::ClientHas(bytes) => poll(|| client_has(bytes)).await,
        }
    };
    let open_gate = async {
        if let Finish::ResetAfter(bytes) = case.reply.finish {
            poll(|| client_has(bytes)).await;
            gate.notify_one();
        }
        std::future::pending::<()>().await
    };
    let sent = tokio::select! {
        sent = send => sent.map_err(|error| format!("{error}; the client saw {:?}", answer.lock())),
        () = leave => {
            answer.lock().end = End::Cut;
            Ok(())
        }
        () = open_gate => Ok(()),
        () = tokio::time::sleep(DEADLINE) => Err(format!("no end in {DEADLINE:?}; the client saw {:?}", answer.lock())),
    };
    upstream.forget(id);
    sent.map(|()| answer.lock().clone())
}

/// Waits until something is so; whoever calls has a deadline.
async fn poll(ready: impl Fn() -> bool) {
    while !ready() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
