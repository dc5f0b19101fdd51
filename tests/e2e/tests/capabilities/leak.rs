//! Whether the VM forgets the streams that have ended. Only Envoy's memory shows it: the linear memory of a VM has no stat.

use std::io;
use std::time::Duration;

use http_trace_e2e::bootstrap::LOCAL_BODY;
use http_trace_e2e::rig::Rig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Streams of each of the two rounds, on one connection.
const STREAMS: usize = 60_000;
/// Requests that are sent at once. Envoy closes a connection on which more than two of its own answers wait to be sent: "Too
/// many responses queued".
const PIPELINED: usize = 2;
/// What so many streams may leave behind, in bytes. Measured: none; and 8,519,680 when the VM is not told of their end.
const BOUND: u64 = 4 << 20;

/// Sends streams that Envoy answers itself and sampling excludes: all that is left of one is what the VM keeps.
///
/// # Errors
/// When they leave more than the allocators' noise.
pub(crate) async fn none(rig: &Rig, patience: Duration) -> Result<(), String> {
    // The first makes Envoy and the VM as large as they need to be.
    round(rig, patience).await?;
    let before = resident(rig)?;
    round(rig, patience).await?;
    let grown = resident(rig)?.saturating_sub(before);
    println!("resident: {grown} bytes more after {STREAMS} streams");
    if grown < BOUND { Ok(()) } else { Err(format!("{STREAMS} streams leave {grown} bytes behind")) }
}

fn resident(rig: &Rig) -> Result<u64, String> {
    rig.envoy.resident().map_err(|error| error.to_string())
}

async fn round(rig: &Rig, patience: Duration) -> Result<(), String> {
    let failed = |error: io::Error| format!("pipelined streams: {error}");
    let mut connection = TcpStream::connect(rig.envoy.filtered()).await.map_err(failed)?;
    let requests = "GET /local HTTP/1.1\r\nhost: a\r\n\r\n".repeat(PIPELINED);
    for _ in 0..STREAMS / PIPELINED {
        let some = async {
            connection.write_all(requests.as_bytes()).await?;
            read(&mut connection).await
        };
        let ended = tokio::time::timeout(patience, some).await;
        ended.map_err(|_| "pipelined streams do not end".to_owned())?.map_err(failed)?;
    }
    Ok(())
}

/// Reads the answers to pipelined requests.
async fn read(connection: &mut TcpStream) -> io::Result<()> {
    let (mut answers, mut buffer) = (String::new(), [0; 4096]);
    while answers.matches(LOCAL_BODY).count() < PIPELINED {
        match connection.read(&mut buffer).await? {
            0 => return Err(io::Error::other(format!("Envoy closes the connection after {answers:?}"))),
            size => answers.push_str(&String::from_utf8_lossy(&buffer[..size])),
        }
    }
    Ok(())
}
