//! The collector: it keeps what it receives, and misbehaves as told.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::message::{End, Message, Shared};
use crate::wire::{Kind, Reader};

/// What the collector does with a POST.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// Keeps it and acknowledges it.
    #[default]
    Accept,
    /// Keeps it and acknowledges it after a while.
    Slow(Duration),
    /// Keeps it and answers this status.
    Status(u16),
    /// Keeps it and resets the connection.
    Reset,
}

/// One POST.
#[derive(Clone, Debug)]
pub struct Post {
    /// The request, as received.
    pub message: Message,
    /// When it had arrived whole.
    pub at: Instant,
}

impl Post {
    /// Its body as JSON; the text itself, as a JSON string, when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        let body = &self.message.body;
        serde_json::from_slice(body)
            .unwrap_or_else(|error| Value::String(format!("not JSON ({error}): {}", String::from_utf8_lossy(body))))
    }
}

#[derive(Default)]
struct State {
    manner: Mutex<Manner>,
    posts: Mutex<Vec<Post>>,
}

/// A running collector.
pub struct Collector {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<State>,
    server: JoinSet<()>,
}

impl Collector {
    /// Starts it.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, state) = (listener.local_addr()?, Arc::new(State::default()));
        let mut server = JoinSet::new();
        server.spawn(accept(listener, Arc::clone(&state)));
        Ok(Self { address, state, server })
    }

    /// Changes what it does with the POSTs to come.
    pub fn behave(&self, manner: Manner) {
        *lock(&self.state.manner) = manner;
    }

    /// Ends it: from now on, connections are refused.
    pub async fn stop(&mut self) {
        self.server.shutdown().await;
    }

    /// All POSTs so far.
    #[must_use]
    pub fn posts(&self) -> Vec<Post> {
        lock(&self.state.posts).clone()
    }

    /// All POSTs since the last call; they are forgotten.
    #[must_use]
    pub fn take(&self) -> Vec<Post> {
        std::mem::take(&mut *lock(&self.state.posts))
    }

    /// All records so far.
    #[must_use]
    pub fn records(&self) -> Vec<Value> {
        lock(&self.state.posts).iter().map(Post::json).collect()
    }

    /// The first POST whose record has this value, for example its request id.
    #[must_use]
    pub fn record(&self, key: &str, value: &str) -> Option<Post> {
        // Most records are not the one looked for, and many are large: only those that hold the value are parsed.
        let posts = lock(&self.state.posts);
        let holds = |post: &&Post| post.message.body.windows(value.len()).any(|window| window == value.as_bytes());
        posts.iter().filter(holds).find(|post| post.json()[key] == *value).cloned()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        connections.spawn(async move { serve(stream, &state).await });
    }
}

async fn serve(stream: TcpStream, state: &State) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = Reader::new(stream);
    loop {
        let seen = Shared::default();
        if !reader.head(&seen).await? {
            return Ok(());
        }
        reader.body(Kind::Request, &seen).await;
        let message = std::mem::take(&mut *seen.lock());
        if message.end == End::Cut {
            return Ok(());
        }
        lock(&state.posts).push(Post { message, at: Instant::now() });
        let manner = *lock(&state.manner);
        let status = match manner {
            Manner::Accept => 200,
            Manner::Slow(delay) => {
                tokio::time::sleep(delay).await;
                200
            }
            Manner::Status(status) => status,
            Manner::Reset => return reader.stream().set_zero_linger(),
        };
        let answer = format!("HTTP/1.1 {status} Whatever\r\ncontent-length: 0\r\n\r\n");
        reader.stream().write_all(answer.as_bytes()).await?;
    }
}
