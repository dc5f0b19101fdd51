//! The end of a run.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

use crate::say::say;

/// Does this until it ends of itself, or by Ctrl-C or SIGTERM. What it owns, such as an Envoy, ends with it.
pub(crate) async fn ended(work: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let how = tokio::select! {
        ended = work => return ended,
        _ = interrupt.recv() => "interrupted",
        _ = terminate.recv() => "terminated",
    };
    say(&format!("\n{how}; Envoy has been ended"))
}
