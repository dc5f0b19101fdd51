//! An outage of the collector, seen from Envoy's side: what is sent, what is logged, what the stats say.

use crate::{
    OK,
    drive::{Root, balanced, calls},
    host::host,
};

const DOWN: &[(&str, &str)] = &[(":status", "503")];

fn pass(milliseconds: u64) {
    host(|host| host.now += milliseconds * 1_000_000);
}

fn log_of(part: &str) -> Vec<String> {
    host(|host| host.log.iter().filter(|line| line.contains(part)).cloned().collect())
}

/// Lets the timer go off until the next request is sent; its token.
fn next_request(root: Root) -> u32 {
    for _ in 0..10_000 {
        let period = host(|host| host.tick);
        assert!(period > 0, "nothing will send it");
        pass(u64::from(period));
        root.tick();
        let sent = calls();
        assert!(sent.len() <= 1, "{} at once", sent.len());
        if let Some(call) = sent.first() {
            return call.token;
        }
    }
    panic!("no request");
}

#[test]
fn one_warning_each_way_and_one_request_at_a_time() {
    let root = Root::start(1, r#"{"collector":{"path":"/publish?token=s3cret"}}"#);
    (10..13).for_each(|id| root.stream(id).exchange());
    root.tick();
    for call in calls() {
        root.answer(call.token, DOWN, "");
    }
    pass(50);
    root.tick();
    assert_eq!((balanced()["collector_down"], balanced()["export_failures"]), (1, 3));
    for id in 20..60 {
        root.stream(id).exchange();
        let token = next_request(root);
        assert_eq!(balanced()["in_flight"], 1);
        root.answer(token, if id % 2 == 0 { DOWN } else { &[] }, "");
    }
    pass(50);
    root.tick();
    assert_eq!(calls().len() as i64 + balanced()["queued"], 43);
    let down = log_of("the collector does not take records");
    assert_eq!(down.len(), 1, "{down:?}");
    assert!(
        down[0].contains("POST /publish was answered with 503)") && down[0].contains("\"trace_analyzer\""),
        "{down:?}"
    );
    root.answer(next_request(root), OK, "");
    let mut left = calls();
    while left.len() < 42 {
        pass(1);
        root.tick();
        let slice = calls();
        assert!(slice.len() <= 8, "recovery in slices: {}", slice.len());
        left.extend(slice);
    }
    left.iter().for_each(|call| root.answer(call.token, OK, ""));
    pass(50);
    root.tick();
    assert_eq!((balanced()["exported"], balanced()["collector_down"]), (43, 0));
    let back = log_of("the collector takes records again after");
    assert_eq!((back.len(), host(|host| host.tick)), (1, 0), "{back:?}");
    assert!(log_of("s3cret").is_empty());
}

/// No timer and no call of the host for each record: what waits was the collector's business before it was down.
#[test]
fn a_record_costs_no_more_while_the_collector_is_down() {
    let root = Root::start(1, r#"{"retry":{"initial_backoff_ms":60000,"max_backoff_ms":60000}}"#);
    root.stream(9).exchange();
    root.tick();
    root.answer(calls()[0].token, DOWN, "");
    root.stream(10).exchange();
    let before = host(|host| (host.ticks_set, host.now_read, host.maps_read));
    (11..111).for_each(|id| root.stream(id).exchange());
    let after = host(|host| (host.ticks_set, host.now_read, host.maps_read));
    assert_eq!((after.0 - before.0, after.1 - before.1, after.2 - before.2), (0, 100, 200), "timers, times, maps");
    root.tick();
    assert_eq!((balanced()["queued"], calls().len()), (102, 0));
}

#[test]
fn a_retry_after_is_seconds_or_a_date() {
    // 2026-11-18 11:06:40.
    const DATE: (&str, &str) = ("date", "Wed, 18 Nov 2026 11:06:50 GMT");
    for (headers, pause) in [
        (&[("retry-after", "7")][..], 7_000),
        (&[("retry-after", "Wed, 18 Nov 2026 11:06:47 GMT")], 7_000),
        (&[("retry-after", "Wed, 18 Nov 2026 11:06:57 GMT"), DATE], 7_000),
        (&[("retry-after", "Wednesday, 18-Nov-26 11:06:57 GMT"), DATE], 7_000),
        (&[("retry-after", "Wed Nov 18 11:06:57 2026"), DATE], 7_000),
        (&[("retry-after", "Wed, 18 Nov 2026 23:06:57 GMT"), DATE], 3_600_000),
        (&[("retry-after", "Wed, 31 Nov 2026 11:06:57 GMT"), DATE], 0),
        (&[("retry-after", "later")], 0),
    ] {
        let root = Root::start(1, r#"{"retry":{"initial_backoff_ms":1}}"#);
        host(|host| host.now = 1_795_000_000_000_000_000);
        root.stream(2).exchange();
        root.tick();
        root.answer(calls()[0].token, &[&[(":status", "429")], headers].concat(), "");
        root.tick();
        assert_eq!(host(|host| host.tick), pause.max(1), "{headers:?}");
        pass(u64::from(pause).saturating_sub(2));
        root.tick();
        assert_eq!(calls().len(), 0, "{headers:?}");
        pass(3);
        root.tick();
        assert_eq!(calls().len(), 1, "{headers:?}");
        root.delete();
        host(|host| host.metrics.iter_mut().for_each(|(_, value)| *value = 0));
    }
}

#[test]
fn a_loss_names_the_last_answer_and_the_path() {
    for (answer, shown) in [
        (&[(":status", "404")][..], ", POST /publish was answered with 404)"),
        (&[], ", POST /publish was answered with nothing)"),
    ] {
        let root = Root::start(1, r#"{"retry":{"max_attempts":1},"collector":{"path":"/publish?token=s3cret"}}"#);
        root.stream(2).exchange();
        root.tick();
        root.answer(calls()[0].token, answer, "");
        let log = log_of("records lost since the last report: 1;").pop().expect("a report");
        assert!(log.ends_with(shown), "{log}");
        assert!(log_of("s3cret").is_empty());
        root.delete();
    }
}

/// Envoy waits for an old configuration until it says that it is done, and does not while the collector is away.
#[test]
fn an_old_configuration_ends_although_the_collector_is_down() {
    let root = Root::start(1, r#"{"retry":{"max_attempts":2,"initial_backoff_ms":10}}"#);
    (10..15).for_each(|id| root.stream(id).exchange());
    root.tick();
    for call in calls() {
        root.answer(call.token, DOWN, "");
    }
    assert!(!root.done(), "records wait");
    for _ in 0..2 {
        assert_eq!(host(|host| host.done), 0);
        root.answer(next_request(root), DOWN, "");
    }
    assert_eq!(
        (host(|host| host.done), balanced()["dropped_retries_exhausted"], balanced()["collector_down"]),
        (1, 5, 0)
    );
}
