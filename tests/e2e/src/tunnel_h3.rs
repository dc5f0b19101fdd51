//! Tunnels over HTTP/3, frame by frame: h3's client knows neither a CONNECT without a path (RFC 9114, section 4.4) nor WebSockets
//! (RFC 9220).

use std::io;
use std::net::SocketAddr;

use quinn::{Connection, ReadError, ReadToEndError, RecvStream, SendStream};

use crate::client_h3::connect;
use crate::message::Headers;

const DATA: u8 = 0;
const HEADERS: u8 = 1;

/// A stream that is one tunnel, and its connection.
pub struct Tunnel {
    /// The client's address, as Envoy should see it.
    pub source: SocketAddr,
    /// The first header block of the answer, as QPACK.
    pub answer: Vec<u8>,
    send: SendStream,
    receive: RecvStream,
    _control: SendStream,
    _connection: Connection,
}

impl Tunnel {
    /// Sends a request of these fields, pseudo headers included, and waits for the answer's head.
    ///
    /// # Errors
    /// When nobody listens there, or no answer comes.
    pub async fn open(to: SocketAddr, fields: &Headers) -> io::Result<Self> {
        let (source, connection) = connect(to).await?;
        // The control stream, with SETTINGS that change nothing.
        let mut control = connection.open_uni().await?;
        control.write_all(&[0, 4, 0]).await?;
        let (mut send, receive) = connection.open_bi().await?;
        send.write_all(&frame(HEADERS, &block(fields))).await?;
        let mut tunnel = Self { source, answer: Vec::new(), send, receive, _control: control, _connection: connection };
        tunnel.answer = tunnel.frame(HEADERS).await?;
        Ok(tunnel)
    }

    /// Whether the answer is 200: its first field is number 25 of QPACK's static table (RFC 9204, appendix A).
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.answer.get(2) == Some(&(0xc0 | 25))
    }

    /// Sends bytes through it.
    ///
    /// # Errors
    /// When it is closed.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        Ok(self.send.write_all(&frame(DATA, bytes)).await?)
    }

    /// The next bytes that come through it.
    ///
    /// # Errors
    /// When it is closed.
    pub async fn receive(&mut self) -> io::Result<Vec<u8>> {
        self.frame(DATA).await
    }

    /// Ends it after some last bytes, and waits for the other side to end or reset it.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn close(mut self, last: &[u8]) -> io::Result<()> {
        self.send(last).await?;
        self.send.finish().map_err(io::Error::other)?;
        match self.receive.read_to_end(1 << 20).await {
            Ok(_) | Err(ReadToEndError::Read(ReadError::Reset(_))) => Ok(()),
            Err(error) => Err(io::Error::other(error)),
        }
    }

    /// Resets both directions.
    ///
    /// # Errors
    /// When it is closed.
    pub fn reset(mut self) -> io::Result<Connection> {
        let cancelled = quinn::VarInt::from_u32(0x10c);
        self.send.reset(cancelled).map_err(io::Error::other)?;
        self.receive.stop(cancelled).map_err(io::Error::other)?;
        Ok(self._connection)
    }

    /// The content of the next frame of this type; others (a server may send some that mean nothing) are passed over.
    async fn frame(&mut self, wanted: u8) -> io::Result<Vec<u8>> {
        loop {
            let (kind, length) = (self.number().await?, self.number().await?);
            let mut content = vec![0; length as usize];
            self.receive.read_exact(&mut content).await.map_err(io::Error::other)?;
            if kind == u64::from(wanted) {
                return Ok(content);
            }
        }
    }

    /// A number of variable length (RFC 9000, section 16).
    async fn number(&mut self) -> io::Result<u64> {
        let mut first = [0];
        self.receive.read_exact(&mut first).await.map_err(io::Error::other)?;
        let mut rest = vec![0; (1 << (first[0] >> 6)) - 1];
        self.receive.read_exact(&mut rest).await.map_err(io::Error::other)?;
        Ok(rest.iter().fold(u64::from(first[0] & 0x3f), |number, byte| (number << 8) | u64::from(*byte)))
    }
}

fn frame(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[kind][..], &(0x8000_0000 | content.len() as u32).to_be_bytes(), content].concat()
}

/// A header block without the dynamic table: literal fields with literal names (RFC 9204, section 4.5.6).
fn block(fields: &Headers) -> Vec<u8> {
    let mut block = vec![0, 0];
    for (name, value) in fields {
        prefixed(&mut block, 0x20, 7, name.len());
        block.extend(name);
        prefixed(&mut block, 0, 127, value.len());
        block.extend(value);
    }
    block
}

/// A number whose first byte has a place for up to `most` (RFC 7541, section 5.1).
fn prefixed(block: &mut Vec<u8>, first: u8, most: u8, number: usize) {
    if number < usize::from(most) {
        return block.push(first | number as u8);
    }
    block.push(first | most);
    let mut rest = number - usize::from(most);
    while rest >= 128 {
        block.push(0x80 | (rest % 128) as u8);
        rest /= 128;
    }
    block.push(rest as u8);
}
