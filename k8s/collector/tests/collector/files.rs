//! The files: what is acknowledged is in them, also after a kill.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fs_err as fs;
use serde_json::Value;

use crate::har::validate;
use crate::program::{Program, record, request};

fn entries(path: &Path) -> usize {
    let har: Value = serde_json::from_slice(&fs::read(path).expect("the file")).expect("whole JSON");
    validate(&har);
    har["log"]["entries"].as_array().expect("entries").len()
}

#[tokio::test]
async fn are_whole_after_a_kill_at_any_moment() {
    let directory = tempfile::tempdir().expect("a directory");
    let (har, lines) = (directory.path().join("traffic.har"), directory.path().join("traffic.ndjson"));
    let arguments = ["--har", har.to_str().expect("text"), "--ndjson", lines.to_str().expect("text"), "--quiet"];
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let mut large = record("large");
    large["scnt_request"]["body"] = "AAAA".repeat(20_000).into();
    let body: bytes::Bytes = [record("one").to_string(), large.to_string()].join("\n").into();
    for round in 0..12_u64 {
        let program = Program::start(&arguments);
        let mut senders = Vec::new();
        for _ in 0..3 {
            let (mut connection, body) = (program.connect().await, body.clone());
            let acknowledged = Arc::clone(&acknowledged);
            senders.push(tokio::spawn(async move {
                while let Ok(answer) =
                    connection.send_request(request(hyper::Method::POST, "/publish", body.clone())).await
                {
                    assert_eq!(answer.status(), 200);
                    acknowledged.fetch_add(2, Ordering::SeqCst);
                    if connection.ready().await.is_err() {
                        return;
                    }
                }
            }));
        }
        tokio::time::sleep(Duration::from_millis(30 + round * 7)).await;
        program.kill();
        for sender in senders {
            sender.await.expect("no panic");
        }
        let (written, least) = (entries(&har), acknowledged.load(Ordering::SeqCst));
        assert!(written >= least, "{least} were acknowledged, and {written} are in the HAR");
    }
    assert!(acknowledged.load(Ordering::SeqCst) > 0, "nothing was sent");
    let lines = fs::read_to_string(&lines).expect("the file");
    let whole = lines.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count();
    assert!(whole >= acknowledged.load(Ordering::SeqCst));
}

#[tokio::test]
async fn have_the_records_as_they_came() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("traffic.ndjson");
    let program = Program::start(&["--ndjson", path.to_str().expect("text")]);
    let mut second = record("two");
    second["scnt_response"]["trailers"] = serde_json::json!([["grpc-status", "0"]]);
    for record in [record("one"), second.clone()] {
        assert_eq!(program.post("/publish", record.to_string()).await.0, 200);
    }
    let lines = fs::read_to_string(&path).expect("the file");
    let read: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(read, [record("one"), second]);
}

/// `/dev/full` is always full.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn acknowledges_nothing_that_cannot_be_written() {
    let program = Program::start(&["--ndjson", "/dev/full"]);
    let (status, answer) = program.post("/publish", record("one").to_string()).await;
    assert_eq!(status, 503, "{}", String::from_utf8_lossy(&answer));
    assert_eq!(program.kept().await, 0);
}

#[tokio::test]
async fn are_left_tidy_at_the_end() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("traffic.har");
    let program = Program::start(&["--har", path.to_str().expect("text")]);
    assert_eq!(program.post("/publish", record("one").to_string()).await.0, 200);
    assert_eq!(fs::read_dir(directory.path()).expect("the directory").count(), 2);
    assert!(program.terminate(), "it ends with an error");
    assert_eq!(entries(&path), 1);
    assert_eq!(fs::read_dir(directory.path()).expect("the directory").count(), 1);
}
