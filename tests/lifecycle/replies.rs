//! What the collector answers, or does not.

use crate::{drive::Vm, host::host};
use proxy_wasm::types::Status;

const TWICE: &str = r#"{"retry": {"max_attempts": 2, "initial_backoff_ms": 100}}"#;

/// A VM with one record in flight; its token.
fn in_flight(config: &str) -> (Vm, u32) {
    let vm = Vm::start(config);
    vm.stream().whole();
    vm.tick();
    let [token] = vm.open().try_into().expect("one call");
    (vm, token)
}

/// Headers of an answer that says nothing of the record, after which it is sent again.
#[test]
fn an_answer_without_a_good_status_is_retried() {
    let answers: [&[(&str, &[u8])]; 8] = [
        &[],
        &[("content-type", b"text/plain")],
        &[(":status", b"")],
        &[(":status", b"abc")],
        &[(":status", b"\xff\xfe")],
        &[(":status", b"-200")],
        &[(":status", b"65736")], // 200 in the lower 16 bits
        &[(":status", b"503"), ("retry-after", b"soon")],
    ];
    for answer in answers {
        let (vm, token) = in_flight(TWICE);
        let headers = answer.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect();
        vm.reply_bytes(token, headers, b"");
        vm.expect(&[("streams", 1), ("queued", 1), ("export_requests", 1), ("export_failures", 1)]);
        let timer = vm.timer().expect("the timer is on");
        assert!((50..=100).contains(&timer), "{answer:?}: {timer}");
        vm.tick();
        let [first, second] = vm.calls().try_into().expect("two calls");
        assert_eq!((first.body, first.headers), (second.body, second.headers));
        vm.answer(second.token, "204");
        vm.expect(&[("streams", 1), ("exported", 1), ("export_requests", 2), ("export_failures", 1)]);
        assert_eq!(vm.timer(), None);
    }
}

#[test]
fn each_status_has_its_outcome() {
    let (exported, rejected, retried) = (("exported", 0), ("dropped_rejected", 1), ("queued", 1));
    let outcomes = [
        ("200", exported),
        ("204", exported),
        ("299", exported),
        ("100", rejected),
        ("301", rejected),
        ("400", rejected),
        ("404", rejected),
        ("408", retried),
        ("413", rejected),
        ("429", retried),
        ("499", rejected),
        ("500", retried),
        ("503", retried),
        ("504", retried),
        ("599", retried),
    ];
    for (status, (name, failures)) in outcomes {
        let (vm, token) = in_flight("{}");
        vm.answer(token, status);
        vm.expect(&[("streams", 1), (name, 1), ("export_requests", 1), ("export_failures", failures)]);
        assert_eq!(vm.timer().is_some(), name == "queued", "{status}");
    }
}

#[test]
fn a_retry_after_is_honoured() {
    let (vm, token) = in_flight("{}");
    vm.reply(token, &[(":status", "429"), ("retry-after", "7")], b"");
    assert_eq!(vm.timer(), Some(7000));
    vm.tick();
    assert_eq!(vm.open().len(), 1);
}

#[test]
fn calls_that_envoy_does_not_take_are_retried_and_then_lost() {
    for status in [Status::BadArgument, Status::InternalFailure] {
        let vm = Vm::start(TWICE);
        vm.refuse_calls(Some(status));
        vm.stream().whole();
        vm.tick();
        vm.expect(&[("streams", 1), ("queued", 1), ("export_requests", 1), ("export_failures", 1)]);
        vm.tick();
        vm.expect(&[("streams", 1), ("dropped_retries_exhausted", 1), ("export_requests", 2), ("export_failures", 2)]);
        assert_eq!((vm.timer(), vm.calls().len()), (None, 0));
        let errors: Vec<_> = vm.log().into_iter().filter(|line| line.starts_with("Error")).collect();
        let [error] = errors.try_into().expect("one line for the lost record");
        assert!(error.contains("1 retries_exhausted"), "{error}");
    }
}

#[test]
fn a_call_that_envoy_takes_the_second_time_is_delivered() {
    let vm = Vm::start(TWICE);
    vm.refuse_calls(Some(Status::InternalFailure));
    vm.stream().whole();
    vm.tick();
    vm.refuse_calls(None);
    assert_eq!(vm.deliver().len(), 1);
    vm.expect(&[("streams", 1), ("exported", 1), ("export_requests", 2), ("export_failures", 1)]);
}

#[test]
fn attempts_pause_longer_each_time_and_end() {
    let vm = Vm::start(r#"{"retry": {"max_attempts": 5, "initial_backoff_ms": 100, "max_backoff_ms": 300}}"#);
    vm.stream().whole();
    vm.tick();
    for whole in [100, 200, 300, 300] {
        vm.fail(vm.open()[0]);
        let pause = vm.timer().expect("the timer is on");
        assert!((whole / 2..=whole).contains(&pause), "{pause} of {whole}");
        vm.tick();
    }
    vm.answer(vm.open()[0], "503");
    vm.expect(&[("streams", 1), ("dropped_retries_exhausted", 1), ("export_requests", 5), ("export_failures", 5)]);
    assert_eq!(vm.timer(), None);
}

#[test]
fn answers_may_come_in_any_order_and_while_other_streams_pass() {
    let vm = Vm::start("{}");
    (0..5).for_each(|n| vm.stream().with_id(&n.to_string()));
    vm.tick();
    let open = vm.open();
    assert_eq!(open.len(), 5);
    let passing = vm.stream();
    passing.request_headers(&[(":method", "GET")]);
    for (done, index) in [3, 0, 4, 1, 2].into_iter().enumerate() {
        vm.answer(open[index], "200");
        vm.check();
        assert_eq!(vm.metric("exported"), done as i64 + 1);
    }
    assert_eq!(vm.timer(), None);
    passing.end();
    vm.deliver();
    vm.expect(&[("streams", 6), ("exported", 6), ("export_requests", 6)]);
}

#[test]
fn losses_are_logged_at_most_once_in_ten_seconds() {
    let vm = Vm::start("{}");
    let errors = || host(|host| host.log.iter().filter(|line| line.starts_with("Error")).count());
    let lose = || {
        vm.stream().whole();
        vm.tick();
        vm.answer(vm.open()[0], "400");
    };
    (0..20).for_each(|_| lose());
    assert_eq!(errors(), 1);
    vm.advance(10_000);
    lose();
    assert_eq!(errors(), 2);
    let last = vm.log().pop().expect("a line");
    assert!(
        last.starts_with("Error lost 19 records since the last report; in total: 0 queue_full, 20 rejected"),
        "{last}"
    );
}
