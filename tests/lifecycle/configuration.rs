//! Configurations that are refused, and those that replace another while records are on their way.

use crate::{
    drive::Vm,
    host::host,
    stream::{REQUEST, RESPONSE},
};

#[test]
fn with_a_refused_configuration_streams_pass_unseen() {
    for config in ["{", "[]", "{\"formt\": \"publish\"}", "{\"queue\": {\"max_bytes\": -1}}", "\u{0}"] {
        let (vm, accepted) = Vm::boot(config);
        assert!(!accepted, "{config}");
        vm.stream().whole();
        vm.stream().end();
        let stream = vm.stream();
        stream.request_headers(REQUEST).log_with(REQUEST, RESPONSE);
        vm.poke();
        assert_eq!((vm.timer(), vm.calls().len()), (None, 0));
        vm.expect(&[]);
        assert!(vm.root_done(vm.root()));
        vm.delete_root(vm.root());
        stream.log();
        stream.delete();
        let line = vm.log().pop().expect("a line");
        assert!(line.starts_with("Error") && line.contains("configuration refused"), "{line}");
    }
}

#[test]
fn nothing_at_all_is_the_default_configuration() {
    for config in ["", " \n", "{}"] {
        let vm = Vm::start(config);
        vm.stream().whole();
        assert_eq!(vm.deliver().len(), 1);
    }
}

#[test]
fn an_idle_root_leaves_at_once() {
    let vm = Vm::start("{}");
    assert!(vm.root_done(vm.root()));
    vm.delete_root(vm.root());
    assert!(host(|host| host.done.is_empty()), "proxy_done is for those who asked for more time");
}

#[test]
fn an_old_root_leaves_when_its_records_are_answered() {
    let vm = Vm::start("{}");
    let old = vm.root();
    (0..3).for_each(|_| vm.stream().whole());
    vm.tick();
    vm.stream().whole(); // still waits
    let late = vm.stream();
    late.request_headers(REQUEST);
    assert!(vm.configure(r#"{"collector": {"cluster": "new"}}"#));
    assert!(!vm.root_done(old));
    let open = vm.open();
    assert_eq!(open.len(), 4, "what waited was sent at once");
    vm.stream().whole();
    vm.tick();
    assert_eq!(vm.calls().last().map(|call| call.cluster.clone()).as_deref(), Some("new"));
    vm.answer(vm.open()[4], "200");
    vm.answer(open[0], "200");
    vm.fail(open[1]); // tried again
    vm.answer(open[2], "400");
    late.end(); // a stream of the old configuration that outlives it
    vm.tick_of(old);
    vm.answer(open[3], "200");
    assert!(host(|host| host.done.is_empty()));
    while let Some(token) = vm.open().first() {
        vm.answer(*token, "200");
        if vm.timer_of(old).is_some() {
            vm.tick_of(old);
        }
    }
    assert_eq!(host(|host| host.done.clone()), [old], "once");
    vm.expect(&[
        ("streams", 6),
        ("exported", 5),
        ("dropped_rejected", 1),
        ("export_requests", 7),
        ("export_failures", 2),
    ]);
    assert_eq!((vm.timer_of(old), vm.timer()), (None, None));
    vm.delete_root(old);
    vm.stream().whole();
    assert_eq!(vm.deliver().len() as i64, 8);
    assert_eq!(vm.metric("exported"), 6);
}

#[test]
fn a_drain_sends_slices_and_does_not_wait_for_full_batches() {
    let vm = Vm::start(r#"{"batch": {"max_records": 10, "linger_ms": 60000}}"#);
    vm.stream().whole();
    let old = vm.root();
    assert!(vm.configure("{}"));
    assert!(!vm.root_done(old));
    assert_eq!(vm.records().len(), 1);
    vm.answer(vm.open()[0], "200");
    assert_eq!(host(|host| host.done.clone()), [old]);
}

#[test]
fn a_drain_ends_with_the_last_attempt_of_a_collector_that_is_down() {
    let vm = Vm::start(r#"{"retry": {"max_attempts": 3}}"#);
    let old = vm.root();
    (0..40).for_each(|_| vm.stream().whole());
    assert!(vm.configure("{}"));
    assert!(!vm.root_done(old));
    for _ in 0..1000 {
        vm.open().into_iter().for_each(|token| vm.answer(token, "503"));
        if vm.timer_of(old).is_none() {
            break;
        }
        vm.tick_of(old);
    }
    assert_eq!(host(|host| host.done.clone()), [old]);
    vm.expect(&[
        ("streams", 40),
        ("dropped_retries_exhausted", 40),
        ("export_requests", 120),
        ("export_failures", 120),
    ]);
}

#[test]
fn an_old_root_may_be_deleted_with_calls_in_flight() {
    let vm = Vm::start("{}");
    let old = vm.root();
    vm.stream().whole();
    vm.tick();
    assert!(vm.configure("{}"));
    vm.delete_root(old);
    assert_eq!(vm.open(), Vec::<u32>::new(), "Envoy cancelled them");
    vm.stream().whole();
    assert_eq!(vm.deliver().len(), 2);
}

#[test]
fn streams_keep_the_configuration_they_began_with() {
    let vm = Vm::start("{}");
    let stream = vm.stream();
    stream.request_headers(REQUEST);
    let old = vm.root();
    assert!(vm.configure(r#"{"sampling": {"rate": 0}}"#));
    vm.stream().whole();
    stream.end();
    vm.tick_of(old);
    vm.answer(vm.open()[0], "200");
    vm.expect(&[("streams", 2), ("exported", 1), ("sampled_out", 1), ("export_requests", 1)]);
}
