//! One target under libFuzzer, whose options are its own: `HTTP_TRACE_FUZZ_TARGET=config http-trace-fuzz-target -help=1`.
//! `http-trace-fuzz` runs it.
#![no_main]

use http_trace_fuzz::Target;
use std::sync::OnceLock;

static TARGET: OnceLock<Target> = OnceLock::new();

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let target = TARGET.get_or_init(|| {
        let name = std::env::var("HTTP_TRACE_FUZZ_TARGET").unwrap_or_default();
        Target::named(&name).unwrap_or_else(|error| panic!("HTTP_TRACE_FUZZ_TARGET: {error}"))
    });
    target.run(input);
});
