//! What an answer of the collector means: its status, and the pause that it asks for.

use http_trace_filter::{
    config::Config,
    delivery::answer::{Outcome, Verdict, retry_after},
};
use std::time::Duration;

const NOW: u64 = 784_111_777;
const DATE: &[u8] = b"Sun, 06 Nov 1994 08:49:37 GMT";

fn seconds(value: &str, date: Option<&[u8]>, now: u64) -> Option<u64> {
    retry_after(value.as_bytes(), date, now).map(|pause| pause.as_secs())
}

#[test]
fn a_pause_is_seconds_or_a_date() {
    for (value, pause) in [
        ("0", Some(0)),
        (" 120 ", Some(120)),
        ("Sun, 06 Nov 1994 08:49:44 GMT", Some(7)),
        ("Sunday, 06-Nov-94 08:50:37 GMT", Some(60)),
        ("Sun Nov  6 09:49:37 1994", Some(3_600)),
        ("Sun, 06 Nov 1994 08:49:00 GMT", Some(0)),
        ("Mon, 30 Feb 1995 08:49:44 GMT", None),
        ("-1", None),
        ("1.5", None),
        ("", None),
        ("soon", None),
        ("3600", Some(3_600)),
        ("10000000", Some(1_000_000)),
        ("99999999999999999999999", Some(1_000_009)),
    ] {
        assert_eq!(seconds(value, None, NOW), pause, "{value:?}");
    }
    assert_eq!(retry_after(b"\xff7", None, NOW), None);
}

#[test]
fn a_date_counts_from_the_answer_s_own_date() {
    let value = "Sun, 06 Nov 1994 08:50:07 GMT";
    for (date, now, pause) in [
        (Some(DATE), NOW + 7_200, 30),
        (Some(DATE), 0, 30),
        (None, NOW + 10, 20),
        (Some(&b"today"[..]), NOW + 10, 20),
        (Some(&b"\xff"[..]), NOW + 10, 20),
    ] {
        assert_eq!(seconds(value, date, now), Some(pause));
    }
}

fn verdict(configuration: &str, status: u16) -> Verdict {
    let config = Config::parse(configuration.as_bytes()).expect("valid");
    Outcome::Answered { status, retry_after: None }.verdict(&config.retry.statuses)
}

/// The statuses from 100 to 599 after which a request is sent again.
fn retried(configuration: &str) -> Vec<u16> {
    (100..600).filter(|status| verdict(configuration, *status) == Verdict::Again(Duration::ZERO)).collect()
}

#[test]
fn each_format_has_its_statuses_and_the_configuration_its_own() {
    let publish: Vec<u16> = [408, 429].into_iter().chain(500..600).collect();
    assert_eq!(retried("{}"), publish);
    assert_eq!(retried(r#"{"format":"apiclarity"}"#), [408, 429, 502, 503, 504]);
    assert_eq!(retried(r#"{"retry":{"statuses":[429,302]}}"#), [302, 429, 503, 504]);
    // Envoy itself gives these when it does not reach the collector.
    assert_eq!(retried(r#"{"retry":{"statuses":[]}}"#), [503, 504]);
    let classes: Vec<u16> = (400..500).chain([503, 504]).collect();
    assert_eq!(retried(r#"{"retry":{"statuses":["4xx"]}}"#), classes);
}

#[test]
fn only_a_2xx_is_a_delivery_and_the_rest_is_rejected() {
    for status in 100..=999 {
        let expected = match status {
            200..300 => Verdict::Delivered,
            408 | 429 | 500..600 => Verdict::Again(Duration::ZERO),
            _ => Verdict::Rejected,
        };
        assert_eq!(verdict("{}", status), expected, "{status}");
    }
    assert_eq!(Outcome::Failed.verdict(&[]), Verdict::Again(Duration::ZERO));
}
