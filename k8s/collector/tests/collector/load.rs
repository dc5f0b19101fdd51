//! Many records: memory stays within its bound, and what is acknowledged is stored.

use std::time::{Duration, Instant};

use fs_err as fs;
use hyper::Method;

use crate::program::{Program, record, request};

/// A record has about 2 kB, as those of an API do.
fn body() -> String {
    let mut record = record("load");
    record["scnt_response"]["body"] = "eyJh".repeat(400).into();
    record.to_string()
}

/// `LOAD_SECONDS=60` in the environment makes it a minute; `LOAD_RATE` says how many a second.
fn number(name: &str, or: u32) -> u32 {
    std::env::var(name).map_or(or, |number| number.parse().expect(name))
}

#[cfg(target_os = "linux")]
fn resident(pid: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("its status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse::<usize>().expect("a number") << 10
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_stays_within_its_bound() {
    const SENDERS: u32 = 4;
    const KEEP: usize = 32 << 20;
    let (seconds, rate) = (number("LOAD_SECONDS", 3), number("LOAD_RATE", 5000));
    let program = Program::start(&["--keep", "1000000", "--keep-mib", "32", "--quiet"]);
    let body: bytes::Bytes = body().into();
    let start = Instant::now();
    let mut senders = Vec::new();
    for _ in 0..SENDERS {
        let (mut connection, body) = (program.connect().await, body.clone());
        senders.push(tokio::spawn(async move {
            let total = seconds * rate / SENDERS;
            let mut slowest = Duration::ZERO;
            for at in 0..total {
                tokio::time::sleep_until((start + Duration::from_secs(1) * at * SENDERS / rate).into()).await;
                let sent = Instant::now();
                connection.ready().await.expect("ready");
                let answer = connection.send_request(request(Method::POST, "/publish", body.clone())).await;
                assert_eq!(answer.expect("an answer").status(), 200);
                slowest = slowest.max(sent.elapsed());
            }
            (total, slowest)
        }));
    }
    let mut peak = 0;
    while !senders.iter().all(tokio::task::JoinHandle::is_finished) {
        peak = peak.max(resident(program.pid()));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (mut sent, mut slowest) = (0, Duration::ZERO);
    for sender in senders {
        let (total, time) = sender.await.expect("no panic");
        (sent, slowest) = (sent + total, slowest.max(time));
    }
    let took = start.elapsed();
    println!(
        "{sent} records in {:.1} s ({:.0} a second), the slowest answer after {} ms; {} MiB resident at most, of which {} MiB may be kept",
        took.as_secs_f32(),
        f64::from(sent) / took.as_secs_f64(),
        slowest.as_millis(),
        peak >> 20,
        KEEP >> 20,
    );
    // Each has a number, and no other has.
    assert_eq!(program.get(&format!("/api/exchanges/{sent}")).await.0, 200);
    assert_eq!(program.get(&format!("/api/exchanges/{}", sent + 1)).await.0, 404);
    assert!(peak < KEEP * 2 + (24 << 20), "{} MiB", peak >> 20);
}
