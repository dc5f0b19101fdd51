//! The collector: it keeps what it receives, and misbehaves as told.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::message::{End, Message, Shared};
use crate::server::{Port, each_connection, hang, lock};
use crate::wire::{Kind, Reader};

/// The collector's treatment of a POST.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// Keeps it and acknowledges it.
    #[default]
    Accept,
    /// Keeps it and acknowledges it after a while.
    Slow(Duration),
    /// Keeps it and acknowledges it once the manner changes.
    Hold,
    /// Keeps it and answers this status.
    Status(u16),
    /// Keeps it and answers this status with `Retry-After`, in seconds.
    RetryAfter(u16, u64),
    /// Keeps it and answers 200 with this body.
    Answer(&'static [u8]),
    /// Keeps it and resets the connection.
    Reset,
    /// Keeps it, answers 200 with the length of a body, and closes the connection before that body.
    CloseAfterHead,
    /// Keeps it, answers 200, and resets the connection after the first chunk of the answer's body.
    ResetMidBody,
    /// Closes the connection without having read more than the head.
    CloseUnread,
    /// Keeps it and answers what is not HTTP.
    Garbage,
    /// Keeps it and never answers.
    Stall,
}

impl Manner {
    /// Whether what it answers, and that whole, says that the record was delivered.
    #[must_use]
    pub fn acknowledges(self) -> bool {
        matches!(
            self,
            Self::Accept
                | Self::Slow(_)
                | Self::Hold
                | Self::Answer(_)
                | Self::Status(200..300)
                | Self::RetryAfter(200..300, _)
        )
    }
}

/// One POST.
#[derive(Clone, Debug)]
pub struct Post {
    /// The request, as received.
    pub message: Message,
    /// When it had arrived whole.
    pub at: Instant,
    /// The collector's treatment of it.
    pub manner: Manner,
    /// When a whole answer was sent, if one was: the collector may be stopped before, or the other side go away.
    pub answered: Arc<OnceLock<Instant>>,
}

impl Post {
    /// The body as JSON.
    ///
    /// # Errors
    /// Where it stops being JSON, with the text around it.
    pub fn json(&self) -> Result<Value, String> {
        let body = &self.message.body;
        serde_json::from_slice(body).map_err(|error| {
            let at = error.column().min(body.len());
            let around = &body[at.saturating_sub(60)..body.len().min(at + 20)];
            format!("the record is not JSON: {error}, near …{}…", String::from_utf8_lossy(around))
        })
    }

    fn is_about(&self, key: &str, value: &str) -> bool {
        // Most records are not the one looked for, and many are large: only those that hold the value are parsed.
        let holds = || std::str::from_utf8(&self.message.body).map_or(true, |text| text.contains(value));
        holds() && self.json().map_or(true, |record| record[key] == *value)
    }
}

/// The collector's answer as the sampling manager, to `GET /api/hostsToTrace`.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    /// The status; 0: it does not know the path.
    pub status: u16,
    pub content_type: String,
    pub body: String,
    /// How often it was asked.
    pub asked: u64,
    /// How it was asked last.
    pub last: Message,
}

#[derive(Default)]
struct State {
    manner: watch::Sender<Manner>,
    posts: Mutex<Vec<Post>>,
    hosts: Mutex<Hosts>,
}

/// A running collector.
pub struct Collector {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<State>,
    port: Port,
}

impl Collector {
    /// Starts it.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> io::Result<Self> {
        let (port, listener) = Port::free().await?;
        let state = Arc::default();
        port.serve(serve(listener, &state));
        Ok(Self { address: port.address(), state, port })
    }

    /// Changes what it does with the POSTs to come. Those that it held until now are acknowledged.
    pub fn behave(&self, manner: Manner) {
        self.state.manner.send_replace(manner);
    }

    /// Listens again where it did before it was ended.
    ///
    /// # Errors
    /// When it was not ended, or the system refuses.
    pub fn restart(&self) -> io::Result<()> {
        self.port.serve(serve(self.port.listen()?, &self.state));
        Ok(())
    }

    /// Serves on another address as well, such as one in another network namespace, for as long as this is polled.
    pub fn serve_on(&self, listener: TcpListener) -> impl Future<Output = ()> + use<> {
        serve(listener, &self.state)
    }

    /// Changes what it answers as the sampling manager.
    pub fn manage(&self, status: u16, content_type: &str, body: &str) {
        let mut hosts = lock(&self.state.hosts);
        (hosts.status, hosts.content_type, hosts.body) = (status, content_type.to_owned(), body.to_owned());
    }

    /// How often it was asked as the sampling manager.
    #[must_use]
    pub fn asked(&self) -> u64 {
        lock(&self.state.hosts).asked
    }

    /// How it was asked last as the sampling manager.
    #[must_use]
    pub fn last_poll(&self) -> Message {
        lock(&self.state.hosts).last.clone()
    }

    /// Ends it: from now on, connections are refused.
    ///
    /// # Panics
    /// When another process takes the port at this very moment.
    pub async fn stop(&self) {
        self.port.stop().await;
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

    /// The first POST whose record has this value, for example its request id; or which holds it and is not JSON.
    #[must_use]
    pub fn record(&self, key: &str, value: &str) -> Option<Post> {
        lock(&self.state.posts).iter().find(|post| post.is_about(key, value)).cloned()
    }
}

fn serve(listener: TcpListener, state: &Arc<State>) -> impl Future<Output = ()> + use<> {
    let state = Arc::clone(state);
    each_connection(listener, move |stream| answer(stream, Arc::clone(&state)))
}

async fn answer(stream: TcpStream, state: Arc<State>) -> io::Result<()> {
    let mut reader = Reader::new(stream);
    loop {
        let seen = Shared::default();
        if !reader.head(&seen).await? {
            return Ok(());
        }
        if *state.manner.borrow() == Manner::CloseUnread && seen.lock().start.starts_with(b"POST ") {
            return Ok(());
        }
        reader.body(Kind::Request, &seen).await;
        let message = std::mem::take(&mut *seen.lock());
        if message.end == End::Cut {
            return Ok(());
        }
        if message.start.starts_with(b"GET /api/hostsToTrace ") {
            lock(&state.hosts).last = message;
            let answer = answer_hosts(&state);
            reader.stream().write_all(answer.as_bytes()).await?;
            continue;
        }
        let manner = *state.manner.borrow();
        let answered = Arc::default();
        lock(&state.posts).push(Post { message, at: Instant::now(), manner, answered: Arc::clone(&answered) });
        let (mut more, mut body) = (String::new(), &b""[..]);
        let status = match manner {
            Manner::Accept => 200,
            Manner::Slow(delay) => {
                tokio::time::sleep(delay).await;
                200
            }
            Manner::Hold => {
                let mut manner = state.manner.subscribe();
                manner.wait_for(|manner| *manner != Manner::Hold).await.map_err(io::Error::other)?;
                200
            }
            Manner::Status(status) => status,
            Manner::RetryAfter(status, seconds) => {
                more = format!("retry-after: {seconds}\r\n");
                status
            }
            Manner::Answer(text) => {
                body = text;
                200
            }
            Manner::Reset => return reader.stream().set_zero_linger(),
            Manner::CloseAfterHead => {
                return reader.stream().write_all(b"HTTP/1.1 200 Whatever\r\ncontent-length: 10\r\n\r\n").await;
            }
            Manner::ResetMidBody => {
                let half = b"HTTP/1.1 200 Whatever\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n";
                reader.stream().write_all(half).await?;
                return reader.stream().set_zero_linger();
            }
            // The manner was another one when the head was read.
            Manner::CloseUnread => return Ok(()),
            Manner::Garbage => return reader.stream().write_all(b"\x16\x03\x01 what HTTP is not\r\n\r\n").await,
            Manner::Stall => return hang(reader.stream()).await,
        };
        let head = format!("HTTP/1.1 {status} Whatever\r\n{more}content-length: {}\r\n\r\n", body.len());
        reader.stream().write_all(&[head.as_bytes(), body].concat()).await?;
        answered.get_or_init(Instant::now);
    }
}

fn answer_hosts(state: &State) -> String {
    let mut hosts = lock(&state.hosts);
    hosts.asked += 1;
    let Hosts { status, content_type, body, .. } = &*hosts;
    let status = if *status == 0 { 404 } else { *status };
    let length = body.len();
    format!("HTTP/1.1 {status} Whatever\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n{body}")
}
