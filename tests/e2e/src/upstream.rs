//! The upstream: what it answers is chosen by the request's id, and what it received is kept under it.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::message::{End, Message, Shared};
use crate::reply::{Finish, Reply};
use crate::request::Framing;
use crate::server::{Port, each_connection, hang, lock};
use crate::upstream_h2;
use crate::websocket;
use crate::wire::{Kind, Reader};

/// Answers requests whose id has no reply of its own.
pub type Service = fn(&Message) -> Reply;

/// Two servers, HTTP/1.1 and HTTP/2, with one memory.
pub struct Upstream {
    /// Where HTTP/1.1 is served.
    pub h1: SocketAddr,
    /// Where HTTP/2 is served.
    pub h2: SocketAddr,
    state: Arc<State>,
    port: Port,
    _h2_server: JoinSet<()>,
}

/// The state that both servers share.
pub(crate) struct State {
    service: Service,
    replies: Mutex<HashMap<String, Reply>>,
    seen: Mutex<HashMap<String, Shared>>,
}

impl Upstream {
    /// Starts both.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(service: Service) -> io::Result<Self> {
        let state = Arc::new(State { service, replies: Mutex::default(), seen: Mutex::default() });
        let (port, listener) = Port::free().await?;
        port.serve(each_h1(listener, &state));
        let listener_h2 = TcpListener::bind("127.0.0.1:0").await?;
        let h2 = listener_h2.local_addr()?;
        let mut h2_server = JoinSet::new();
        h2_server.spawn(upstream_h2::accept(listener_h2, Arc::clone(&state)));
        Ok(Self { h1: port.address(), h2, state, port, _h2_server: h2_server })
    }

    /// Ends the HTTP/1.1 server and its connections: from now on, connections to it are refused.
    ///
    /// # Panics
    /// When another process takes the port at this very moment.
    pub async fn stop(&self) {
        self.port.stop().await;
    }

    /// Serves HTTP/1.1 again where it did before it was stopped.
    ///
    /// # Errors
    /// When it was not stopped, or the system refuses.
    pub fn restart(&self) -> io::Result<()> {
        self.port.serve(each_h1(self.port.listen()?, &self.state));
        Ok(())
    }

    /// Chooses what the request with this id is answered.
    pub fn reply(&self, id: &str, reply: Reply) {
        lock(&self.state.replies).insert(id.to_owned(), reply);
    }

    /// The request that was received with this id, perhaps not yet whole.
    #[must_use]
    pub fn seen(&self, id: &str) -> Option<Shared> {
        lock(&self.state.seen).get(id).cloned()
    }

    /// Forgets what was received with this id, and what it is answered.
    pub fn forget(&self, id: &str) {
        lock(&self.state.replies).remove(id);
        lock(&self.state.seen).remove(id);
    }
}

impl State {
    /// Keeps a request whose head has arrived, and chooses its reply.
    pub(crate) fn begin(&self, seen: &Shared) -> Reply {
        let message = seen.lock();
        let id = String::from_utf8_lossy(message.header("x-request-id").unwrap_or_default()).into_owned();
        let reply = lock(&self.replies).get(&id).cloned().unwrap_or_else(|| (self.service)(&message));
        drop(message);
        lock(&self.seen).insert(id, seen.clone());
        reply
    }
}

fn each_h1(listener: TcpListener, state: &Arc<State>) -> impl Future<Output = ()> + use<> {
    let state = Arc::clone(state);
    each_connection(listener, move |stream| serve(stream, Arc::clone(&state)))
}

async fn serve(stream: TcpStream, state: Arc<State>) -> io::Result<()> {
    let mut reader = Reader::new(stream);
    loop {
        let seen = Shared::default();
        if !reader.head(&seen).await? {
            return Ok(());
        }
        let mut reply = state.begin(&seen);
        if !reply.early {
            reader.body(Kind::Request, &seen).await;
            if seen.lock().end == End::Cut {
                return Ok(());
            }
        }
        if reply.echo {
            reply.body = vec![seen.lock().body.clone().into()];
        }
        reply.ready().await;
        match reply.finish {
            Finish::ResetUnanswered => return reader.stream().set_zero_linger(),
            Finish::CloseUnanswered => return Ok(()),
            Finish::HangUnanswered => return hang(reader.stream()).await,
            _ => {}
        }
        let to_head = seen.lock().start.starts_with(b"HEAD ");
        send(reader.stream(), &reply, to_head).await?;
        match reply.finish {
            Finish::ResetAfter(_) => {
                reply.gate.notified().await;
                return reader.stream().set_zero_linger();
            }
            Finish::HangAfter(_) => return hang(reader.stream()).await,
            Finish::WebSocket => {
                let (stream, rest) = reader.into_parts();
                return websocket::echo(stream, rest).await;
            }
            _ if reply.framing == Framing::UntilClose => return Ok(()),
            _ if reply.early => reader.body(Kind::Request, &seen).await,
            _ => {}
        }
    }
}

async fn send(stream: &mut TcpStream, reply: &Reply, to_head: bool) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {} Whatever\r\n", reply.status).into_bytes();
    for (name, value) in reply.fields() {
        head.extend([&name, &b": "[..], &value, b"\r\n"].concat());
    }
    head.extend(b"\r\n");
    stream.write_all(&head).await?;
    if to_head {
        return Ok(());
    }
    for piece in reply.pieces() {
        if reply.framing == Framing::Chunked {
            stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
            stream.write_all(&piece).await?;
            stream.write_all(b"\r\n").await?;
        } else {
            stream.write_all(&piece).await?;
        }
    }
    if reply.framing == Framing::Chunked && reply.finish == Finish::Whole {
        let mut end = b"0\r\n".to_vec();
        for (name, value) in &reply.trailers {
            end.extend([name, &b": "[..], value, b"\r\n"].concat());
        }
        end.extend(b"\r\n");
        stream.write_all(&end).await?;
    }
    Ok(())
}
