//! The load generator wrk, and what it says.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, io};

use fs_err as fs;
use serde_json::Value;

use crate::case::{GZIP, SMALL};

/// How fast requests come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// On each connection the next request follows the answer at once.
    Full,
    /// On each connection a pause follows the answer, so that Envoy is never busy all the time: what it takes to answer
    /// then is latency, not the length of a queue.
    Fixed,
}

/// What one run of wrk says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Load {
    /// Requests answered.
    pub(crate) requests: u64,
    /// Requests answered each second.
    pub(crate) rate: f64,
    /// The median latency in milliseconds.
    pub(crate) p50: f64,
    /// The 99th percentile of latency in milliseconds.
    pub(crate) p99: f64,
    /// Connections refused, reset or timed out.
    pub(crate) errors: u64,
    /// Answers with another status than 2xx or 3xx.
    pub(crate) refused: u64,
}

/// Sends requests for bodies of this size; `directory` takes the script.
///
/// # Errors
/// When wrk cannot be run, or an answer is an error: then something else was measured than what is meant.
pub(crate) fn run(address: SocketAddr, body: usize, pace: Pace, seconds: u32, directory: &Path) -> io::Result<Load> {
    let script = directory.join("wrk.lua");
    fs::write(&script, self::script(body, pace))?;
    let program = env::var_os("WRK").map_or_else(|| "wrk".into(), PathBuf::from);
    let named = |problem: String| {
        io::Error::other(format!("{} (the variable WRK names another): {problem}", program.display()))
    };
    let output = Command::new(&program)
        .args(["--threads", "1", "--connections", &connections(body).to_string(), "--timeout", "20s"])
        .args(["--duration", &format!("{seconds}s"), "--script"])
        .arg(script)
        .arg(format!("http://{address}/{body}/orders?customer=57&token=5f2c9d1e"))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| named(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let load = parse(&text).map_err(|problem| {
        let said = String::from_utf8_lossy(&output.stderr);
        named(format!("{problem} ({}); it said {:?}, {:?}", output.status, text.trim(), said.trim()))
    })?;
    match load {
        Load { refused: 1.., .. } => Err(named(format!("{} of {} answers are errors", load.refused, load.requests))),
        Load { requests: 0, .. } => Err(named(format!("no answer in {seconds} s, {} broken connections", load.errors))),
        _ => Ok(load),
    }
}

/// How many there are: fewer where each request is long.
pub(crate) fn connections(body: usize) -> usize {
    if body > 100_000 { 10 } else { 50 }
}

/// The milliseconds between an answer and the next request at [`Pace::Fixed`], on average: some 1,000 requests a second
/// with small bodies, 20 with large ones.
fn pause(body: usize) -> usize {
    if body > 100_000 { 500 } else { 50 }
}

/// The request that wrk repeats, and what it reports at the end.
fn script(body: usize, pace: Pace) -> String {
    let mut script = r#"
wrk.headers["host"] = "orders.shop"
wrk.headers["user-agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
wrk.headers["accept"] = "application/json"
wrk.headers["accept-language"] = "en-GB,en;q=0.5"
wrk.headers["authorization"] = "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI1NyJ9.c2VjcmV0"
wrk.headers["cookie"] = "session=3f1d8a5e9b; theme=dark"
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('\n{"requests":%d,"duration_us":%d,"p50_us":%.0f,"p99_us":%.0f,"errors":%d,"refused":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.timeout, errors.status))
end
"#
    .to_owned();
    if body == GZIP.0 {
        script += "wrk.headers[\"accept-encoding\"] = \"gzip\"\n";
    } else if body > SMALL {
        script += "wrk.method = \"POST\"\nwrk.headers[\"content-type\"] = \"application/json\"\n";
        script += &format!("wrk.body = '\"' .. string.rep('x', {}) .. '\"'\n", body - 2);
    }
    if pace == Pace::Fixed {
        script += &format!("function delay() return math.random(0, {}) end\n", 2 * pause(body));
    }
    script
}

/// Reads what the script's `done` wrote.
fn parse(output: &str) -> Result<Load, String> {
    let line = output.lines().rev().find(|line| line.starts_with('{')).ok_or("wrk reports nothing")?;
    let report: Value = serde_json::from_str(line).map_err(|error| format!("wrk's report {line}: {error}"))?;
    let number =
        |name: &str| report[name].as_u64().ok_or_else(|| format!("wrk's report {line} has no number {name:?}"));
    let (requests, duration) = (number("requests")?, number("duration_us")?);
    Ok(Load {
        requests,
        rate: requests as f64 * 1e6 / duration.max(1) as f64,
        p50: number("p50_us")? as f64 / 1e3,
        p99: number("p99_us")? as f64 / 1e3,
        errors: number("errors")?,
        refused: number("refused")?,
    })
}

#[cfg(test)]
mod tests {
    use super::{Load, Pace, parse, script};

    const OUTPUT: &str = r#"Running 2s test @ http://127.0.0.1:1/2048/orders
  1 threads and 50 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     9.21ms    2.11ms  31.20ms   80.00%
    Req/Sec     5.43k   301.00     5.90k    70.00%
  10860 requests in 2.00s, 24.10MB read
Requests/sec:   5430.00
Transfer/sec:     12.05MB

{"requests":10860,"duration_us":2000000,"p50_us":9100,"p99_us":21050,"errors":3,"refused":0}
"#;

    #[test]
    fn reads_what_the_script_reports() {
        let load = Load { requests: 10860, rate: 5430.0, p50: 9.1, p99: 21.05, errors: 3, refused: 0 };
        assert_eq!(parse(OUTPUT), Ok(load));
    }

    #[test]
    fn names_what_is_missing() {
        assert_eq!(
            parse("unable to connect to 127.0.0.1:1 Connection refused\n"),
            Err("wrk reports nothing".to_owned())
        );
        let cut = OUTPUT.replace("\"p99_us\":21050,", "");
        assert!(parse(&cut).unwrap_err().ends_with("has no number \"p99_us\""));
        let broken = OUTPUT.replace("}", "");
        assert!(parse(&broken).unwrap_err().starts_with("wrk's report {"));
    }

    #[test]
    fn small_bodies_are_got_and_others_posted() {
        assert!(!script(2048, Pace::Full).contains("wrk.body"));
        assert!(script(16384, Pace::Full).contains("string.rep('x', 16382)"));
    }

    #[test]
    fn only_a_fixed_pace_pauses() {
        assert!(!script(2048, Pace::Full).contains("delay"));
        assert!(script(2048, Pace::Fixed).contains("function delay() return math.random(0, 100) end"));
    }
}
