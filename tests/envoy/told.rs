//! Every exchange is told, once and right: how a stream ends, names of any bytes, trailers, bodies that are not whole, a clock that goes
//! back.

use crate::{
    OK,
    drive::{self, Root, balanced, calls, record},
    host::host,
};
use serde_json::{Value, json};

/// Over QUIC Envoy logs what is whole after it deleted the filter.
#[test]
fn a_stream_ends_with_its_log_or_with_its_context_and_never_with_both() {
    let root = Root::start(1, "");
    root.stream(2).request_headers(&[(":path", "/")]).request_body(&[b'x'; 100_000]).end();
    root.stream(3).exchange();
    root.stream(4).end();
    root.tick();
    assert_eq!((calls().len(), balanced()["streams"], balanced()["captured_bytes"]), (3, 3, 0));
}

/// No name that another filter made can trap the VM, nor can a map that breaks off.
#[test]
fn names_that_are_not_utf_8_are_carried() {
    let root = Root::start(1, "");
    let map = |name: &[u8], size: u8| {
        [&[1, 0, 0, 0, name.len() as u8, 0, 0, 0, size, 0, 0, 0], name, b"\0", b"1", b"\0"].concat()
    };
    let shown = |raw: Vec<u8>| {
        host(|host| host.raw_map = Some(raw));
        root.stream(2).request_headers(&[(":path", "/")]).response_headers(OK).log().end();
        root.tick();
        record(&calls()[0])["scnt_request"]["headers"].clone()
    };
    assert_eq!(shown(map(b"x-caf\xe9", 1)), json!([["x-caf\u{fffd}", "1"]]));
    assert_eq!(shown(map(b"x-caf\xc3\xa9", 1)), json!([["x-caf\u{e9}", "1"]]));
    assert_eq!(shown(map(b"x", 200)), json!([]), "a value that is not there");
    assert_eq!(shown(vec![0xff; 7]), json!([]));
    assert_eq!(shown(Vec::new()), json!([]));
    root.stream(3).exchange();
    root.tick();
    assert_eq!((calls().len(), balanced()["streams"]), (1, 6), "later streams are recorded");
}

#[test]
fn trailers_are_in_the_record_and_count_as_memory() {
    for (configuration, kept) in [("", true), (r#"{"capture":{"trailers":false}}"#, false)] {
        let root = Root::start(1, configuration);
        let stream = root.stream(2).request_headers(&[(":path", "/")]).request_body(b"in");
        stream.request_trailers(&[("x-digest", "1")]).response_headers(OK);
        root.tick();
        let before = balanced()["captured_bytes"];
        let long = "x".repeat(50_000);
        stream.response_trailers(&[("grpc-status", "0"), ("x-long", &long)]);
        stream.log().end();
        root.tick();
        let record = record(&calls()[0]);
        assert_eq!(record["scnt_request"]["truncated_body"], false, "{configuration}: trailers are the end");
        assert_eq!(record["scnt_response"]["truncated_body"], false);
        let (digest, status) = (&record["scnt_request"]["trailers"], &record["scnt_response"]["trailers"][0]);
        let expected =
            if kept { [json!([["x-digest", "1"]]), json!(["grpc-status", "0"])] } else { Default::default() };
        assert_eq!([digest, status], [&expected[0], &expected[1]]);
        assert!(before < 1000, "{before}");
        root.delete();
    }
}

/// Without an end, and what headers or Envoy's own numbers say of a body that the filter did not see.
#[test]
fn a_body_is_whole_only_where_its_end_was_seen() {
    let root = Root::start(1, "");
    let flags = |record: &Value| ["scnt_request", "scnt_response"].map(|half| record[half]["truncated_body"] == true);
    let told = |stream: drive::Stream| {
        stream.log().end();
        root.tick();
        flags(&record(&calls()[0]))
    };
    let post = [(":method", "POST"), (":path", "/"), ("content-length", "5")];
    assert_eq!(told(root.stream(2).request_headers(&post)), [true, false], "nobody answered");
    assert_eq!(told(root.stream(3).request_headers(&post).request_body(b"ab").response_headers(OK)), [true, true]);
    let stream = root.stream(4).request_headers(&post).last_of_request(b"abcde").response_headers(OK);
    assert_eq!(told(stream.last_of_response(b"")), [false, false]);
    let stream = root
        .stream(9)
        .request_headers(&post)
        .request_body(b"abcde")
        .response_headers(&[(":status", "200"), ("content-length", "1")]);
    assert_eq!(told(stream.response_body(b"x")), [false, false], "all bytes of their lengths, if no end");
    let stream = root.stream(9).request_headers(&post).last_of_request(b"").response_headers(OK);
    assert_eq!(told(stream), [false, true], "reset after the head");
    let stream = root.stream(5).request_headers(&post).last_of_request(b"abcde").response_headers(OK);
    assert_eq!(told(stream.response_body(b"x")), [false, true], "reset in the body");
    for (method, more, request) in [
        ("GET", None, false),
        ("HEAD", None, false),
        ("DELETE", None, false),
        ("CONNECT", None, false),
        ("POST", None, true),
        ("POST", Some(("content-length", "0")), false),
        ("GET", Some(("content-length", "7")), true),
        ("GET", Some(("upgrade", "websocket")), false),
    ] {
        let headers: Vec<_> = [(":method", method), (":path", "/")].into_iter().chain(more).collect();
        let answered = root.stream(6).request_headers(&headers).response_headers(&[(":status", "403")]);
        assert_eq!(told(answered.last_of_response(b"")), [request, false], "{headers:?}");
        // A filter in front answered.
        let unseen = root.stream(7);
        host(|host| host.maps.insert(drive::REQUEST, drive::pairs(&headers)));
        host(|host| host.maps.insert(drive::RESPONSE, drive::pairs(&[(":status", "403")])));
        assert_eq!(told(unseen), [request, false], "{headers:?}");
    }
    for (property, expected) in [("request.size", [true, false]), ("response.size", [false, true])] {
        let unseen = root.stream(8);
        host(|host| {
            host.maps.insert(drive::REQUEST, drive::pairs(&[(":method", "GET"), (":path", "/")]));
            host.maps.insert(drive::RESPONSE, drive::pairs(&[(":status", "403")]));
            host.properties.insert(property.to_owned(), 3_u64.to_le_bytes().to_vec());
        });
        assert_eq!(told(unseen), expected, "{property}");
        host(|host| host.properties.remove(property));
    }
}

#[test]
fn a_body_that_ends_early_is_dropped_where_those_are_that_are_too_long() {
    let root = Root::start(1, r#"{"capture":{"oversize_body":"drop"}}"#);
    root.stream(2).request_headers(&[(":method", "POST")]).request_body(b"half").log().end();
    root.tick();
    let record = record(&calls()[0]);
    assert_eq!(
        (&record["scnt_request"]["body"], &record["scnt_request"]["truncated_body"]),
        (&"".into(), &true.into())
    );
    assert_eq!(balanced()["bodies_truncated"], 1);
}

/// Of NTP, or of a machine that was asleep.
#[test]
fn a_clock_that_goes_back_holds_nothing_up() {
    const HOUR: u64 = 3_600_000_000_000;
    let root = Root::start(1, r#"{"batch":{"max_records":8,"linger_ms":1000}}"#);
    host(|host| host.properties.insert("request.time".to_owned(), host.now.to_le_bytes().to_vec()));
    root.stream(2).exchange();
    host(|host| host.now -= 2 * HOUR);
    root.stream(3).exchange();
    root.tick();
    assert!(calls().is_empty() && (1..=1000).contains(&host(|host| host.tick)), "{}", host(|host| host.tick));
    host(|host| host.now += 1_000_000_000);
    root.tick();
    let sent = calls();
    assert_eq!(sent.len(), 1, "the batch goes when it has lingered");
    let lines = String::from_utf8(sent[0].body.clone()).expect("UTF-8");
    for line in lines.lines() {
        let record: Value = serde_json::from_str(line).expect("JSON");
        let [start, end] = ["scnt_request", "scnt_response"].map(|half| record[half]["time"].as_u64().expect("a time"));
        assert!(start <= end, "{start} {end}");
    }
    // What is recorded from now on has the time that the clock shows.
    host(|host| host.properties.clear());
    root.stream(4).exchange();
    host(|host| host.now += 1_000_000_000);
    root.tick();
    let time = serde_json::from_slice::<Value>(&calls()[0].body).expect("JSON")["scnt_response"]["time"].clone();
    let shown = host(|host| host.now) / 1_000_000;
    assert!((shown - 2_000..=shown).contains(&time.as_u64().expect("a time")), "{time} at {shown}");
}

#[test]
fn a_configuration_as_a_struct_is_refused_by_name() {
    // {"format": "apiclarity"} as Envoy hands a google.protobuf.Struct over.
    let (_, accepted) = Root::configure(1, "\n\u{16}\n\u{6}format\u{12}\u{c}\u{1a}\napiclarity");
    let log = host(|host| host.log.join("\n"));
    assert!(
        !accepted && log.contains("got a google.protobuf.Struct, takes JSON in a google.protobuf.StringValue"),
        "{log}"
    );
}

/// `hello` arrives before Envoy's buffers fail, and `world` does not, or in part; what comes after that is not kept.
#[test]
fn a_body_that_the_host_gives_short_or_not_at_all_is_flagged() {
    for (no_buffers, short_buffers, oversize, kept) in [
        (true, None, "truncate", "aGVsbG8="),
        (false, Some(2), "truncate", "aGVsbG93bw=="),
        (false, Some(0), "truncate", "aGVsbG8="),
        (false, Some(2), "drop", ""),
    ] {
        let root = Root::start(1, &format!(r#"{{"capture":{{"oversize_body":"{oversize}"}}}}"#));
        let stream = root.stream(2).request_headers(&[(":path", "/")]).request_body(b"hello");
        stream.response_headers(OK).response_body(b"hello");
        host(|host| (host.no_buffers, host.short_buffers) = (no_buffers, short_buffers));
        stream.request_body(b"world").response_body(b"world");
        host(|host| (host.no_buffers, host.short_buffers) = (false, None));
        stream.request_body(b"!").response_body(b"!").log().end();
        root.tick();
        let record = record(&calls()[0]);
        for side in ["scnt_request", "scnt_response"] {
            let (body, truncated) = (&record[side]["body"], &record[side]["truncated_body"]);
            assert_eq!((body.as_str(), truncated.as_bool()), (Some(kept), Some(true)), "{side}, {short_buffers:?}");
        }
        root.delete();
    }
    assert_eq!(balanced()["bodies_truncated"], 8);
}
