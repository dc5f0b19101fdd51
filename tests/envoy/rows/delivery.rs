//! The rows of `batch`, `retry`, `queue` and `memory`.

use super::{OK, balanced, exchanges, header, pass, path, record, recorded, sent, tick, with};
use crate::host::host;
use serde_json::Value;

// === batch ===

#[test]
fn batches_are_as_many_records_as_asked_in_their_framing() {
    for (rows, content_type, bodies) in [
        (r#""max_records":1"#, "application/json", ["{a}", "{b}", "{c}"].as_slice()),
        (r#""max_records":3"#, "application/x-ndjson", &["{a}\n{b}\n{c}"]),
        (r#""max_records":3,"framing":"array""#, "application/json", &["[{a},{b},{c}]"]),
        (r#""max_records":2"#, "application/x-ndjson", &["{a}\n{b}"]),
    ] {
        with(&format!(r#"{{"batch":{{{rows}}}}}"#), |root| {
            exchanges(root, &["a", "b", "c"]);
            let sent = sent(root);
            assert!(sent.iter().all(|call| header(call, "content-type") == Some(content_type)), "{rows}");
            let bodies_sent: Vec<_> = sent.iter().map(|call| shortened(&call.body)).collect();
            assert_eq!(bodies_sent, bodies, "{rows}");
        });
    }
}

/// Each record replaced by `{path}`.
fn shortened(body: &[u8]) -> String {
    let mut out = String::new();
    let mut rest = body;
    while !rest.is_empty() {
        if rest[0] == b'{' {
            let mut records = serde_json::Deserializer::from_slice(rest).into_iter::<Value>();
            let record = records.next().expect("a record").expect("JSON");
            out.extend(["{", path(&record), "}"]);
            rest = &rest[records.byte_offset()..];
        } else {
            out.push(char::from(rest[0]));
            rest = &rest[1..];
        }
    }
    out
}

#[test]
fn a_batch_lingers_as_long_as_asked() {
    for (rows, linger) in [("", 50), (r#","linger_ms":9"#, 9)] {
        with(&format!(r#"{{"batch":{{"max_records":2{rows}}}}}"#), |root| {
            exchanges(root, &["a"]);
            assert_eq!((tick(), sent(root).len()), (linger, 0));
            pass(u64::from(linger) - 1);
            assert_eq!((sent(root).len(), tick()), (0, 1));
            pass(1);
            assert_eq!((sent(root).len(), balanced()["in_flight"]), (1, 1));
        });
    }
}

#[test]
fn a_batch_is_sent_when_it_has_the_bytes_asked_for() {
    for (max_bytes, expected) in [(1_024, true), (20_000, false)] {
        with(&format!(r#"{{"batch":{{"max_records":100,"max_bytes":{max_bytes}}}}}"#), |root| {
            exchanges(root, &["a", "b", "c", "d", "e"]);
            let sent = sent(root);
            assert_eq!(!sent.is_empty(), expected);
            assert!(sent.iter().all(|call| call.body.len() <= max_bytes), "{sent:?}");
        });
    }
}

/// A timer that goes off soon enough is not set again, and no record publishes the numbers.
#[test]
fn the_records_of_a_batch_set_its_timer_once() {
    with(r#"{"batch":{"max_records":100,"linger_ms":40}}"#, |root| {
        exchanges(root, &["/1"]);
        let before = host(|host| host.ticks_set);
        for path in ["/2", "/3", "/4"] {
            pass(3);
            exchanges(root, &[path]);
        }
        assert_eq!((tick(), host(|host| host.ticks_set) - before), (40, 0));
        pass(31);
        assert_eq!(sent(root).len(), 1, "with the first one's linger");
    });
}

#[test]
fn a_batch_is_never_larger_than_asked() {
    let empty = with("", |root| {
        exchanges(root, &[""]);
        sent(root)[0].body.len()
    });
    // Lines have a byte between two, an array also one before the first and one after the last.
    for (framing, bytes, requests) in
        [("ndjson", 1_023, 1), ("ndjson", 1_024, 2), ("array", 1_021, 1), ("array", 1_022, 2)]
    {
        with(&format!(r#"{{"batch":{{"max_records":100,"max_bytes":1024,"framing":"{framing}"}}}}"#), |root| {
            let paths = [bytes / 2, bytes - bytes / 2].map(|record| "p".repeat(record - empty));
            exchanges(root, &paths.each_ref().map(String::as_str));
            pass(50);
            let sizes: Vec<_> = sent(root).iter().map(|call| call.body.len()).collect();
            assert_eq!(sizes.len(), requests, "{sizes:?}");
            assert!(sizes.iter().all(|size| *size <= 1024), "{sizes:?}");
        });
    }
}

/// Found by the benchmark: 7,000 exchanges a second of 45 kB filled the queue, though the collector took all that it got.
#[test]
fn what_comes_goes_whatever_its_size() {
    const AT_ONCE: usize = 40;
    for configuration in ["", r#"{"batch":{"max_records":64}}"#, r#"{"batch":{"max_records":3}}"#] {
        with(configuration, |root| {
            let path = "p".repeat(45_000);
            for round in 1..=50 {
                exchanges(root, &[path.as_str(); AT_ONCE]);
                pass(5);
                for call in sent(root) {
                    root.answer(call.token, OK, "");
                }
                // With what lingers, and what the next tick sends.
                let waiting = balanced()["queued"];
                assert!(waiting <= 3 * AT_ONCE as i64, "{configuration}: {waiting} wait after {round} rounds");
            }
        });
    }
}

/// Envoy copies each request: not more of them at once than it has time for beside its traffic.
#[test]
fn a_burst_goes_in_slices() {
    with("", |root| {
        let path = "p".repeat(900_000);
        exchanges(root, &[path.as_str(); 12]);
        let mut slices = Vec::new();
        while slices.iter().sum::<usize>() < 12 {
            slices.push(sent(root).len());
            pass(1);
        }
        assert!(slices.len() > 1 && slices.iter().all(|slice| (1..=5).contains(slice)), "{slices:?}");
    });
}

// === retry ===

#[test]
fn attempts_and_their_pauses_are_as_asked() {
    let rows = r#"{"retry":{"max_attempts":4,"initial_backoff_ms":1000,"max_backoff_ms":1500}}"#;
    for (configuration, longest) in [("", &[200, 400, 800, 1600][..]), (rows, &[1000, 1500, 1500])] {
        with(configuration, |root| {
            root.stream(2).exchange();
            for longest in longest {
                root.answer(sent(root)[0].token, &[(":status", "503")], "");
                root.tick();
                assert!((longest / 2..=*longest).contains(&tick()), "{} of {longest}", tick());
                pass(u64::from(tick()));
            }
            assert_eq!(balanced()["dropped_retries_exhausted"], 0);
            root.answer(sent(root)[0].token, &[(":status", "503")], "");
            assert_eq!(balanced()["dropped_retries_exhausted"], 1);
        });
    }
}

#[test]
fn a_retry_after_is_waited_for_even_if_longer_than_the_longest_pause() {
    for (seconds, expected) in [("7", 7_000), ("99999", 3_600_000)] {
        with(r#"{"retry":{"max_backoff_ms":2}}"#, |root| {
            root.stream(2).exchange();
            root.answer(sent(root)[0].token, &[(":status", "429"), ("retry-after", seconds)], "");
            root.tick();
            assert_eq!(tick(), expected);
        });
    }
}

// === queue, memory ===

#[test]
fn a_full_queue_drops_what_the_overflow_row_names() {
    const PATHS: [&str; 10] = ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9"];
    for (rows, max_bytes, oldest) in [
        ("", 48 << 20, true),
        (r#""max_bytes":2048"#, 2048, true),
        (r#""max_bytes":2048,"overflow":"drop_oldest""#, 2048, true),
        (r#""max_bytes":2048,"overflow":"drop_newest""#, 2048, false),
    ] {
        with(&format!(r#"{{"queue":{{{rows}}}}}"#), |root| {
            exchanges(root, &PATHS);
            let sent = sent(root);
            let fit = PATHS.len().min(max_bytes / sent[0].body.len());
            let left = if oldest { &PATHS[PATHS.len() - fit..] } else { &PATHS[..fit] };
            let records: Vec<_> = sent.iter().map(record).collect();
            assert_eq!(records.iter().map(path).collect::<Vec<_>>(), left, "{rows}");
            assert_eq!(balanced()["dropped_queue_full"], (PATHS.len() - fit) as i64);
        });
    }
}

#[test]
fn a_record_larger_than_the_queue_is_cut_and_one_whose_headers_are_is_too_large() {
    for (rows, path, body, too_large) in [
        ("", 1, 1024, 0),
        (r#""max_bytes":1024"#, 1, 768, 0),
        (r#""max_bytes":1024"#, 400, 300, 0),
        (r#""max_bytes":1024"#, 1024, 1024, 1),
    ] {
        with(&format!(r#"{{"queue":{{{rows}}}}}"#), |root| {
            let stream = root.stream(2).request_headers(&[(":path", "/".repeat(path))]);
            stream.last_of_request(&vec![b'x'; body]).response_headers(OK).last_of_response(b"small").log().end();
            let sent = sent(root);
            assert_eq!((sent.len() as i64, balanced()["dropped_too_large"]), (1 - too_large, too_large), "{rows}");
            let Some(record) = sent.first().map(record) else { return };
            let kept = record["scnt_request"]["body"].as_str().expect("base64").len() / 4 * 3;
            let cut = &record["scnt_request"]["truncated_body"];
            assert_eq!(
                (kept < body, balanced()["bodies_truncated"]),
                (*cut == true, i64::from(*cut == true)),
                "{record}"
            );
            assert_eq!(*cut, !rows.is_empty());
            assert!(rows.is_empty() || (1000..=1024).contains(&sent[0].body.len()), "{} bytes", sent[0].body.len());
            assert_eq!(record["scnt_response"]["body"], "c21hbGw=", "the longer body is cut");
        });
    }
}

#[test]
fn requests_in_flight_are_as_many_as_asked() {
    for (configuration, most) in [(r#"{"queue":{"max_in_flight":2}}"#, 2), ("", 64)] {
        with(configuration, |root| {
            exchanges(root, &["p"; 80]);
            assert_eq!((0..10).map(|_| sent(root).len()).sum::<usize>(), most);
        });
    }
}

#[test]
fn a_body_takes_an_eighth_of_what_is_left_at_most() {
    // Three quarters are the queue, an eighth of which stays for headers; and three bytes become four in base64.
    let eighth = 65_536 / 4 * 3 / 8 * 7 / 4 * 3 / 8;
    for (configuration, kept) in [("", 100_000), (r#"{"memory":{"max_bytes":65536}}"#, eighth)] {
        with(configuration, |root| {
            root.stream(2).response_headers(OK).last_of_response(&[b'x'; 100_000]).log();
            let body = record(&sent(root)[0])["scnt_response"]["body"].as_str().expect("base64").len() / 4 * 3;
            assert!(body <= kept + 2 && body > kept - 100, "{body} of {kept}");
            assert_eq!(balanced()["bodies_truncated"] == 1, kept < 100_000);
        });
    }
}

/// However many long streams are open, and in what pieces they come.
#[test]
fn long_streams_leave_something_to_a_short_one() {
    with(r#"{"memory":{"max_bytes":1048576}}"#, |root| {
        let long: Vec<_> = (10..90).map(|id| root.stream(id).response_headers(OK)).collect();
        for _ in 0..20 {
            long.iter().for_each(|stream| _ = stream.response_body(&[b'e'; 5_000]));
        }
        let short = root.stream(2).request_headers(&[(":path", "/")]).last_of_request(b"small");
        let record = recorded(root, short.response_headers(OK).last_of_response(b"answer"));
        for (half, body) in [("scnt_request", "c21hbGw="), ("scnt_response", "YW5zd2Vy")] {
            assert_eq!((&record[half]["body"], &record[half]["truncated_body"]), (&body.into(), &false.into()));
        }
        // All end at once: what is captured finds room as records.
        long.into_iter().for_each(|stream| stream.log().end());
        root.tick();
        assert_eq!((balanced()["dropped_queue_full"], balanced()["captured_bytes"]), (0, 0));
    });
}

#[test]
fn records_and_bodies_share_the_memory() {
    const LEAST: usize = 65_536;
    for (configuration, lost) in [("", false), (r#"{"memory":{"max_bytes":65536}}"#, true)] {
        with(configuration, |root| {
            for id in 10..110 {
                root.stream(id).response_headers(OK).last_of_response(&[b'x'; 3_000]).log().end();
            }
            let sent: usize = sent(root).iter().map(|call| call.body.len()).sum();
            let held = sent + balanced()["queued_bytes"] as usize;
            let dropped = balanced()["dropped_queue_full"] > 0;
            assert_eq!((dropped, held <= LEAST), (lost, lost), "{held}");
        });
    }
}
