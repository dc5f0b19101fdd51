//! Requests at a steady rate, from a thread of their own: what else the harness does must not look like latency.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::keep_alive::KeepAlive;
use crate::message::Shared;
use crate::request::Request;
use crate::rig::unused_id;

/// Connections that share the rate.
const CONNECTIONS: u32 = 10;

/// A load that runs.
#[derive(Debug)]
pub struct Load {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<Vec<Sent>>>,
}

/// One exchange.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its request id.
    pub id: String,
    /// When it was due.
    pub at: Instant,
    /// From then to the end of its answer.
    pub took: Duration,
}

impl Load {
    /// Sends so many requests a second.
    #[must_use]
    pub fn start(to: SocketAddr, rate: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut clients = JoinSet::new();
                let every = Duration::from_secs(1) * CONNECTIONS / rate;
                for at in 0..CONNECTIONS {
                    let stopped = Arc::clone(&stopped);
                    clients.spawn(async move { client(to, every * at / CONNECTIONS, every, &stopped).await });
                }
                let sent = clients.join_all().await.into_iter().collect::<io::Result<Vec<_>>>()?;
                Ok(sent.concat())
            })
        };
        Self { stop, thread: thread::spawn(run) }
    }

    /// Ends it; all that was sent.
    ///
    /// # Errors
    /// When a request had no answer, or another than 200.
    pub fn stop(self) -> io::Result<Vec<Sent>> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

async fn client(to: SocketAddr, after: Duration, every: Duration, stop: &AtomicBool) -> io::Result<Vec<Sent>> {
    let mut sent = Vec::new();
    let mut kept = None;
    let mut next = Instant::now() + after;
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep_until(next.into()).await;
        let request = Request { id: unused_id(), ..request() };
        let connection = match kept.take() {
            Some(connection) => connection,
            None => KeepAlive::open(to).await?,
        };
        let answer = Shared::default();
        kept = connection.send(&request, &answer).await?;
        let status = answer.lock().status();
        if status != 200 {
            return Err(io::Error::other(format!("an answer of {status}")));
        }
        sent.push(Sent { id: request.id, at: next, took: next.elapsed() });
        next += every;
    }
    Ok(sent)
}

/// As a browser sends it.
fn request() -> Request {
    Request::get("/orders?customer=57&token=5f2c9d1e")
        .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
        .header("accept", "application/json")
        .header("accept-language", "en-GB,en;q=0.5")
        .header("authorization", "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI1NyJ9.c2VjcmV0")
        .header("cookie", "session=3f1d8a5e9b; theme=dark")
}

/// The time below which this share of them took.
#[must_use]
pub fn quantile(sent: &[Sent], share: f64) -> Duration {
    let mut took: Vec<Duration> = sent.iter().map(|sent| sent.took).collect();
    took.sort();
    let at = (took.len() as f64 * share) as usize;
    took.get(at.min(took.len().saturating_sub(1))).copied().unwrap_or_default()
}
