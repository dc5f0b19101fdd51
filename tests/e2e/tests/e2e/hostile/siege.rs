//! What a hostile client plays against: raw bytes to both listeners, and a proof that the filter stood it.

use std::io::ErrorKind;
use std::net::SocketAddr;

use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::{H1, H2};
use http_trace_e2e::message::Message;
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::rig::Given;
use http_trace_e2e::stage::Stage;
use http_trace_e2e::wait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) struct Siege {
    pub(crate) stage: Stage,
    /// The VMs that Envoy made: one died if it makes another.
    created: u64,
}

impl Siege {
    /// Starts an Envoy whose upstream answers each request with what it saw of it.
    pub(crate) async fn start(change: impl FnOnce(&mut Given)) -> Self {
        let stage = Stage::serving(None, mirror, change).await;
        let created = stage.vms_created();
        assert!(created > 0, "Envoy counts its VMs");
        Self { stage, created }
    }

    /// How many requests of a kind Envoy counted, on either listener.
    fn requests(&self, kind: &str) -> u64 {
        let [filtered, plain] =
            ["filtered", "plain"].map(|listener| stat(&self.stage, &format!("http.{listener}.{kind}")));
        assert_eq!(filtered, plain, "{kind}, with the filter (left) and without it");
        filtered
    }

    /// Sends the bytes to both listeners; what came back, which is the same.
    pub(crate) async fn same(&self, name: &str, bytes: &[u8]) -> Vec<u8> {
        let plain = masked(&transcript(self.stage.envoy.plain(), bytes).await);
        let filtered = masked(&transcript(self.stage.envoy.filtered(), bytes).await);
        assert_eq!(show(&plain), show(&filtered), "{name}: without the filter (left) and with it");
        filtered
    }

    /// Checks that the filter saw every request that Envoy counted, and then as [`Siege::finish_dropped`].
    pub(crate) async fn finish(self) {
        let requests = self.requests("downstream_rq_total");
        let all = || (self.stage.metric("streams")? == requests).then_some(());
        wait::until(format!("the filter to see {requests} streams"), all).await;
        self.finish_dropped().await;
    }

    /// Checks that both listeners counted the same requests, that the filter saw those that Envoy answered, that its VM lives
    /// and is the first one, and that it records what comes now. Requests of which Envoy understood no header, it drops
    /// without making their filters.
    pub(crate) async fn finish_dropped(self) {
        let streams = self.stage.accounted().await;
        let answered: u64 =
            ["2xx", "3xx", "4xx", "5xx"].iter().map(|class| self.requests(&format!("downstream_rq_{class}"))).sum();
        let all = self.requests("downstream_rq_total");
        assert!((answered..=all).contains(&streams), "the filter saw {streams} of {all} requests, {answered} answered");
        let stage = self.stage;
        for protocol in [H1, H2] {
            let case = Case::new("a good request", protocol, Request::post("/good", "good"), Reply::echo());
            assert_eq!(stage.check(case).await.0.answer.status(), 200);
        }
        assert_eq!(stage.vms_created(), self.created, "VMs that Envoy made");
        let log = stage.envoy.log();
        // But for the filter's own report of records that were dropped.
        let error = |line: &&str| line.contains("[error]") && !line.contains(": records lost ");
        assert_eq!(log.lines().find(error), None, "the filter or Envoy logs an error");
        stage.finish_lossy().await;
    }
}

/// One of Envoy's stats.
pub(crate) fn stat(stage: &Stage, name: &str) -> u64 {
    let stats = stage.envoy.admin().stats(name).expect("Envoy's stats");
    stats.get(name).copied().unwrap_or_else(|| panic!("Envoy has no stat {name}: {stats:?}"))
}

/// Answers with what the upstream saw, so that a client sees where one request ended and the next began.
fn mirror(seen: &Message) -> Reply {
    let mut lines = vec![seen.start.escape_ascii().to_string()];
    // Envoy gives a request without an id a new one.
    let shown = seen.headers.iter().filter(|(name, _)| name != b"x-request-id");
    lines.extend(shown.map(|(name, value)| format!("{}: {}", name.escape_ascii(), value.escape_ascii())));
    let short = lines.join(" | ").chars().take(2000).collect::<String>();
    Reply::echo().header("x-seen", short)
}

/// Sends the bytes, and reads until Envoy closes the connection.
async fn transcript(to: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let stream = TcpStream::connect(to).await.expect("a connection");
    stream.set_nodelay(true).expect("a socket");
    let (mut read, mut write) = stream.into_split();
    let mut got = Vec::new();
    // Envoy may close before it has read everything.
    let send = async {
        let _ = write.write_all(bytes).await;
        std::future::pending::<()>().await;
    };
    let receive = async {
        if let Err(error) = read.read_to_end(&mut got).await {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        }
    };
    let both = async {
        tokio::select! { () = send => {}, () = receive => {} }
    };
    let ended = tokio::time::timeout(wait::DEADLINE, both).await;
    assert!(ended.is_ok(), "Envoy does not close the connection after\n{}\nit answered\n{}", show(bytes), show(&got));
    got
}

/// Without what must differ between two answers.
fn masked(bytes: &[u8]) -> Vec<u8> {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let varies = |line: &&[u8]| line.starts_with(b"date: ") || line.starts_with(b"x-envoy-upstream-service-time: ");
    lines.filter(|line| !varies(line)).collect::<Vec<_>>().concat()
}

/// At most so many bytes that a failure can be read.
pub(crate) fn show(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(3000)];
    format!("{} ({} bytes)", shown.escape_ascii().to_string().replace("\\r\\n", "\\r\\n\n"), bytes.len())
}
