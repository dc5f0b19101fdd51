//! The schedule of polls for the hosts to trace.

use http_trace_filter::sampling::poll::Poll;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_first_poll_is_due_at_once_and_then_one_an_interval() {
    let mut poll = Poll::new(10 * SECOND);
    assert!(poll.due(100 * SECOND));
    assert_eq!(poll.wake_in(100 * SECOND), 10 * SECOND);
    assert!(!poll.due(105 * SECOND));
    assert!(poll.due(110 * SECOND));
}

#[test]
fn one_poll_is_in_flight_at_a_time() {
    let mut poll = Poll::new(SECOND);
    assert!(poll.due(SECOND));
    poll.sent(7);
    assert!(!poll.due(2 * SECOND), "the first has not been answered");
    assert!(!poll.answered(8), "another call's token");
    assert!(poll.answered(7));
    assert!(!poll.answered(7), "answered once");
    assert!(poll.due(3 * SECOND));
}

#[test]
fn the_first_failure_of_each_row_is_reported() {
    let mut poll = Poll::new(SECOND);
    let reports: Vec<bool> = [true, true, false, true, true].into_iter().map(|failed| poll.report(failed)).collect();
    assert_eq!(reports, [true, false, false, true, false]);
}
