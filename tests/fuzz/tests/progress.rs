//! What libFuzzer printed in a real run is read rightly.

use http_trace_fuzz::progress::Progress;
use std::path::PathBuf;

const RUN: &str = "\
INFO: Running with entropic power schedule (0xFF, 100).
INFO: seed corpus: files: 5 min: 1b max: 940b total: 1393b rss: 28Mb
#7\tINITED cov: 812 ft: 930 corp: 5/1393b exec/s: 0 rss: 29Mb
#8\tNEW    cov: 815 ft: 940 corp: 6/1400b lim: 940 exec/s: 0 rss: 29Mb L: 7/940 MS: 1 EraseBytes-
#64\tpulse  cov: 815 ft: 940 corp: 6/1400b lim: 940 exec/s: 0 rss: 29Mb
";
const CRASH: &str = "\
thread '<unnamed>' panicked at tests/fuzz/src/config.rs:82:9:
\"a\\nb\" is more than a line
==19159== ERROR: libFuzzer: deadly signal
SUMMARY: libFuzzer: deadly signal
MS: 2 InsertByte-CrossOver-; base unit: bfbbc5d0395848d2a8c4c1ca9d22b841595af2a0
artifact_prefix='/tmp/fuzz-config-'; Test unit written to /tmp/fuzz-config-crash-dc74
stat::number_of_executed_units: 77
";

#[test]
fn coverage_is_new_where_the_kept_inputs_did_not_reach() {
    let mut progress = Progress::default();
    let status = RUN.lines().filter(|line| progress.read(line)).count();
    assert_eq!((status, progress.executions), (3, 64));
    assert_eq!((progress.coverage, progress.new_coverage), (815, 3));
    assert_eq!((progress.findings.len(), progress.said.len()), (0, 0));
}

#[test]
fn a_finding_has_its_input_and_its_reason() {
    let mut progress = Progress::default();
    RUN.lines().chain(CRASH.lines()).for_each(|line| _ = progress.read(line));
    assert_eq!(progress.findings, [PathBuf::from("/tmp/fuzz-config-crash-dc74")]);
    assert_eq!(progress.executions, 77);
    assert!(progress.said.join("\n").contains("\"a\\nb\" is more than a line"), "{:?}", progress.said);
}
