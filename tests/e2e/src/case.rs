//! An exchange to be tried, and what came of it.

use std::net::SocketAddr;

use crate::client::Protocol;
use crate::message::Message;
use crate::reply::Reply;
use crate::request::Request;

/// When the client goes away without waiting for the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Abort {
    /// The client does not give up.
    #[default]
    Never,
    /// The upstream has this many bytes of the request's body. No more are sent.
    UpstreamHas(usize),
    /// The client has the response's head, and this many bytes of its body.
    ClientHas(usize),
}

/// One exchange to be tried.
#[derive(Clone, Debug)]
pub struct Case {
    /// The case in a few words, for messages.
    pub name: String,
    /// The client's protocol.
    pub protocol: Protocol,
    /// The client's request.
    pub request: Request,
    /// The upstream's reply, if the request reaches it.
    pub reply: Reply,
    /// Whether the client goes away.
    pub abort: Abort,
    /// The client sends only so many bytes of the body, and then nothing.
    pub hold: Option<usize>,
}

impl Case {
    /// An exchange in which nobody goes away.
    #[must_use]
    pub fn new(name: impl Into<String>, protocol: Protocol, request: Request, reply: Reply) -> Self {
        Self { name: name.into(), protocol, request, reply, abort: Abort::Never, hold: None }
    }

    /// Lets the client go away.
    #[must_use]
    pub fn abort(self, abort: Abort) -> Self {
        let hold = if let Abort::UpstreamHas(bytes) = abort { Some(bytes) } else { None };
        Self { abort, hold, ..self }
    }
}

/// An exchange as it was seen on both sides of Envoy.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The client's address.
    pub source: SocketAddr,
    /// The answer that the client got.
    pub answer: Message,
    /// The request that the upstream got; nothing when the request did not reach it.
    pub seen: Option<Message>,
}
