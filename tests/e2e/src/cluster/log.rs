//! The kubelet's side of `kubectl logs POD -c CONTAINER --tail N`.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request, Response};

use super::node::Node;

/// What the containers of a pod of this name have printed, as far as anybody knows.
pub(crate) type Log = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Answers `GET /containerLogs/NAMESPACE/POD/CONTAINER?tailLines=N`; nothing, when this is something else.
pub(crate) fn answer<B>(node: &Node, request: &Request<B>) -> Option<Result<Response<Full<Bytes>>, String>> {
    let parts: Vec<&str> = request.uri().path().split('/').collect();
    let ["", "containerLogs", namespace, pod, _] = parts[..] else { return None };
    if request.method() != Method::GET {
        return Some(Err(format!("logs are got with GET, and not with {}", request.method())));
    }
    let log = node.log(namespace).and_then(|log| log(pod));
    let log = log.ok_or_else(|| format!("nothing says what {namespace}/{pod} has printed"));
    let query = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
    let lines = query.filter(|(name, _)| name == "tailLines").find_map(|(_, value)| value.parse().ok());
    Some(log.map(|log| Response::new(tail(&log, lines.unwrap_or(usize::MAX)).to_owned().into())))
}

/// The last lines.
fn tail(text: &str, lines: usize) -> &str {
    let starts = text.split_inclusive('\n').rev().take(lines).map(str::len).sum::<usize>();
    text.get(text.len() - starts..).unwrap_or(text)
}

#[test]
fn the_tail_is_whole_lines() {
    assert_eq!(tail("a\nb\nc\n", 2), "b\nc\n");
    assert_eq!(tail("a\nb\nc", 2), "b\nc");
    assert_eq!(tail("a\n", 5), "a\n");
    assert_eq!(tail("a\n", 0), "");
}
