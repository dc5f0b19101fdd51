//! The upstream's side of a WebSocket.

use std::io;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::reply::{Finish, Reply};

/// The 101 to a handshake with this `sec-websocket-key`; then the upstream echoes what it gets.
#[must_use]
pub fn accept(key: &str) -> Reply {
    Reply::status(101)
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-accept", derive_accept_key(key.as_bytes()))
        .finish(Finish::WebSocket)
}

/// Echoes text and binary frames until the close frame.
pub(crate) async fn echo(stream: TcpStream, rest: Vec<u8>) -> io::Result<()> {
    let mut socket = WebSocketStream::from_partially_read(stream, rest, Role::Server, None).await;
    while let Some(Ok(message)) = socket.next().await {
        if (message.is_text() || message.is_binary()) && socket.send(message).await.is_err() {
            break;
        }
    }
    Ok(())
}
