//! What every server of the harness does: it takes connections, and keeps what they share behind a lock.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Serves each connection in a task of its own, until the listener fails. When this ends, so do the tasks.
pub(crate) async fn each_connection<F>(listener: TcpListener, serve: impl Fn(TcpStream) -> F)
where
    F: Future<Output: Send> + Send + 'static,
{
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        // Otherwise the tests wait for the kernel to fill segments.
        let _ = stream.set_nodelay(true);
        let connection = serve(stream);
        connections.spawn(async move { drop(connection.await) });
    }
}

/// Locks, also after another task panicked with the lock.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
