//! `http-trace-ctl validate`, as a user calls it.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

fn validate(json: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_http-trace-ctl"))
        .args(["validate", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    child.stdin.take().expect("piped").write_all(json.as_bytes()).expect("it reads");
    child.wait_with_output().expect("it ends")
}

#[test]
fn a_valid_configuration_is_summed_up() {
    let output = validate(r#"{"batch":{"max_records":64}}"#);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    assert!(text.contains("standard input: valid") && text.contains("64 records a request"), "{text}");
}

#[test]
fn each_problem_is_a_line_with_the_path_of_its_field() {
    let output = validate(r#"{"colector":{},"queue":{"max_bytes":-1}}"#);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].contains("queue.max_bytes: got a negative number, takes a whole number from 1024"), "{text}");
    assert!(lines[1].contains("colector: unknown field") && lines[1].contains("did you mean collector?"), "{text}");
}

/// The headers of export requests may be secrets, however they are written; so may the query of their path.
#[test]
fn what_may_be_secret_is_not_shown() {
    for headers in [r#""authorization: hunter2""#, r#"["authorization: hunter2"]"#, r#"{"authorization":["hunter2"]}"#]
    {
        let output = validate(&format!(r#"{{"collector":{{"headers":{headers}}}}}"#));
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{headers}");
        assert!(text.contains("collector.headers: got ") && !text.contains("hunter2"), "{headers}: {text}");
    }
    let output = validate(r#"{"collector":{"path":"/in?token=hunter2"}}"#);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("POST /in to cluster") && !text.contains("hunter2"), "{text}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_http-trace-ctl"))
        .args(["validate", "/no/such/file.json"])
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/no/such/file.json: No such file"), "{output:?}");
}
