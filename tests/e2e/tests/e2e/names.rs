//! Names of headers and trailers that are not UTF-8. No client or upstream can send one past Envoy's codecs, but a filter beside this
//! one can make it.

use bytes::Bytes;
use http_trace_e2e::bootstrap::{behind, in_front, lua};
use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::{H1, H2, H3};
use http_trace_e2e::http3;
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::stage::Stage;
use http_trace_e2e::wait;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::hostile::frames::{END_HEADERS, END_STREAM, PREFACE, frame, kind};

/// Adds a header `x-NAME: VALUE` for each parameter of the query, and for each of the header or trailer `x-names`.
const CODE: &str = r#"
function add(fields, list)
  for name, value in (list or ""):gmatch("([^&=]+)=([^&]*)") do
    fields:add("x-" .. name:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end), value)
  end
end
function both(handle)
  add(handle:headers(), handle:headers():get("x-names"))
  local trailers = handle:trailers()
  if trailers then add(trailers, trailers:get("x-names")) end
end
function envoy_on_request(handle)
  add(handle:headers(), handle:headers():get(":path"):match("%?(.*)"))
  both(handle)
end
function envoy_on_response(handle) both(handle) end
"#;

/// The filter with Lua on both sides of it: it sees what the one made of a request, and what the other made of a response.
async fn start() -> Stage {
    let change = |bootstrap: &mut Value| {
        in_front(bootstrap, &lua(&format!("{CODE} envoy_on_response = nil")));
        behind(bootstrap, &lua(&format!("{CODE} envoy_on_request = nil")));
        http3::listen(bootstrap);
    };
    Stage::serving(None, |_| Reply::echo(), |given| change(&mut given.bootstrap)).await
}

/// Each name, percent-encoded and as bytes.
const NAMES: [(&str, &[u8]); 5] = [
    ("caf%e9", b"caf\xe9"),
    ("a%ff%feb", b"a\xff\xfeb"),
    ("caf%c3%a9", b"caf\xc3\xa9"),
    ("cut%e2%82", b"cut\xe2\x82"),
    ("%80", b"\x80"),
];

/// Sends the request without the filter and with it, and looks for the name in its record. Codecs take no such name: Envoy answers 503 in
/// the upstream's place, and a client of HTTP/2 or HTTP/3 resets the stream.
async fn is_in(stage: &Stage, part: [&str; 2], made: &[u8], mut case: Case) {
    case.request.id = stage.id();
    let mut answers = Vec::new();
    for to in [stage.envoy.plain_by(case.protocol), stage.envoy.filtered_by(case.protocol)] {
        let exchange = stage.exchange(&case, to).await;
        answers.push(exchange.map_or_else(|error| error.to_string(), |exchange| exchange.answer.status().to_string()));
    }
    assert_eq!(answers[0], answers[1], "{}: without the filter (left) and with it", case.name);
    let id = &case.request.id;
    let post = wait::until("the record", || stage.collector.record("request_id", id)).await;
    let record = post.json().expect("JSON");
    let (list, field) = (&record[part[0]][part[1]], json!([String::from_utf8_lossy(made), "1"]));
    assert!(list.as_array().is_some_and(|list| list.contains(&field)), "{}: {field} is not in {list}", case.name);
    stage.check(Case::new("a later stream", case.protocol, Request::post("/later", "x"), Reply::echo())).await;
}

#[tokio::test]
async fn are_carried() {
    let stage = start().await;
    for protocol in [H1, H2, H3] {
        for (name, bytes) in NAMES {
            let (made, list) = ([b"x-", bytes].concat(), format!("{name}=1"));
            let body = [Bytes::from("some")];
            let case = |request, reply| Case::new(format!("{name} {protocol:?}"), protocol, request, reply);
            let query = case(Request::get(&format!("/x?{list}")), Reply::ok(""));
            is_in(&stage, ["scnt_request", "headers"], &made, query).await;
            let trailer = case(Request::post_chunks("/x", &body).trailer("x-names", &list), Reply::ok(""));
            is_in(&stage, ["scnt_request", "trailers"], &made, trailer).await;
            let header = case(Request::get("/x"), Reply::ok("").header("x-names", &list));
            is_in(&stage, ["scnt_response", "headers"], &made, header).await;
            let trailer = case(Request::get("/x"), Reply::chunks(&body).trailer("x-names", &list));
            is_in(&stage, ["scnt_response", "trailers"], &made, trailer).await;
        }
    }
    stage.finish().await;
}

/// As a browser would not send it: the byte itself, which Envoy lets through over HTTP/2 only.
#[tokio::test]
async fn in_a_query_of_http_2() {
    let stage = start().await;
    let id = stage.id();
    let text = |text: &[u8]| [&[u8::try_from(text.len()).expect("a short text")], text].concat();
    let field = |name: &str, value: &[u8]| [vec![0], text(name.as_bytes()), text(value)].concat();
    let head = [
        field(":method", b"GET"),
        field(":scheme", b"http"),
        field(":authority", b"shop.test"),
        field(":path", b"/x?caf\xe9=1"),
        field("x-request-id", id.as_bytes()),
    ];
    let open = frame(kind::HEADERS, END_STREAM | END_HEADERS, 1, &head.concat());
    let mut stream = TcpStream::connect(stage.envoy.filtered()).await.expect("a connection");
    let bytes = [PREFACE, &frame(kind::SETTINGS, 0, 0, &[]), &open].concat();
    stream.write_all(&bytes).await.expect("to send");
    let post = wait::until("the record", || stage.collector.record("request_id", &id)).await;
    let record = post.json().expect("JSON");
    assert_eq!(record["scnt_request"]["path"], "/x?caf\u{fffd}=1");
    let made = json!(["x-caf\u{fffd}", "1"]);
    assert!(record["scnt_request"]["headers"].as_array().is_some_and(|list| list.contains(&made)), "{record}");
    drop(stream);
    stage.check(Case::new("a later stream", H2, Request::post("/later", "x"), Reply::echo())).await;
    stage.finish().await;
}
