//! Names of headers and trailers that are not UTF-8. No client or upstream can send one past Envoy's codecs, but a filter beside this
//! one can make it.

use bytes::Bytes;
use http_trace_e2e::bootstrap::{behind, in_front, lua};
use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::{self, H1, H2};
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::stage::Stage;
use http_trace_e2e::wait;
use serde_json::json;
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
    let change = |bootstrap: &mut _| {
        in_front(bootstrap, &lua(&format!("{CODE} envoy_on_response = nil")));
        behind(bootstrap, &lua(&format!("{CODE} envoy_on_request = nil")));
    };
    Stage::serving(None, |_| Reply::echo(), |given| change(&mut given.bootstrap)).await
}

/// An exchange like any other: the VM lives.
async fn goes_on(stage: &Stage) {
    for protocol in [H1, H2] {
        stage.check(Case::new("a later stream", protocol, Request::post("/later", "x"), Reply::echo())).await;
    }
}

async fn in_requests_and_responses(protocol: Protocol, name: &str, bytes: &[u8]) {
    let stage = start().await;
    let made = [b"x-", bytes].concat();
    let list = format!("{name}=1");
    let request = Request::post_chunks(&format!("/x?{list}"), &[Bytes::from("in")]).trailer("x-names", &list);
    // A client of HTTP/2 takes no such name.
    let mut reply = Reply::chunks(&[Bytes::from("out")]);
    if protocol == H1 {
        reply = reply.header("x-names", &list).trailer("x-names", &list);
    }
    let case = Case::new(format!("{name}, {protocol:?}"), protocol, request, reply);
    let (exchange, record) = stage
        .check_with(case, |expected, _| {
            let made = (made.clone(), b"1".to_vec());
            expected.request.headers.push(made.clone());
            if protocol == H1 {
                expected.response.headers.push(made);
            }
        })
        .await;
    let field = json!([String::from_utf8_lossy(&made), "1"]);
    let is_in = |half: &str, part: &str| record[half][part].as_array().is_some_and(|list| list.contains(&field));
    let mut wanted = vec![("scnt_request", "headers"), ("scnt_request", "trailers")];
    if protocol == H1 {
        wanted.extend([("scnt_response", "headers"), ("scnt_response", "trailers")]);
    }
    for (half, part) in wanted {
        assert!(is_in(half, part), "{field} is not in the {part} of {half}: {record}");
    }
    let seen = exchange.seen.expect("what the upstream saw");
    assert!(seen.headers.iter().any(|(name, _)| *name == made), "the upstream did not get it: {seen:?}");
    goes_on(&stage).await;
    stage.finish().await;
}

#[tokio::test]
async fn latin_1() {
    in_requests_and_responses(H1, "caf%e9", b"caf\xe9").await;
    in_requests_and_responses(H2, "caf%e9", b"caf\xe9").await;
}

#[tokio::test]
async fn other_bytes() {
    in_requests_and_responses(H1, "a%ff%feb", b"a\xff\xfeb").await;
    in_requests_and_responses(H1, "caf%c3%a9", b"caf\xc3\xa9").await;
    in_requests_and_responses(H1, "cut%e2%82", b"cut\xe2\x82").await;
    in_requests_and_responses(H1, "%80", b"\x80").await;
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
    goes_on(&stage).await;
    stage.finish().await;
}
