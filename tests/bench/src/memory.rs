//! Whether a worker's memory grows with the number of requests.

use std::io;

use crate::bench::Bench;
use crate::case::Case;
use crate::measure::megabytes;
use crate::subject::Subject;
use crate::wrk::{self, Pace};

/// Sends `requests` through the case's Envoy; says what it holds after a tenth of them, and after all.
pub(crate) fn run(bench: &Bench, case: &Case, requests: u64) -> io::Result<String> {
    let named = |error: io::Error| io::Error::other(format!("{}: {error}", case.name));
    let subject = Subject::start(case, &bench.other, bench.pinning).map_err(named)?;
    let mut sent = 0;
    let mut until = |limit: u64| {
        while sent < limit {
            bench.go_on()?;
            // Short at first: the rate is not known, and a tenth should not become a half.
            let seconds = if sent * 3 < limit { 1 } else { bench.seconds };
            let load = wrk::run(subject.address, case.body, Pace::Full, seconds, subject.process.directory());
            sent += load.map_err(|error| subject.process.failed(&error.to_string()))?.requests;
            eprintln!("{}: {sent} of {requests} requests, {:.1} MB", case.name, megabytes(subject.process.resident()?));
        }
        bench.other.settle()?;
        io::Result::Ok((sent, subject.process.resident()?))
    };
    let (early, before) = until(requests / 10).map_err(named)?;
    let (late, after) = until(requests).map_err(named)?;
    Ok(format!(
        "{}: {:.1} MB after {early} requests, {:.1} MB after {late}: {}",
        case.name,
        megabytes(before),
        megabytes(after),
        change(before, after)
    ))
}

/// The change in percent, with its sign.
fn change(before: u64, after: u64) -> String {
    format!("{:+.1} %", (after as f64 / before.max(1) as f64 - 1.0) * 100.0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn change_has_a_sign() {
        assert_eq!(super::change(200, 210), "+5.0 %");
        assert_eq!(super::change(200, 190), "-5.0 %");
        assert_eq!(super::change(0, 0), "-100.0 %");
    }
}
