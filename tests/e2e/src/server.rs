//! The common part of the harness's servers: each takes connections, keeps shared state behind a lock, and can go away and
//! come back.

use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// A port, and what serves on it.
#[derive(Debug)]
pub(crate) struct Port {
    address: SocketAddr,
    server: Mutex<JoinSet<()>>,
    /// While nothing serves: holds the port without listening, so that no other test's server answers on it.
    reserved: Mutex<Option<TcpSocket>>,
}

impl Port {
    /// A free port of 127.0.0.1, and the listener to serve there.
    pub(crate) async fn free() -> io::Result<(Self, TcpListener)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = Self { address: listener.local_addr()?, server: Mutex::default(), reserved: Mutex::default() };
        Ok((port, listener))
    }

    /// The address on which the server listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn serve(&self, server: impl Future<Output = ()> + Send + 'static) {
        lock(&self.server).spawn(server);
    }

    /// Ends the server and its connections: from now on, connections are refused.
    ///
    /// # Panics
    /// When another process takes the port at this very moment.
    pub(crate) async fn stop(&self) {
        let mut server = std::mem::take(&mut *lock(&self.server));
        server.shutdown().await;
        let reserve = || {
            let socket = TcpSocket::new_v4()?;
            socket.set_reuseaddr(true)?;
            socket.bind(self.address)?;
            Ok::<_, io::Error>(socket)
        };
        let reserved = reserve().unwrap_or_else(|error| panic!("the port {}: {error}", self.address));
        *lock(&self.reserved) = Some(reserved);
    }

    /// Listens again, after it was stopped.
    ///
    /// # Errors
    /// When it was not stopped, or the system refuses.
    pub(crate) fn listen(&self) -> io::Result<TcpListener> {
        let socket = lock(&self.reserved).take();
        let never = || io::Error::other(format!("the server of {} was not stopped", self.address));
        socket.ok_or_else(never)?.listen(1024)
    }
}

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

/// Waits until the other side goes away.
pub(crate) async fn hang(stream: &mut TcpStream) -> io::Result<()> {
    while stream.read(&mut [0; 1024]).await? > 0 {}
    Ok(())
}

/// Locks, also after another task panicked with the lock.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
