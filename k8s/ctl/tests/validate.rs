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
    assert!(text.contains("standard input: valid") && text.contains("records a request: 64,"), "{text}");
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
        assert!(
            text.contains("collector.headers") && text.contains(": got ") && !text.contains("hunter2"),
            "{headers}: {text}"
        );
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

#[test]
fn several_files_are_checked_and_every_problem_is_a_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let files =
        [("good.json", "{}"), ("empty.json", " \n"), ("bad.json", r#"{"format":1,"mesh":2}"#), ("worse.json", "[]")];
    let paths = files.map(|(name, text)| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    });
    let output =
        Command::new(env!("CARGO_BIN_EXE_http-trace-ctl")).arg("validate").args(paths).output().expect("it runs");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(out.lines().count(), 2, "{out}");
    assert!(
        out.contains("good.json: valid: POST") && out.contains("empty.json: valid: empty, so every default: POST"),
        "{out}"
    );
    let lines: Vec<&str> = err.lines().collect();
    assert_eq!(lines.len(), 3, "{err}");
    assert!(lines[..2].iter().all(|line| line.contains("bad.json: ")) && lines[2].contains("worse.json: "), "{err}");
}

#[test]
fn what_people_paste_gets_a_hint() {
    for (text, problem, hint) in [
        ("collector:\n  cluster: x\n", "got \"c\"", "looks like YAML"),
        ("---\n{}", "got \"-\"", "looks like YAML"),
        ("# mine\nformat: publish", "got \"#\"", "looks like YAML"),
        ("// mine\n{}", "got \"/\"", "no comments"),
        ("{\n  # mine\n}", "line 2, column 3: got \"#\"", "no comments"),
        ("{/* mine */}", "got \"/\"", "no comments"),
        ("{'format': 'publish'}", "got \"'\"", "double quotes"),
        ("{\"format\": 'publish'}", "got \"'\"", "double quotes"),
        ("{format: \"publish\"}", "takes a name in double quotes", "names in double quotes"),
        ("{\"mesh\": \"none\",}", "got \"}\"", "no comma after the last"),
        ("{\"redact\": {\"headers\": [\"a\",]}}", "got \"]\"", "no comma after the last"),
        ("\u{feff}{}", "got \"\u{feff}\"", "byte order mark"),
        ("{\0}\0", "got", "UTF-16"),
    ] {
        let output = validate(text);
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        let lines: Vec<&str> = err.lines().collect();
        assert_eq!((output.status.code(), lines.len()), (Some(1), 2), "{text:?}: {err}");
        assert!(lines[0].contains("not JSON") && lines[0].contains(problem), "{text:?}: {err}");
        assert!(lines[1].starts_with("standard input: hint: ") && lines[1].contains(hint), "{text:?}: {err}");
    }
    for text in ["[]", "{\"a\":1}", "{\"mesh\": \"none\""] {
        let err = String::from_utf8_lossy(&validate(text).stderr).into_owned();
        assert!(!err.contains("hint"), "{text}: {err}");
    }
}
