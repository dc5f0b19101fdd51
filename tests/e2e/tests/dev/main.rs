//! What `http-trace-e2e dev` promises to who works on the filter.
//!
//! `ENVOY` names the Envoy (default: from `$PATH`), `HTTP_TRACE_FILTER_WASM` the filter, `HTTP_TRACE_E2E` the program
//! (default: the one that cargo built with this test).

mod program;

use std::ffi::OsStr;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, thread};

use http_trace_e2e::envoy;
use http_trace_e2e::wait::DEADLINE;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use program::{Program, get};

const NAME: &[u8] = b"http-trace-filter";
const OTHER: &[u8] = b"HTTP-TRACE-FILTER";

fn built() -> Vec<u8> {
    let path = envoy::wasm().unwrap_or_else(|error| panic!("{error}"));
    fs::read(path).expect("the filter")
}

/// Another build: it says its own name otherwise.
fn another() -> Vec<u8> {
    let mut wasm = built();
    let at: Vec<usize> = (0..wasm.len()).filter(|at| wasm[*at..].starts_with(NAME)).collect();
    assert!(!at.is_empty(), "the filter does not know its name");
    for at in at {
        wasm[at..at + NAME.len()].copy_from_slice(OTHER);
    }
    wasm
}

fn hash(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// As compilers do: under another name first, or half by half.
fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("a file");
}

/// A request is answered, and its record printed.
fn is_recorded(program: &mut Program, at: std::net::SocketAddr, path: &str) {
    assert_eq!(get(at, path), "200");
    program.prints(&format!("GET {path} HTTP/1.1 → 200"));
}

fn file(directory: &TempDir, name: &str) -> PathBuf {
    directory.path().join(name)
}

#[test]
fn loads_a_new_build_and_not_a_broken_one() {
    let directory = TempDir::new().expect("a directory");
    let wasm = file(&directory, "filter.wasm");
    write(&wasm, &built());
    let mut program = Program::start(directory.path(), [OsStr::new("--wasm"), wasm.as_ref()]);
    assert!(program.prints("Starting Envoy").ends_with(&hash(&built())));
    let at = program.address();
    program.prints("filter info: http-trace-filter ");
    is_recorded(&mut program, at, "/catalogue?first");

    write(&wasm, &another());
    let loaded = program.prints("Loaded ");
    assert!(loaded.ends_with(&format!(" bytes, sha256 {}", hash(&another()))), "{loaded}");
    program.prints("filter info: HTTP-TRACE-FILTER ");
    is_recorded(&mut program, at, "/catalogue?second");

    write(&wasm, &built()[..1000]);
    let refused = program.prints("Envoy refuses ");
    assert!(refused.contains("filter.wasm, 1,000 bytes, ") && refused.contains("the one before stays"), "{refused}");
    program.prints("Envoy  error: Wasm VM failed Failed to parse corrupted Wasm module");
    is_recorded(&mut program, at, "/catalogue?third");

    write(&wasm, &built());
    program.prints("Loaded ");
    program.prints("filter info: http-trace-filter ");
    is_recorded(&mut program, at, "/catalogue?fourth");
}

#[test]
fn loads_a_new_configuration_and_not_a_wrong_one() {
    let directory = TempDir::new().expect("a directory");
    let (wasm, config) = (file(&directory, "filter.wasm"), file(&directory, "config.json"));
    write(&wasm, &built());
    write(&config, b"{}");
    let arguments = [OsStr::new("--wasm"), wasm.as_ref(), OsStr::new("--config"), config.as_ref()];
    let mut program = Program::start(directory.path(), arguments);
    let at = program.address();
    is_recorded(&mut program, at, "/catalogue?first");

    write(&config, br#"{"formt": "apiclarity"}"#);
    program.prints("the one before stays");
    program.prints("filter error: http-trace-filter");
    is_recorded(&mut program, at, "/catalogue?second");

    // A build that is broken as well does not stand in the way of the next configuration.
    write(&wasm, b"no wasm");
    program.prints("the one before stays");
    write(&config, br#"{"format": "apiclarity"}"#);
    program.prints("Loaded ");
    program.prints("POST /api/telemetry");
    assert_eq!(get(at, "/catalogue?third"), "200");
    program.prints(r#""path": "/catalogue?third""#);

    write(&config, br#"{"format":    "apiclarity"}"#);
    program.prints("Loaded ");
}

/// Envoy has nothing to fall back to then.
#[test]
fn begins_with_a_broken_build() {
    let directory = TempDir::new().expect("a directory");
    let (wasm, config) = (file(&directory, "filter.wasm"), file(&directory, "config.json"));
    write(&wasm, b"no wasm");
    write(&config, b"no JSON");
    let arguments = [OsStr::new("--wasm"), wasm.as_ref(), OsStr::new("--config"), config.as_ref()];
    let mut program = Program::start(directory.path(), arguments);
    program.prints("Envoy refuses it");
    let at = program.address();
    assert_eq!(get(at, "/catalogue?first"), "500");
    write(&wasm, &built());
    program.prints("filter error: http-trace-filter");
    write(&config, b"{}");
    program.prints("Loaded ");
    is_recorded(&mut program, at, "/catalogue?second");
}

/// In a checkout, without any argument.
#[test]
fn waits_for_the_first_build_and_takes_the_latest() {
    let directory = TempDir::new().expect("a directory");
    let profile = |name: &str| directory.path().join("target/wasm32-unknown-unknown").join(name);
    for name in ["release", "debug"] {
        fs::create_dir_all(profile(name)).expect("a directory");
    }
    let mut program = Program::start(directory.path(), [""; 0]);
    program.prints("There is no filter yet");
    program.prints("cargo build --lib --target wasm32-unknown-unknown");
    write(&profile("release").join("http_trace_filter.wasm"), &built());
    let at = program.address();
    program.prints("filter info: http-trace-filter ");
    is_recorded(&mut program, at, "/catalogue?first");
    write(&profile("debug").join("http_trace_filter.wasm"), &another());
    program.prints("filter info: HTTP-TRACE-FILTER ");
    is_recorded(&mut program, at, "/catalogue?second");
}

#[test]
fn ends_and_envoy_with_it() {
    let directory = TempDir::new().expect("a directory");
    let wasm = file(&directory, "filter.wasm");
    write(&wasm, &built());
    let mut program = Program::start(directory.path(), [OsStr::new("--wasm"), wasm.as_ref()]);
    let at = program.address();
    assert_eq!(get(at, "/catalogue"), "200");
    let status = program.interrupt();
    assert!(status.success(), "{status}");
    let deadline = Instant::now() + DEADLINE;
    while TcpStream::connect(at).is_ok() {
        assert!(Instant::now() < deadline, "Envoy still listens");
        thread::sleep(Duration::from_millis(10));
    }
}
