//! Which bodies are kept, and how much of them.

use http_trace_filter::{
    capture::{Capture, Direction, headers::Headers, options::CaptureConfig},
    config::Config,
};

fn config(json: &str) -> CaptureConfig {
    Config::parse(format!(r#"{{"capture":{json}}}"#).as_bytes()).expect(json).capture
}

fn capture(request_type: Option<&str>) -> Capture {
    let mut capture = Capture::default();
    let mut headers = vec![(":method".to_owned(), b"POST".to_vec())];
    headers.extend(request_type.map(|value| ("content-type".to_owned(), value.as_bytes().to_vec())));
    capture.request_headers(Headers::from(headers));
    capture
}

/// What is kept of the request body when it comes in these chunks; and the flag.
fn kept(capture: &mut Capture, config: &CaptureConfig, chunks: &[usize]) -> (usize, u64) {
    let headers = capture.held();
    for chunk in chunks {
        capture.keep(Direction::Request, *chunk, config, usize::MAX, |wanted| vec![b'x'; wanted]);
    }
    (capture.held() - headers, capture.truncated())
}

#[test]
fn a_long_body_is_cut_or_dropped() {
    assert_eq!(kept(&mut capture(None), &config(r#"{"max_body_bytes":10000}"#), &[6000, 6000, 6000]), (10_000, 1));
    let drop = config(r#"{"max_body_bytes":10000,"oversize_body":"drop"}"#);
    assert_eq!(kept(&mut capture(None), &drop, &[6000, 4000]), (10_000, 0));
    assert_eq!(kept(&mut capture(None), &drop, &[6000, 6000, 6000]), (0, 1));
}

#[test]
fn bodies_are_kept_by_direction() {
    let config = config(r#"{"request_body":false}"#);
    let mut capture = capture(None);
    assert_eq!(kept(&mut capture, &config, &[5]), (0, 0));
    let before = capture.held();
    capture.keep(Direction::Response, 5, &config, usize::MAX, |wanted| vec![b'x'; wanted]);
    assert_eq!(capture.held() - before, 5);
}

#[test]
fn bodies_are_kept_by_content_type() {
    let config = config(r#"{"content_types":["application/json","text/*","Application/*+json"]}"#);
    for (content_type, expected) in [
        (Some("application/json"), 5),
        (Some("Application/JSON; charset=utf-8"), 5),
        (Some("text/plain"), 5),
        (Some("image/png"), 0),
        (Some("application/jsonx"), 0),
        (Some("text"), 0),
        (Some("application/problem+json"), 5),
        (Some("Application/vnd.a.v1+JSON;v=1"), 5),
        (Some("application/+json"), 5),
        (Some("application/problem+jsonx"), 0),
        (Some("application/json+x"), 0),
        (Some("text2/a+json"), 0),
        (Some("model/gltf+json"), 0),
        (None, 0),
    ] {
        assert_eq!(kept(&mut capture(content_type), &config, &[5]), (expected, 0), "{content_type:?}");
    }
}

#[test]
fn headers_count_as_memory() {
    let mut capture = Capture::default();
    capture.request_headers(Headers::from(vec![("x-long".to_owned(), vec![b'x'; 50_000])]));
    assert!((50_000..50_200).contains(&capture.held()), "{}", capture.held());
    capture.response_headers(Headers::from(vec![("x-long".to_owned(), vec![b'x'; 20_000])]));
    assert!((70_000..70_300).contains(&capture.held()), "{}", capture.held());
}

#[test]
fn an_excluded_exchange_holds_nothing() {
    let mut capture = capture(None);
    kept(&mut capture, &config("{}"), &[100]);
    capture.release();
    assert_eq!(capture.held(), 0);
    assert!(!capture.has_request());
}
