//! Each attribute that is not in every record, and each value that is not as usual.

use super::{Exchange, shown};
use http_trace_filter::capture::{Facts, headers::Headers};
use serde_json::{Value, json};

#[test]
fn the_status_is_a_severity_and_an_error() {
    for (status, severity, code, error) in [
        (0, "ERROR", Value::Null, json!("_OTHER")),
        (101, "INFO", json!(101), Value::Null),
        (404, "INFO", json!(404), Value::Null),
        (499, "INFO", json!(499), Value::Null),
        (500, "ERROR", json!(500), json!("500")),
        (503, "ERROR", json!(503), json!("503")),
        (u16::MAX, "ERROR", json!(65_535), json!("65535")),
    ] {
        let mut exchange = Exchange::default();
        exchange.facts.status = status;
        let record = exchange.record();
        assert_eq!(
            (record.severity_text.as_str(), record.severity_number),
            (severity, if severity == "INFO" { 9 } else { 17 })
        );
        assert_eq!(exchange.attribute("http.response.status_code"), code, "{status}");
        assert_eq!(exchange.attribute("error.type"), error, "{status}");
    }
}

#[test]
fn a_method_that_the_conventions_do_not_know_is_other() {
    for method in ["GET", "POST", "PUT", "HEAD", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "QUERY"] {
        let exchange = Exchange::of(&[(":method", method)]);
        assert_eq!(exchange.attribute("http.request.method"), method);
        assert_eq!(exchange.attribute("http.request.method_original"), Value::Null);
    }
    for method in ["get", "PROPFIND", "G"] {
        let exchange = Exchange::of(&[(":method", method), (":path", "/a?b")]);
        assert_eq!(exchange.attribute("http.request.method"), "_OTHER");
        assert_eq!(exchange.attribute("http.request.method_original"), method);
        assert_eq!(shown(&exchange.record().body.expect("a body")), format!("{method} /a 200"));
    }
}

#[test]
fn a_connect_has_an_authority_and_no_path() {
    let attributes = Exchange::of(&[(":method", "CONNECT"), (":authority", "example.com:443")]).attributes();
    assert_eq!((&attributes["server.address"], &attributes["server.port"]), (&json!("example.com"), &json!(443)));
    assert!(!attributes.contains_key("url.path") && !attributes.contains_key("url.query"), "{attributes:?}");
}

#[test]
fn addresses_are_split() {
    for (address, host, port) in [
        ("10.0.0.1:80", json!("10.0.0.1"), json!(80)),
        ("[2001:db8::1]:8080", json!("2001:db8::1"), json!(8080)),
        ("[::1]", json!("::1"), Value::Null),
        ("::1", json!("::1"), Value::Null),
        ("example.com", json!("example.com"), Value::Null),
        // Where `x-forwarded-for` is trusted there is no port.
        ("10.0.0.1:0", json!("10.0.0.1"), Value::Null),
        ("10.0.0.1:x", json!("10.0.0.1"), Value::Null),
        ("", Value::Null, Value::Null),
        ("/run/socket", json!("/run/socket"), Value::Null),
    ] {
        let mut exchange = Exchange::of(&[(":authority", address)]);
        exchange.facts.source_address = address.into();
        exchange.facts.destination_address = address.into();
        let attributes = exchange.attributes();
        for part in ["server", "client", "network.peer", "network.local"] {
            let found = ["address", "port"].map(|name| attributes.get(&format!("{part}.{name}")).cloned());
            assert_eq!(found.map(Option::unwrap_or_default), [host.clone(), port.clone()], "{part} of {address:?}");
        }
    }
    // What stands before the host may be a secret, and is no part of an address.
    let exchange = Exchange::of(&[(":authority", "bob:s3cret@example.com:81")]);
    assert_eq!(exchange.attribute("server.address"), "example.com");
    assert_eq!(exchange.attribute("server.port"), 81);
}

#[test]
fn the_protocol_has_a_name_and_a_version() {
    for (protocol, version) in [("HTTP/1.0", "1.0"), ("HTTP/1.1", "1.1"), ("HTTP/2", "2"), ("HTTP/3", "3")] {
        let mut exchange = Exchange::of(&[]);
        exchange.facts.protocol = protocol.into();
        assert_eq!(exchange.attribute("network.protocol.name"), "http");
        assert_eq!(exchange.attribute("network.protocol.version"), version);
    }
}

#[test]
fn a_trace_is_that_of_traceparent_or_else_of_b3() {
    const T: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const S: &str = "00f067aa0ba902b7";
    const W3C: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const B3: &str = "463ac35c9f6413ad48485a3953bb6124-a2fb4a1d1a96d312";
    for (headers, trace, span, flags) in [
        (&[("traceparent", W3C)][..], T, S, 1),
        (&[("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")], T, S, 0),
        // A later version may have more.
        (&[("traceparent", "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03-x")], T, S, 3),
        (&[("traceparent", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")], "", "", 0),
        (&[("traceparent", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01")], "", "", 0),
        (&[("traceparent", "00-00000000000000000000000000000000-00f067aa0ba902b7-01")], "", "", 0),
        (&[("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01")], "", "", 0),
        (&[("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7")], "", "", 0),
        (&[("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01")], "", "", 0),
        (&[("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e47360-00f067aa0ba902b7-01")], "", "", 0),
        (&[("traceparent", W3C), ("b3", B3)], T, S, 1),
        (&[("traceparent", "x"), ("b3", B3)], "463ac35c9f6413ad48485a3953bb6124", "a2fb4a1d1a96d312", 0),
        (
            &[("b3", "48485a3953bb6124-a2fb4a1d1a96d312-1-05e3ac9a4f6e3b90")],
            "000000000000000048485a3953bb6124",
            "a2fb4a1d1a96d312",
            1,
        ),
        (&[("b3", "48485a3953bb6124-a2fb4a1d1a96d312-d")], "000000000000000048485a3953bb6124", "a2fb4a1d1a96d312", 1),
        (&[("b3", "48485a3953bb6124-a2fb4a1d1a96d312-0")], "000000000000000048485a3953bb6124", "a2fb4a1d1a96d312", 0),
        (&[("b3", "0")], "", "", 0),
        (&[("x-b3-traceid", T), ("x-b3-spanid", S)], T, S, 0),
        (&[("x-b3-traceid", T), ("x-b3-spanid", S), ("x-b3-sampled", "1")], T, S, 1),
        (&[("x-b3-traceid", T)], "", "", 0),
        (&[("x-b3-traceid", T), ("x-b3-spanid", "g0f067aa0ba902b7")], "", "", 0),
    ] {
        let record = Exchange::of(headers).record();
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        assert_eq!(
            (hex(&record.trace_id).as_str(), hex(&record.span_id).as_str(), record.flags),
            (trace, span, flags),
            "{headers:?}"
        );
    }
}

#[test]
fn what_is_hidden_is_in_no_field() {
    let mut exchange = Exchange::of(&[
        (":authority", "h1dden:81"),
        (":path", "/a?token=h1dden&b=2"),
        ("traceparent", "00-11111111111111111111111111111111-1111111111111111-01"),
        ("user-agent", "h1dden"),
        ("authorization", "h1dden"),
        ("referer", "/x?token=h1dden"),
        ("x-request-id", "h1dden"),
        ("content-length", "77"),
    ]);
    exchange.configuration = r#"{"redact":{"query_params":["token"],
        "headers":["host","traceparent","user-agent","x-request-id","grpc-status","content-length"]}}"#;
    exchange.trailers[1] = vec![("grpc-status", b"13".to_vec())];
    let attributes = exchange.attributes();
    let text = String::from_utf8_lossy(&exchange.encode()).into_owned();
    assert!(!text.contains("h1dden") && !text.contains("INTERNAL"), "{text}");
    assert_eq!(exchange.record().trace_id, b"");
    assert_eq!(attributes["server.address"], "[redacted]");
    assert_eq!(attributes["user_agent.original"], "[redacted]");
    assert_eq!(attributes["url.query"], "token=[redacted]&b=2");
    assert_eq!(attributes["rpc.response.status_code"], "[redacted]");
    assert_eq!(attributes["http_trace_filter.request_id"], "[redacted]");
    assert_eq!(attributes["http.request.header.host"], json!(["[redacted]"]));
    assert_eq!(attributes["http.request.header.referer"], json!(["/x?token=[redacted]"]));
    for absent in ["server.port", "http.request.body.size"] {
        assert_eq!(attributes.get(absent), None);
    }
}

#[test]
fn grpc_has_its_status_by_name() {
    let named = |status: &str| {
        let mut exchange = Exchange::of(&[]);
        exchange.trailers[1] = vec![("grpc-status", status.into())];
        exchange.attribute("rpc.response.status_code")
    };
    for (status, name) in [
        ("0", "OK"),
        ("1", "CANCELLED"),
        ("2", "UNKNOWN"),
        ("3", "INVALID_ARGUMENT"),
        ("4", "DEADLINE_EXCEEDED"),
        ("5", "NOT_FOUND"),
        ("6", "ALREADY_EXISTS"),
        ("7", "PERMISSION_DENIED"),
        ("8", "RESOURCE_EXHAUSTED"),
        ("9", "FAILED_PRECONDITION"),
        ("10", "ABORTED"),
        ("11", "OUT_OF_RANGE"),
        ("12", "UNIMPLEMENTED"),
        ("13", "INTERNAL"),
        ("14", "UNAVAILABLE"),
        ("15", "DATA_LOSS"),
        ("16", "UNAUTHENTICATED"),
        ("17", "17"),
        ("-1", "-1"),
        ("99999999999999999999", "99999999999999999999"),
    ] {
        assert_eq!(named(status), name);
    }
    assert_eq!(named(""), Value::Null);
    // An answer that is nothing but trailers.
    let mut exchange = Exchange::of(&[]);
    exchange.headers[1] = vec![("grpc-status", b"5".to_vec())];
    assert_eq!(exchange.attribute("rpc.response.status_code"), "NOT_FOUND");
}

#[test]
fn a_repeated_header_is_one_attribute() {
    let mut exchange =
        Exchange::of(&[("a", "1"), ("b", "2"), ("a", "3"), ("host", "h"), (":authority", "h2"), ("a", "")]);
    exchange.headers[1] = vec![("set-cookie", b"x".to_vec()), ("host", b"1".to_vec()), ("set-cookie", b"y".to_vec())];
    let attributes = exchange.attributes();
    assert_eq!(attributes["http.request.header.a"], json!(["1", "3", ""]));
    assert_eq!(attributes["http.request.header.b"], json!(["2"]));
    assert_eq!(attributes["http.request.header.host"], json!(["h2", "h"]));
    assert_eq!(attributes["http.response.header.set-cookie"], json!(["[redacted]", "[redacted]"]));
    assert_eq!(attributes["http.response.header.host"], json!(["1"]));
}

#[test]
fn names_that_look_alike_are_attributes_of_their_own() {
    // Of one length, with the same first byte and the same last two: each could be taken for another.
    let attributes =
        Exchange::of(&[("x-a-id", "1"), ("x-b-id", "2"), ("x", "3"), ("xy", "4"), ("x-a-id", "5")]).attributes();
    for (name, values) in
        [("x-a-id", json!(["1", "5"])), ("x-b-id", json!(["2"])), ("x", json!(["3"])), ("xy", json!(["4"]))]
    {
        assert_eq!(attributes[&format!("http.request.header.{name}")], values, "{name}");
    }
}

#[test]
fn a_length_takes_one_byte_or_more() {
    let text = "abcdefghij".repeat(20);
    for length in 0..=text.len() {
        let (start, path) = (&text[..length], format!("/{}", &text[..length]));
        let attributes =
            Exchange::of(&[(":path", &path), ("x", start), ("repeated", "1"), ("repeated", start)]).attributes();
        assert_eq!(attributes["url.path"], path);
        assert_eq!(attributes["http.request.header.x"], json!([start]));
        assert_eq!(attributes["http.request.header.repeated"], json!(["1", start]));
    }
}

/// Strings must be UTF-8, also those that HTTP does not allow and other filters make.
#[test]
fn strings_are_utf_8_whatever_the_bytes() {
    let any = b"a\xff\xe2\x82b\xf0\x9f\x98\x80\xc3".to_vec();
    let lossy = String::from_utf8_lossy(&any).into_owned();
    let mut exchange = Exchange::of(&[]);
    for name in [":method", ":path", ":authority", ":scheme", "user-agent", "x-request-id", "x"] {
        exchange.headers[0].push((name, any.clone()));
    }
    exchange.facts.source_address = any.clone();
    exchange.facts.destination_namespace = Some(any.clone());
    exchange.trailers[1] = vec![("grpc-status", any)];
    let attributes = exchange.attributes();
    for name in [
        "http.request.method_original",
        "url.path",
        "server.address",
        "url.scheme",
        "user_agent.original",
        "http_trace_filter.request_id",
        "client.address",
        "http_trace_filter.destination.namespace",
        "rpc.response.status_code",
    ] {
        assert_eq!(attributes[name], lossy, "{name}");
    }
    assert_eq!(attributes["http.request.header.x"], json!([lossy]));
    assert_eq!(shown(&exchange.record().body.expect("a body")), format!("{lossy} {lossy} 200"));
}

#[test]
fn a_header_s_name_of_any_bytes_is_utf_8() {
    use http_trace_filter::{capture::Capture, config::Config};
    use opentelemetry_proto::tonic::logs::v1::LogRecord;
    use prost::Message;
    let mut capture = Capture::default();
    capture.request_headers(Headers::new([&[1, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0][..], b"x-\xe9\0\xff\0"].concat()));
    let config = Config::parse(br#"{"format":"otlp"}"#).expect("valid");
    let bytes = config.format.encode(&capture.record(&Facts::default(), &config.redact));
    let record = LogRecord::decode(bytes.as_slice()).expect("a record");
    assert_eq!(super::attributes(&record.attributes)["http.request.header.x-\u{fffd}"], json!(["\u{fffd}"]));
}

#[test]
fn the_duration_is_in_seconds() {
    for (start_ms, end_ms, duration) in [(5, 5, 0.0), (1_000, 1_001, 0.001), (1, 3_600_001, 3_600.0), (7, 2, 0.0)] {
        let mut exchange = Exchange::default();
        (exchange.facts.start_ms, exchange.facts.end_ms) = (start_ms, end_ms);
        assert_eq!(exchange.attribute("http_trace_filter.duration"), duration);
    }
}
