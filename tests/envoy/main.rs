//! The whole filter natively, with a host of our own in place of Envoy: every order of callbacks, and host calls that fail.
#![allow(unsafe_code, reason = "Envoy's side of the ABI is C functions")]

mod drive;
mod host;
mod outage;
mod rows;
mod timer;
mod told;

use drive::{Root, balanced, calls, record};
use host::host;
// Links the filter's callbacks.
use http_trace_filter as _;

const OK: &[(&str, &str)] = &[(":status", "200")];

#[test]
fn a_whole_exchange_is_one_acknowledged_request() {
    let root = Root::start(1, "");
    root.stream(2).exchange();
    assert_eq!(host(|host| host.tick), 1, "the timer waits for the record");
    assert!(calls().is_empty(), "a stream sends nothing itself");
    root.tick();
    let sent = calls();
    assert_eq!((sent.len(), sent[0].cluster.as_str()), (1, "trace_analyzer"));
    let header = |name: &str| sent[0].headers.iter().find(|(n, _)| n == name).map(|(_, v)| String::from_utf8_lossy(v));
    assert_eq!(header(":method").as_deref(), Some("POST"));
    assert_eq!(header(":path").as_deref(), Some("/publish"));
    assert_eq!(header("content-type").as_deref(), Some("application/json"));
    assert_eq!(header("x-http-trace-filter-export").as_deref(), Some("1"));
    assert_eq!(record(&sent[0])["scnt_response"]["body"], "aGVsbG8=");
    assert_eq!((balanced()["exported"], balanced()["in_flight"]), (0, 1));
    root.answer(sent[0].token, OK, "");
    assert_eq!((balanced()["exported"], balanced()["in_flight"]), (1, 0));
    assert_eq!(host(|host| host.tick), 0, "an idle filter has no timer");
}

#[test]
fn any_phase_may_be_missing_repeated_or_out_of_order() {
    let root = Root::start(1, "");
    root.stream(2).log().end();
    root.stream(3).request_headers(&[(":path", "/")]).log().end();
    root.stream(4).response_headers(&[(":status", "503")]).log().end();
    root.stream(5).request_body(b"early").request_headers(&[(":path", "/")]).log().end();
    root.stream(6).response_headers(&[(":status", "200")]).response_headers(&[(":status", "502")]).log().log().end();
    root.tick();
    let records: Vec<_> = calls().iter().map(record).collect();
    let statuses: Vec<_> = records.iter().map(|r| r["scnt_response"]["status_code"].as_str().expect("text")).collect();
    assert_eq!(statuses, ["0", "0", "503", "0", "502"]);
    assert_eq!(records[3]["scnt_request"]["body"], "ZWFybHk=");
    assert_eq!(balanced()["streams"], 5, "a stream that is logged twice is one");
}

#[test]
fn a_stream_that_was_answered_before_the_filters_is_read_from_the_log_s_maps() {
    let root = Root::start(1, "");
    let stream = root.stream(2);
    host(|host| {
        host.maps.insert(drive::REQUEST, drive::pairs(&[(":method", "GET"), (":path", "/a")]));
        host.maps.insert(drive::RESPONSE, drive::pairs(&[(":status", "431"), ("server", "envoy")]));
        host.properties.insert("response.code".to_owned(), 431_u64.to_le_bytes().to_vec());
    });
    stream.log().end();
    root.tick();
    let record = record(&calls()[0]);
    assert_eq!(
        (&record["scnt_request"]["path"], &record["scnt_response"]["status_code"]),
        (&"/a".into(), &"431".into())
    );
}

#[test]
fn failing_host_calls_lose_nothing_silently() {
    for (refuse, refuse_properties) in [(Some(2), None), (Some(10), Some(10)), (Some(10), Some(3))] {
        let root = Root::start(1, r#"{"retry":{"max_attempts":2,"initial_backoff_ms":1}}"#);
        host(|host| (host.refuse, host.refuse_properties) = (refuse, refuse_properties));
        root.stream(2).exchange();
        root.tick();
        assert_eq!(balanced()["queued"], 1);
        host(|host| host.now += 1_000_000_000);
        root.tick();
        let metrics = balanced();
        assert!(metrics["dropped_retries_exhausted"] > 0 && metrics["queued"] == 0, "{metrics:?}");
        host(|host| (host.refuse, host.refuse_properties) = (None, None));
        root.delete();
    }
    let log = host(|host| host.log.join("\n"));
    assert!(log.contains("records lost since the last report: 1;") && log.contains("1 retries_exhausted"), "{log}");
}

#[test]
fn answers_of_every_kind() {
    let root = Root::start(1, r#"{"retry":{"max_attempts":1}}"#);
    let answers: [(&[(&str, &str)], &str); 7] = [
        (&[], "dropped_retries_exhausted"),
        (&[("content-length", "0")], "dropped_retries_exhausted"),
        (&[(":status", "many")], "dropped_retries_exhausted"),
        (&[(":status", "503")], "dropped_retries_exhausted"),
        (&[(":status", "404")], "dropped_rejected"),
        (&[(":status", "204")], "exported"),
        (&[(":status", "99999")], "dropped_retries_exhausted"),
    ];
    for (index, (headers, counter)) in answers.iter().enumerate() {
        let before = drive::metrics()[*counter];
        root.stream(10 + index as u32).exchange();
        // The pause after the failure before.
        host(|host| host.now += 1_000_000_000);
        root.tick();
        root.answer(calls()[0].token, headers, "");
        assert_eq!(balanced()[*counter], before + 1, "{headers:?}");
    }
}

#[test]
fn requests_in_flight_are_bounded() {
    let root = Root::start(1, r#"{"queue":{"max_in_flight":20}}"#);
    (0..50).for_each(|id| root.stream(10 + id).exchange());
    assert_eq!(host(|host| host.ticks_set), 1, "a timer that runs is not set again");
    root.tick();
    assert_eq!((calls().len(), host(|host| host.tick)), (20, 0), "an answer will go on");
    root.answer(1, OK, "");
    assert_eq!((calls().len(), host(|host| host.tick)), (0, 1), "the next tick sends");
    root.tick();
    assert_eq!((calls().len(), balanced()["queued"], host(|host| host.tick)), (1, 29, 0));
}

#[test]
fn a_tick_sends_what_came_and_a_little_of_what_waits() {
    let root = Root::start(1, r#"{"queue":{"max_in_flight":40}}"#);
    (0..80).for_each(|id| root.stream(10 + id).exchange());
    root.tick();
    let first = calls();
    first.iter().for_each(|call| root.answer(call.token, OK, ""));
    let mut slices = vec![first.len()];
    for id in 100..103 {
        (0..2).for_each(|more| root.stream(id * 2 + more).exchange());
        root.tick();
        slices.push(calls().len());
    }
    assert_eq!(slices, [40, 10, 10, 10], "what came, and eight that waited longer");
}

#[test]
fn a_tick_sends_no_more_than_a_few_large_requests_of_a_backlog() {
    let root = Root::start(1, r#"{"queue":{"max_in_flight":5}}"#);
    for id in 0..12 {
        let stream = root.stream(10 + id).request_headers(&[(":path", "/")]).response_headers(OK);
        stream.last_of_response(&[b'x'; 120 << 10]).log().end();
    }
    let slices = [(); 3].map(|()| {
        root.tick();
        let slice = calls();
        slice.iter().for_each(|call| root.answer(call.token, OK, ""));
        slice.len()
    });
    assert_eq!(slices, [5, 2, 2], "the second passes 256 KiB");
}

/// Each call of the host costs a microsecond or so, which is most of what the filter costs.
#[test]
fn a_busy_filter_asks_for_the_time_once_a_tick_and_for_little_of_an_answer() {
    let root = Root::start(1, "");
    root.stream(9).exchange();
    let reads = || host(|host| (host.now_read, host.maps_read));
    let before = reads();
    (10..15).for_each(|id| root.stream(id).exchange());
    root.tick();
    let sent = calls();
    root.stream(15).exchange();
    sent.iter().for_each(|call| root.answer(call.token, OK, ""));
    let after = reads();
    assert_eq!((sent.len(), balanced()["in_flight"]), (6, 6), "the numbers wait for the tick");
    let (times, maps) = (after.0 - before.0, after.1 - before.1);
    assert_eq!((times, maps), (2, 12), "the tick, and the record that set the timer; both maps of each exchange");
    root.tick();
    assert_eq!(balanced()["exported"], 6);
}

#[test]
fn a_refused_configuration_lets_traffic_pass_unseen() {
    let (root, accepted) = Root::configure(1, r#"{"colector":{}}"#);
    assert!(!accepted);
    let log = host(|host| host.log.join("\n"));
    assert!(log.contains("configuration refused: colector: unknown field"), "{log}");
    root.stream(2).exchange();
    root.tick();
    assert!(calls().is_empty() && root.done());
}

#[test]
fn an_old_configuration_drains_before_it_goes() {
    let old = Root::start(1, r#"{"batch":{"max_records":8,"linger_ms":60000}}"#);
    old.stream(2).exchange();
    let new = Root::start(3, "");
    assert!(!old.done(), "a record waits");
    let sent = calls();
    assert_eq!(sent.len(), 1, "without lingering");
    assert_eq!(host(|host| host.done), 0);
    old.answer(sent[0].token, OK, "");
    assert_eq!(host(|host| host.done), 1);
    old.delete();
    new.stream(4).exchange();
    new.tick();
    new.answer(calls()[0].token, OK, "");
    assert_eq!((balanced()["exported"], new.done()), (2, true));
}

#[test]
fn hosts_are_polled_at_once_and_each_interval() {
    let root = Root::start(1, r#"{"sampling":{"hosts":{"interval_ms":1000,"until_known":"none"}}}"#);
    assert_eq!(host(|host| host.tick), 1);
    root.tick();
    let poll = calls();
    assert_eq!((poll.len(), poll[0].cluster.as_str()), (1, "trace-sampling-manager"));
    assert_eq!(poll[0].headers[1], (":path".to_owned(), b"/api/hostsToTrace".to_vec()));
    assert!((900..=1000).contains(&host(|host| host.tick)), "{}", host(|host| host.tick));
    root.stream(2).exchange();
    root.tick();
    assert_eq!(balanced()["sampled_out"], 1);
    root.answer(poll[0].token, &[(":status", "200"), ("content-type", "application/json")], r#"{"hosts":["*"]}"#);
    root.stream(3).exchange();
    root.tick();
    assert_eq!((calls().len(), balanced()["in_flight"]), (1, 1), "the record alone: the next poll is not due");
    host(|host| host.now += 1_000_000_000);
    root.tick();
    assert_eq!(calls()[0].cluster, "trace-sampling-manager");
}

#[test]
fn memory_stays_below_the_budget_at_every_step() {
    let budget = 1 << 20;
    let root = Root::start(1, &format!(r#"{{"memory":{{"max_bytes":{budget}}},"queue":{{"max_bytes":{budget}}}}}"#));
    for id in 10..40 {
        let stream = root.stream(id).request_headers(&[(":path", "/")]).request_body(&[b'x'; 100_000]);
        stream.request_body(&[b'x'; 100_000]).response_headers(OK).response_body(&[b'y'; 200_000]);
        if id % 2 == 0 {
            stream.log().end();
        }
        root.tick();
        let metrics = balanced();
        let in_flight: usize = calls().iter().map(|call| call.body.len()).sum();
        let held = metrics["captured_bytes"] + metrics["queued_bytes"];
        assert!(held <= budget, "{held} bytes held");
        assert!(in_flight <= budget as usize, "{in_flight} bytes sent at once");
    }
    let metrics = balanced();
    assert!(metrics["bodies_truncated"] > 0, "{metrics:?}");
}

#[test]
fn the_filter_s_own_requests_and_secrets_leave_no_trace() {
    let root = Root::start(1, r#"{"redact":{"query_params":["token"]}}"#);
    root.stream(2).request_headers(&[("x-http-trace-filter-export", "1"), (":path", "/publish")]).log().end();
    assert_eq!(host(|host| host.tick), 50, "the number waits for a moment");
    root.tick();
    assert_eq!((balanced()["streams"], balanced()["own_exports"], calls().len()), (0, 1, 0));
    root.stream(3).request_headers(&[(":path", "/?token=s3cret"), ("authorization", "s3cret")]).log().end();
    root.tick();
    let call = &calls()[0];
    assert!(!String::from_utf8_lossy(&call.body).contains("s3cret"));
    assert!(!host(|host| host.log.join("\n")).contains("s3cret"));
}

#[test]
fn a_response_before_any_request_is_judged_by_the_request_s_own_host() {
    let root = Root::start(1, r#"{"sampling":{"hosts":{"until_known":"none"}}}"#);
    root.tick();
    let list = r#"{"hosts":["shop.test:80"]}"#;
    root.answer(calls()[0].token, &[(":status", "200"), ("content-type", "application/json")], list);
    host(|host| host.properties.insert("destination.address".to_owned(), b"10.0.0.1:80".to_vec()));
    for (id, authority) in [(2, "shop.test"), (3, "other.test")] {
        host(|host| host.maps.insert(drive::REQUEST, drive::pairs(&[(":authority", authority), (":path", "/")])));
        root.stream(id).response_headers(&[(":status", "403")]).log().end();
    }
    root.tick();
    let metrics = balanced();
    assert_eq!((metrics["in_flight"], metrics["sampled_out"]), (1, 1), "{metrics:?}");
}

#[test]
fn losses_are_reported_even_when_the_filter_is_idle() {
    let root = Root::start(1, r#"{"retry":{"max_attempts":1}}"#);
    for id in [2, 3] {
        root.stream(id).exchange();
        host(|host| host.now += 200_000_000);
        root.tick();
        root.answer(calls()[0].token, &[(":status", "503")], "");
    }
    let reports =
        || host(|host| host.log.iter().filter(|line| line.contains("records lost since the last report: 1;")).count());
    assert_eq!(reports(), 1, "at most one in ten seconds");
    assert!(
        (9_000..=10_000).contains(&host(|host| host.tick)),
        "the timer waits for the next: {}",
        host(|host| host.tick)
    );
    host(|host| host.now += 10_000_000_000);
    root.tick();
    assert_eq!((reports(), host(|host| host.tick)), (2, 0));
}
