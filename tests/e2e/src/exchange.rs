//! One exchange, from the client's first byte until nothing more is to come.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::case::{Abort, Case};
use crate::message::{End, Message, Shared};
use crate::reply::{Finish, Reply};
use crate::upstream::Upstream;
use crate::wait::DEADLINE;

/// Has the upstream answer what the case says, `delay` later, and waits until `send`, which receives into the given answer, is
/// done, or the client leaves, or the upstream has cut the answer off; what the client saw.
///
/// # Errors
/// When `send` fails, or nothing comes to an end; the error tells what the client saw until then.
pub async fn run<F>(
    upstream: &Upstream,
    case: &Case,
    delay: Duration,
    send: impl FnOnce(Shared) -> F,
) -> io::Result<Message>
where
    F: Future<Output = io::Result<()>>,
{
    let id = &case.request.id;
    let gate = Arc::default();
    let reply = Reply { gate: Arc::clone(&gate), delay: case.reply.delay + delay, ..case.reply.clone() };
    upstream.forget(id);
    upstream.reply(id, reply);
    let answer = Shared::default();
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
        sent = send(answer.clone()) => sent,
        () = leave => {
            answer.lock().end = End::Cut;
            Ok(())
        }
        () = open_gate => Ok(()),
        () = tokio::time::sleep(DEADLINE) => Err(io::Error::new(io::ErrorKind::TimedOut, format!("no end in {DEADLINE:?}"))),
    };
    let answer = answer.lock().clone();
    sent.map_err(|error| io::Error::new(error.kind(), format!("{error}; the client saw {answer:?}"))).map(|()| answer)
}

/// Waits until something is so; whoever calls has a deadline.
async fn poll(ready: impl Fn() -> bool) {
    while !ready() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
