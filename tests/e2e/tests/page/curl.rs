//! What is copied as curl: a real shell takes it for what it should be, whatever is in the request.

use std::env;
use std::io::Write as _;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fs_err as fs;
use serde_json::{Value, json};

use crate::browser::{Browser, Look};
use crate::program::Program;
use crate::random::Random;

/// The arguments that a shell gives to curl, and what it gives to its standard input if curl is told to read that.
fn run(command: &str) -> (Vec<String>, Option<Vec<u8>>) {
    let directory = tempfile::tempdir().expect("a directory");
    let curl = "curl() { for last; do :; done; printf '%s\\0' \"$@\"; if [ \"$last\" = @- ]; then cat; fi; }\n";
    let mut shell = Command::new("sh");
    shell.current_dir(directory.path()).env("HOME", "/nowhere").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut shell = shell.stderr(Stdio::piped()).spawn().expect("sh");
    // As what is pasted: a command line can be longer than an argument.
    shell.stdin.take().expect("a pipe").write_all(format!("{curl}{command}\n").as_bytes()).expect("written");
    let output = shell.wait_with_output().expect("sh");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && error.is_empty(), "{error}\n{command}");
    assert_eq!(fs::read_dir(directory.path()).expect("the directory").count(), 0, "something ran: {command}");
    let split = output.stdout.windows(4).position(|bytes| bytes == b"\0@-\0").map(|at| at + 4);
    let (arguments, body) = output.stdout.split_at(split.unwrap_or(output.stdout.len()));
    let arguments = String::from_utf8(arguments.to_vec()).expect("text");
    let arguments = arguments.trim_end_matches('\0').split('\0').map(str::to_owned).collect();
    (arguments, split.map(|_| body.to_vec()))
}

async fn commands(exchanges: &[Value]) -> Vec<String> {
    let program = Program::start(&[]);
    let browser = Browser::start(Look::default()).await;
    browser.goto(&format!("http://{}/", program.address)).await;
    let script =
        "const [exchanges, done] = arguments; import('/page/curl.js').then(made => done(exchanges.map(made.curl)))";
    let commands = browser.callback(script, vec![json!(exchanges)]).await;
    browser.end().await;
    serde_json::from_value(commands).expect("texts")
}

fn exchange(method: &str, headers: &Value, body: &[u8]) -> Value {
    json!({"method": method, "path": "/", "url": "http://shop/", "request": {"headers": headers, "body": STANDARD.encode(body), "uncoded": true}})
}

/// Headers that curl would add by itself, and is told not to.
const NONE_ADDED: [&str; 4] = ["--header", "accept:", "--header", "user-agent:"];

#[tokio::test]
async fn says_what_the_request_was() {
    let mut hostile = exchange(
        "POST",
        &json!([
            ["host", "shop"],
            ["x-note", "it's $HOME"],
            ["x-empty", ""],
            ["@file", "no name"],
            ["x-bell", "\u{7}"],
            ["Accept", "*/*"],
            ["content-encoding", "gzip"],
            ["content-type", "text/plain"],
            ["user-agent", "a"],
            ["expect", "100-continue"]
        ]),
        b"@a'b\nc",
    );
    hostile["url"] = json!("http://shop/'; touch ran #$(id)`id`");
    let mut options = exchange("OPTIONS", &json!([]), b"");
    options["path"] = json!("*");
    let head = exchange("HEAD", &json!([["content-type", "a"]]), b"ignored");
    let exchanges = [hostile, options, head, exchange("<b>", &json!([]), b"")];
    let commands = commands(&exchanges).await;
    let ran: Vec<_> = commands.iter().map(|command| run(command)).collect();
    let expected = [
        &[
            "--request",
            "POST",
            "http://shop/'; touch ran #$(id)`id`",
            "--header",
            "x-note: it's $HOME",
            "--header",
            "x-empty;",
            "--header",
            "Accept: */*",
            "--header",
            "content-type: text/plain",
            "--header",
            "user-agent: a",
            "--header",
            "expect: 100-continue",
            "--data-raw",
            "@a'b\nc",
        ][..],
        &["--request", "OPTIONS", "--request-target", "*", "http://shop/"],
        &["--head", "http://shop/", "--header", "content-type: a"],
        &["--request", "GET", "http://shop/"],
    ];
    for (at, (expected, (arguments, body))) in expected.into_iter().zip(ran).enumerate() {
        let mut all = [&["--globoff", "--path-as-is"], expected].concat();
        if at > 0 {
            all.extend(NONE_ADDED);
        }
        assert_eq!((arguments, body), (all.into_iter().map(str::to_owned).collect(), None), "{}", commands[at]);
    }
}

/// Bodies of any bytes and any length arrive; nothing in a header or a body is a command.
#[tokio::test]
async fn is_safe_and_whole_whatever_there_is() {
    let seed = env::var("PAGE_SEED").map_or(21, |seed| seed.parse().expect("PAGE_SEED is no number"));
    let mut random = Random::new(seed);
    let mut bodies: Vec<Vec<u8>> = (0..=255).map(|byte| vec![b'a', byte, b'\n']).collect();
    bodies.extend([
        (0..=255).collect(),
        b"@/etc/passwd".to_vec(),
        b"-d x".to_vec(),
        b"x\n\n".to_vec(),
        b"'".repeat(1000),
    ]);
    bodies.extend([b"x".repeat(300_000), "é'".repeat(60_000).into_bytes()]);
    bodies.extend((0..150).map(|_| random.body()));
    let exchanges: Vec<Value> = bodies
        .iter()
        .map(|body| {
            let headers: Vec<[String; 2]> = (0..random.below(4)).map(|at| [format!("x-{at}"), random.text()]).collect();
            exchange("PUT", &json!(headers), body)
        })
        .collect();
    let commands = commands(&exchanges).await;
    for ((body, exchange), command) in bodies.iter().zip(&exchanges).zip(&commands) {
        let (arguments, input) = run(command);
        let sent = match arguments.iter().position(|argument| argument == "--data-raw") {
            Some(at) => arguments[at + 1..].join("?").into_bytes(),
            None => input.unwrap_or_default(),
        };
        assert!(sent == *body, "seed {seed}: {} bytes of {}: {command:.300}", sent.len(), body.len());
        let steers = |c: char| {
            c.is_control() || "\u{200e}\u{200f}\u{2028}\u{2029}".contains(c) || ('\u{202a}'..='\u{202e}').contains(&c)
        };
        assert!(!command.replace('\n', "").contains(steers), "seed {seed}: {command:.300}");
        for header in exchange["request"]["headers"].as_array().expect("headers") {
            let (name, value) = (header[0].as_str().expect("text"), header[1].as_str().expect("text"));
            let is_there = arguments.iter().any(|argument| *argument == format!("{name}: {value}"));
            assert_eq!(is_there, !value.contains(steers), "seed {seed}: {name}: {value:?}: {command:.300}");
        }
    }
}
