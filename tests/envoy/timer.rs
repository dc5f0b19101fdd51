//! The worker's timer: set when something waits, seldom set again, off when nothing does.

// It is private to the filter, and needs nothing of it.
#[path = "../../src/envoy/timer.rs"]
#[expect(clippy::module_inception, reason = "the module under test, in the test of its name")]
mod timer;

use std::time::Duration;
use timer::Timer;

const NOW: Duration = Duration::from_secs(1_000);

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

#[test]
fn the_timer_is_set_when_something_waits_and_off_when_nothing_does() {
    let timer = Timer::new(NOW);
    assert_eq!(timer.set(NOW, None), None, "it is off already");
    assert_eq!(timer.set(NOW, Some(ms(40))), Some(ms(40)));
    assert_eq!(timer.set(NOW, None), Some(Duration::ZERO), "nothing waits any more");
}

#[test]
fn periods_are_whole_milliseconds_rounded_up_and_at_least_one() {
    for (wake, period) in [(0, 1_000_000), (1, 1_000_000), (1_000_000, 1_000_000), (1_000_001, 2_000_000)] {
        let set = Timer::new(NOW).set(NOW, Some(Duration::from_nanos(wake)));
        assert_eq!(set, Some(Duration::from_nanos(period)), "{wake} ns");
    }
    let longest = Timer::new(NOW).set(NOW, Some(Duration::MAX)).expect("a period");
    assert_eq!(longest, Duration::from_millis(u64::MAX), "without overflow");
}

#[test]
fn a_timer_that_goes_off_soon_enough_is_not_set_again() {
    let timer = Timer::new(NOW);
    timer.set(NOW, Some(ms(40)));
    assert_eq!(timer.set(NOW + ms(10), Some(ms(40))), None, "it goes off in 30 ms");
    assert_eq!(timer.set(NOW + ms(10), Some(ms(30))), None, "exactly then");
    assert_eq!(timer.set(NOW + ms(10), Some(ms(29))), Some(ms(29)), "sooner");
    assert_eq!(timer.set(NOW + ms(10), Some(ms(500))), None, "it goes off, and then is set anew");
}

#[test]
fn a_timer_that_went_off_is_set_anew() {
    let timer = Timer::new(NOW);
    timer.set(NOW, Some(ms(40)));
    timer.fired();
    assert_eq!(timer.set(NOW + ms(40), Some(ms(40))), None, "Envoy repeats the same period");
    timer.fired();
    assert_eq!(timer.set(NOW + ms(80), Some(ms(500))), Some(ms(500)));
}

/// A worker that was busy is late: the tick has not come though it is due.
#[test]
fn a_timer_that_is_overdue_is_counted_from_now() {
    let timer = Timer::new(NOW);
    timer.set(NOW, Some(ms(40)));
    assert_eq!(timer.set(NOW + ms(100), Some(ms(40))), None, "the same period");
    assert_eq!(timer.set(NOW + ms(101), Some(ms(39))), None, "it is expected 40 ms after that");
    assert_eq!(timer.set(NOW + ms(101), Some(ms(38))), Some(ms(38)));
}

#[test]
fn the_clock_is_looked_at_unless_the_timer_runs_every_millisecond() {
    let timer = Timer::new(NOW);
    assert_eq!(timer.time(), None, "it is off");
    timer.set(NOW, Some(ms(2)));
    assert!(timer.time().is_none() && !timer.is_shortest());
    timer.looked(NOW + ms(1));
    timer.set(NOW, Some(Duration::ZERO));
    assert!(timer.is_shortest());
    assert_eq!(timer.time(), Some(NOW + ms(1)), "when the clock was last looked at");
}

#[test]
fn numbers_that_wait_are_published_within_50_ms() {
    let timer = Timer::new(NOW);
    timer.publish_later();
    assert_eq!(timer.set(NOW, None), Some(ms(50)));
    assert_eq!(timer.set(NOW, Some(ms(7))), Some(ms(7)), "records go first");
    timer.published();
    assert_eq!(timer.set(NOW, None), Some(Duration::ZERO));
}

#[test]
fn a_timer_set_to_publish_needs_no_time_and_is_not_set_twice() {
    let timer = Timer::new(NOW);
    assert_eq!(timer.set_to_publish(), Some(ms(50)));
    assert_eq!(timer.set_to_publish(), None);
    assert_eq!(timer.set(NOW, Some(ms(10))), Some(ms(10)), "when it goes off was not known");
    assert_eq!(timer.set_to_publish(), None, "soon enough");
    timer.set(NOW, Some(ms(9)));
    let late = Timer::new(NOW);
    late.set(NOW, Some(ms(60_000)));
    assert_eq!(late.set_to_publish(), Some(ms(50)), "too late for numbers");
}

#[test]
fn a_clock_that_goes_back_does_not_turn_back_the_time() {
    let timer = Timer::new(NOW);
    assert_eq!((timer.looked(NOW + ms(5)), timer.clock(NOW + ms(5))), (NOW + ms(5), NOW + ms(5)));
    let back = NOW - ms(60_000);
    assert_eq!((timer.looked(back), timer.clock(NOW + ms(5))), (NOW + ms(5), back));
    assert_eq!(timer.looked(back + ms(1)), NOW + ms(6), "it goes on from there");
    assert_eq!(timer.clock(NOW + ms(6)), back + ms(1));
    // Forward, and back once more.
    assert_eq!(timer.looked(NOW + ms(60_000)), NOW + ms(120_005));
    assert_eq!(timer.looked(NOW), NOW + ms(120_005));
    assert_eq!(timer.clock(NOW + ms(120_005)), NOW);
}
