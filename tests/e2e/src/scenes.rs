//! The traffic of the demo: a small shop, and what its clients ask for.

use bytes::Bytes;
use http_trace_e2e::case::{Abort, Case};
use http_trace_e2e::client::Protocol::{H1, H2};
use http_trace_e2e::message::Message;
use http_trace_e2e::reply::{Finish, Reply};
use http_trace_e2e::request::Request;

const LARGE: usize = 2_500_000;

/// The shop's answers.
pub(crate) fn shop(request: &Message) -> Reply {
    let start = String::from_utf8_lossy(&request.start).into_owned();
    let mut words = start.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = target.split_once("//").map_or(target, |(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]));
    match (method, path.split('?').next().unwrap_or_default()) {
        (_, "/catalogue") => json(200, r#"[{"id":1,"name":"Blue socks","price":"7.50"}]"#),
        ("POST", "/orders") => json(201, r#"{"order":42,"status":"accepted"}"#).header("location", "/orders/42"),
        (_, "/pictures/large") => {
            let bytes: Bytes = (0..LARGE).map(|at| (at * 7 + at / 251) as u8).collect();
            let chunks: Vec<Bytes> = (0..LARGE).step_by(100_000).map(|at| bytes.slice(at..at + 100_000)).collect();
            Reply::chunks(&chunks).header("content-type", "image/raw")
        }
        (_, "/stalls") => {
            Reply::ok("x".repeat(5000)).header("content-type", "text/plain").finish(Finish::HangAfter(16))
        }
        (_, "/never-answers") => Reply::status(200).finish(Finish::HangUnanswered),
        (_, "/h2/shop.Orders/Get") => Reply::chunks(&[Bytes::from_static(&[0, 0, 0, 0, 2, 8, 42])])
            .header("content-type", "application/grpc")
            .trailer("grpc-status", "0")
            .trailer("grpc-message", ""),
        _ => json(404, r#"{"error":"no such page"}"#),
    }
}

fn json(status: u16, body: &'static str) -> Reply {
    Reply::status(status).header("content-type", "application/json").with_body(body)
}

/// The demo's requests, in order.
pub(crate) fn scenes() -> Vec<Case> {
    let get = |target: &str| Request::get(target).header("user-agent", "demo/1.0");
    let order = Request::post("/orders?coupon=\"ten%25\"", r#"{"items":[{"id":1,"count":2}],"note":"a \"gift\""}"#)
        .header("user-agent", "demo/1.0")
        .header("content-type", "application/json")
        .header("authorization", "Bearer s3cret")
        .header("x-note", b"caf\xe9 \\ 7\"");
    let grpc = Request::post_chunks("/h2/shop.Orders/Get", &[Bytes::from_static(&[0, 0, 0, 0, 2, 8, 42])])
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    let large = get("/pictures/large");
    let stalls = get("/stalls");
    let scene = |name: &str, protocol, request: Request| {
        let seen = Message { start: [request.method.as_bytes(), b" ", &request.target].concat(), ..Message::default() };
        let reply = shop(&seen);
        Case::new(name, protocol, request, reply)
    };
    vec![
        scene("A page", H1, get("/catalogue?color=blue").header("accept", "application/json")),
        scene("An order, with bytes that are hard to put into JSON", H1, order),
        scene("A page that does not exist, over HTTP/2", H2, get("/nothing/here")),
        scene("A large download: the record keeps the first 1,000,000 bytes", H1, large),
        scene("A call as gRPC makes it, with trailers", H2, grpc),
        scene("A download that the client aborts", H1, stalls).abort(Abort::ClientHas(16)),
        scene("A client that gives up waiting", H1, get("/never-answers")).abort(Abort::UpstreamHas(0)),
        scene("A service that is down: Envoy itself answers", H1, get("/refused")),
    ]
}
