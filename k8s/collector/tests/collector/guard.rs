//! Who may send and read, and what browsers are told.

use hyper::Method;
use hyper::header::{AUTHORIZATION, CONTENT_SECURITY_POLICY, HOST};

use crate::program::{Program, command, record, request};

#[tokio::test]
async fn wants_the_token_for_everything_but_the_page() {
    let program = Program::start(&["--token", "sesame"]);
    let paths = [
        (Method::POST, "/publish"),
        (Method::POST, "/api/telemetry"),
        (Method::POST, "/v1/logs"),
        (Method::GET, "/api/hostsToTrace"),
        (Method::GET, "/api/events"),
        (Method::GET, "/api/exchanges/1"),
        (Method::GET, "/api/har"),
        (Method::POST, "/api/har"),
    ];
    for (method, path) in paths {
        for wrong in ["", "Bearer", "Bearer sesam", "Bearer sesame2", "Basic sesame"] {
            let mut request = request(method.clone(), path, "");
            request.headers_mut().insert(AUTHORIZATION, wrong.parse().expect("a value"));
            assert_eq!(program.send(request).await.status(), 401, "{path} {wrong}");
        }
    }
    for path in ["/", "/page/main.js", "/page/style.css", "/healthz"] {
        assert_eq!(program.get(path).await.0, 200, "{path}");
    }
    let mut right = request(Method::POST, "/publish", record("one").to_string());
    right.headers_mut().insert(AUTHORIZATION, "Bearer sesame".parse().expect("a value"));
    assert_eq!(program.send(right).await.status(), 200);
}

#[test]
fn does_not_start_open_to_others() {
    for (arguments, reason) in [
        (&["--listen", "0.0.0.0:0"][..], "--token TOKEN is needed"),
        (&["--listen", "[::]:0"], "--token TOKEN is needed"),
        (&["--token", ""], "the token is empty"),
        (&["--token", "two words"], "the token is empty or has characters"),
    ] {
        let output = command(arguments).output().expect("the program");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && error.contains(reason), "{arguments:?}: {error}");
    }
}

#[tokio::test]
async fn is_not_for_pages_of_other_sites() {
    let program = Program::start(&[]);
    for (host, status) in [("evil.example", 421), ("localhost:80", 200), ("127.0.0.1:80", 200), ("[::1]:80", 200)] {
        let mut read = request(Method::GET, "/api/har", "");
        read.headers_mut().insert(HOST, host.parse().expect("a value"));
        assert_eq!(program.send(read).await.status(), status, "{host}");
    }
    for (site, status) in [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)] {
        let mut send = request(Method::POST, "/publish", record("one").to_string());
        send.headers_mut().insert("sec-fetch-site", site.parse().expect("a value"));
        assert_eq!(program.send(send).await.status(), status, "{site}");
    }
    // The filter's own requests have the authority of its configuration.
    let mut filter = request(Method::POST, "/publish", record("one").to_string());
    filter.headers_mut().insert(HOST, "http-trace-collector".parse().expect("a value"));
    assert_eq!(program.send(filter).await.status(), 200);
}

#[tokio::test]
async fn lets_no_scripts_run_but_its_own() {
    let program = Program::start(&[]);
    for path in ["/", "/page/main.js", "/api/har", "/nowhere"] {
        let answer = program.send(request(Method::GET, path, "")).await;
        let policy = answer.headers()[CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; "), "{path}: {policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("data:"), "{path}: {policy}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    }
}
