//! Each row of the configuration, with a value that is not its default, seen from Envoy's side: what is called, when, and
//! what the record shows. `tests/config` is about what the rows take.

mod bodies;
mod delivery;
mod otlp;

use crate::{
    OK,
    drive::{Root, Stream, balanced, calls, record},
    host::{Call, host},
};
use http_trace_filter::format::FORMATS;
use serde_json::Value;

/// A root with a host of its own: both are a thread's.
fn with<T: Send>(configuration: &str, play: impl FnOnce(Root) -> T + Send) -> T {
    let played = std::thread::scope(|scope| scope.spawn(|| play(Root::start(1, configuration))).join());
    played.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn sent(root: Root) -> Vec<Call> {
    root.tick();
    calls()
}

/// The record of this stream, which ends here.
fn recorded(root: Root, stream: Stream) -> Value {
    stream.log().end();
    record(&sent(root)[0])
}

fn header<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    let (_, value) = call.headers.iter().find(|(other, _)| other == name)?;
    Some(std::str::from_utf8(value).expect("UTF-8"))
}

fn exchanges(root: Root, paths: &[&str]) {
    for (path, id) in paths.iter().zip(10..) {
        root.stream(id).request_headers(&[(":path", path)]).response_headers(OK).log().end();
    }
}

fn path(record: &Value) -> &str {
    record["scnt_request"]["path"].as_str().expect("a path")
}

fn pass(milliseconds: u64) {
    host(|host| host.now += milliseconds * 1_000_000);
}

fn tick() -> u32 {
    host(|host| host.tick)
}

// === format, collector ===

#[test]
fn the_format_gives_the_path_and_the_record() {
    for format in FORMATS {
        with(&format!(r#"{{"format":"{}"}}"#, format.name), |root| {
            let asked = 7_000_000_u64.to_le_bytes().to_vec();
            host(|host| host.properties.insert("request.time".to_owned(), asked));
            root.stream(2).exchange();
            let call = &sent(root)[0];
            let [path, content_type] = [":path", "content-type"].map(|name| header(call, name));
            assert_eq!((path, content_type), (Some(format.path), Some(format.content_type)));
            // Milliseconds in JSON, nanoseconds in protobuf: fixed64 LogRecord.time_unix_nano.
            let time = if format.framings.is_empty() {
                [&[0x09][..], &7_000_000_u64.to_le_bytes()].concat()
            } else {
                assert!(record(call).is_object());
                b"\"time\":7".to_vec()
            };
            assert!(call.body.windows(time.len()).any(|part| part == time), "{:?}", call.body);
        });
    }
    let bodies = ["", r#"{"format":"publish"}"#, r#"{"format":"apiclarity"}"#].map(|configuration| {
        with(configuration, |root| {
            root.stream(2).exchange();
            record(&sent(root)[0])
        })
    });
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!((&bodies[0]["request_id"], &bodies[2]["requestID"]), (&"id".into(), &"id".into()));
}

#[test]
fn the_collector_s_rows_make_the_export_request() {
    let named = r#"{"collector":{"cluster":"c","authority":"a:1","path":"/p?q","timeout_ms":7,
                                 "headers":{"X-Trace-Source-Token":"t","x-b":"u"}}}"#;
    let istio = r#"{"collector":{"cluster":"outbound|9000||collector.test"}}"#;
    for (configuration, cluster, authority, path, token, timeout_ms) in [
        ("", "trace_analyzer", "trace_analyzer", "/publish", None, 5_000),
        (named, "c", "a:1", "/p?q", Some("t"), 7),
        (istio, "outbound|9000||collector.test", "collector.test:9000", "/publish", None, 5_000),
    ] {
        with(configuration, |root| {
            root.stream(2).exchange();
            let call = &sent(root)[0];
            assert_eq!((call.cluster.as_str(), call.timeout_ms), (cluster, timeout_ms));
            assert_eq!((header(call, ":authority"), header(call, ":path")), (Some(authority), Some(path)));
            assert_eq!(header(call, "x-trace-source-token"), token);
            assert_eq!(header(call, "x-b"), token.map(|_| "u"));
        });
    }
}

#[test]
fn the_configured_content_type_is_the_only_one() {
    for (batch, own) in [(1, "application/json"), (2, "application/x-ndjson")] {
        for (headers, expected) in [("", own), (r#","collector":{"headers":{"Content-Type":"text/x"}}"#, "text/x")] {
            with(&format!(r#"{{"batch":{{"max_records":{batch}}}{headers}}}"#), |root| {
                exchanges(root, &["a", "b"]);
                let call = &sent(root)[0];
                let types: Vec<_> = call.headers.iter().filter(|(name, _)| name == "content-type").collect();
                assert_eq!(types, [&("content-type".to_owned(), expected.as_bytes().to_vec())]);
            });
        }
    }
}

// === capture ===

/// The bodies and flags of a request with `hello` (JSON), answered with `world!` (text).
fn bodies(rows: &str) -> [(String, bool); 2] {
    with(&format!(r#"{{"capture":{{{rows}}}}}"#), |root| {
        let stream = root.stream(2).request_headers(&[(":path", "/"), ("content-type", "application/json")]);
        stream.request_body(b"he").last_of_request(b"llo");
        stream.response_headers(&[(":status", "200"), ("content-type", "text/plain; charset=utf-8")]);
        let record = recorded(root, stream.last_of_response(b"world!"));
        ["scnt_request", "scnt_response"].map(|side| {
            let body = record[side]["body"].as_str().expect("base64").to_owned();
            (body, record[side]["truncated_body"].as_bool().expect("a flag"))
        })
    })
}

#[test]
fn bodies_are_kept_as_the_capture_rows_say() {
    const HELLO: (&str, bool) = ("aGVsbG8=", false);
    const WORLD: (&str, bool) = ("d29ybGQh", false);
    const NONE: (&str, bool) = ("", false);
    for (rows, request, response) in [
        ("", HELLO, WORLD),
        (r#""request_body":false"#, NONE, WORLD),
        (r#""response_body":false"#, HELLO, NONE),
        (r#""max_body_bytes":5"#, HELLO, ("d29ybGQ=", true)),
        (r#""max_body_bytes":3"#, ("aGVs", true), ("d29y", true)),
        (r#""max_body_bytes":0"#, ("", true), ("", true)),
        (r#""max_body_bytes":5,"oversize_body":"drop""#, HELLO, ("", true)),
        (r#""max_body_bytes":4,"oversize_body":"drop""#, ("", true), ("", true)),
        (r#""content_types":["text/*"]"#, NONE, WORLD),
        (r#""content_types":["Application/JSON"]"#, HELLO, NONE),
        (r#""content_types":["*/*"]"#, HELLO, WORLD),
        (r#""content_types":["image/png"]"#, NONE, NONE),
    ] {
        let expected = [request, response].map(|(body, truncated)| (body.to_owned(), truncated));
        assert_eq!(bodies(rows), expected, "{rows}");
    }
}

#[test]
fn a_body_that_must_be_cut_for_its_queue_goes_where_such_bodies_are_dropped() {
    for (format, kept) in [("publish", true), ("apiclarity", false)] {
        let side = if kept { "scnt_response" } else { "response" };
        with(&format!(r#"{{"format":"{format}","queue":{{"max_bytes":3000}}}}"#), |root| {
            let stream = root.stream(2).request_headers(&[(":path", "/")]).response_headers(&[(":status", "200")]);
            let record = recorded(root, stream.last_of_response(&[b'x'; 3000]));
            let message = if kept { &record[side] } else { &record[side]["common"] };
            let flag = if kept { "truncated_body" } else { "TruncatedBody" };
            let length = message["body"].as_str().map_or(0, str::len);
            assert_eq!((length > 1000, &message[flag]), (kept, &true.into()), "{format}: {length} digits");
        });
    }
}

// === redact ===

#[test]
fn values_are_hidden_as_the_redact_rows_say() {
    const DEFAULT: [&str; 5] = ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"];
    let both = [&DEFAULT[..], &["x-secret"]].concat();
    for (rows, hidden, path) in [
        ("", &DEFAULT[..], "/?a=1&b=2"),
        (r#""defaults":false"#, &[], "/?a=1&b=2"),
        (r#""headers":["X-S*"],"query_params":["B"]"#, &both, "/?a=1&b=[redacted]"),
        (r#""defaults":false,"headers":["X-Secret"]"#, &["x-secret"], "/?a=1&b=2"),
    ] {
        with(&format!(r#"{{"redact":{{{rows}}}}}"#), |root| {
            let headers: Vec<_> = DEFAULT.iter().chain(&["x-secret", "x-other"]).map(|name| (*name, "v")).collect();
            let stream = root.stream(2).request_headers(&[&[(":path", "/?a=1&b=2")], &headers[..]].concat());
            let record = recorded(root, stream.response_headers(&[OK, &headers].concat()));
            assert_eq!(self::path(&record), path);
            for side in ["scnt_request", "scnt_response"] {
                for (name, _) in &headers {
                    let shown = if hidden.contains(name) { "[redacted]" } else { "v" };
                    let list = record[side]["headers"].as_array().expect("pairs");
                    assert!(list.contains(&serde_json::json!([name, shown])), "{rows} {side} {name}: {list:?}");
                }
            }
        });
    }
}

#[test]
fn no_format_shows_a_hidden_value() {
    for format in FORMATS.map(|format| format.name) {
        with(&format!(r#"{{"format":"{format}","redact":{{"headers":["x-a"],"query_params":["b"]}}}}"#), |root| {
            let request = [(":path", "/?b=s3cret"), ("x-a", "s3cret"), ("referer", "/?b=s3cret")];
            let response = [(":status", "200"), ("x-a", "s3cret"), ("location", "/?b=s3cret")];
            root.stream(2).request_headers(&request).response_headers(&response).log().end();
            let body = sent(root)[0].body.clone();
            let body = String::from_utf8_lossy(&body);
            assert_eq!((body.matches("s3cret").count(), body.matches("[redacted]").count()), (0, 5), "{body}");
        });
    }
}

// === sampling ===

/// How many of 400 exchanges are kept.
fn kept(rate: &str) -> i64 {
    with(&format!(r#"{{"sampling":{{"rate":{rate}}}}}"#), |root| {
        for stream in 10..410 {
            let id = format!("{stream:08x}-0000-4000-8000-000000000000");
            root.stream(stream).request_headers(&[("x-request-id", &id)]).response_headers(OK).log().end();
        }
        root.tick();
        400 - balanced()["sampled_out"]
    })
}

#[test]
fn the_share_of_the_rate_is_kept_by_the_id() {
    assert_eq!(["0", "1"].map(kept), [0, 400]);
    let quarter = kept("0.25");
    assert!((60..=140).contains(&quarter), "{quarter} of 400");
    assert_eq!(kept("0.25"), quarter, "the same ids are kept");
}

/// Nothing is read of a stream that the share excludes, and its numbers are not published one by one.
#[test]
fn an_excluded_stream_costs_a_look_at_its_id() {
    with(r#"{"sampling":{"rate":0}}"#, |root| {
        for stream in 10..20 {
            root.stream(stream).request_headers(&[(":path", "/")]).response_headers(OK).log().end();
        }
        assert_eq!((host(|host| host.maps_read), tick(), host(|host| host.ticks_set)), (0, 50, 1));
        assert_eq!(balanced()["sampled_out"], 0);
        root.tick();
        assert_eq!((balanced()["sampled_out"], tick()), (10, 0));
    });
}

#[test]
fn the_hosts_rows_make_the_poll() {
    let named = r#"{"sampling":{"hosts":{"cluster":"outbound|9||m.test","interval_ms":200,"headers":{"X-Trace-Source-Token":"t"}}},
            "collector":{"timeout_ms":7,"headers":{"x-other":"u"}}}"#;
    for (configuration, cluster, authority, interval, timeout_ms, token) in [
        (r#"{"sampling":{"hosts":true}}"#, "trace-sampling-manager", "trace-sampling-manager", 60_000, 5_000, None),
        (
            r#"{"trace_sampling_enabled":"true"}"#,
            "trace-sampling-manager",
            "trace-sampling-manager",
            60_000,
            5_000,
            None,
        ),
        (named, "outbound|9||m.test", "m.test:9", 200, 7, Some("t")),
    ] {
        with(configuration, |root| {
            let poll = &sent(root)[0];
            assert_eq!((poll.cluster.as_str(), header(poll, ":authority")), (cluster, Some(authority)));
            assert_eq!((header(poll, ":method"), header(poll, ":path")), (Some("GET"), Some("/api/hostsToTrace")));
            assert_eq!((tick(), poll.timeout_ms), (interval, timeout_ms));
            assert_eq!((header(poll, "x-trace-source-token"), header(poll, "x-other")), (token, None));
        });
    }
    with(r#"{"sampling":{"hosts":false}}"#, |root| assert_eq!((tick(), sent(root).len()), (0, 0)));
}

#[test]
fn until_the_hosts_are_known_all_or_none_are_kept() {
    for (rows, kept) in [("", 1), (r#""until_known":"all""#, 1), (r#""until_known":"none""#, 0)] {
        with(&format!(r#"{{"sampling":{{"hosts":{{{rows}}}}}}}"#), |root| {
            root.stream(2).exchange();
            root.tick();
            assert_eq!((balanced()["in_flight"], balanced()["sampled_out"]), (kept, 1 - kept), "{rows}");
        });
    }
}

// === mesh ===

#[test]
fn the_namespace_is_read_where_the_mesh_has_it() {
    for (configuration, namespace) in [
        ("", Some("istio-shop")),
        (r#"{"mesh":"istio"}"#, Some("istio-shop")),
        (r#"{"mesh":"kuma"}"#, Some("kuma-shop")),
        (r#"{"mesh":"none"}"#, None),
        (r#"{"service_mesh":"kuma"}"#, Some("kuma-shop")),
        (r#"{"mesh":"kuma","service_mesh":"kuma"}"#, Some("kuma-shop")),
    ] {
        with(configuration, |root| {
            for (key, value) in
                [("istio.workload", "orders;istio-shop;orders;v1;c"), ("envoy.lb.k8s.kuma.io/namespace", "kuma-shop")]
            {
                let path = format!("xds.upstream_host_metadata.filter_metadata.{key}");
                host(|host| host.properties.insert(path, value.as_bytes().to_vec()));
            }
            let record = recorded(root, root.stream(2).request_headers(&[(":path", "/")]).response_headers(OK));
            assert_eq!(record["destination_namespace"].as_str(), namespace, "{configuration}");
        });
    }
}

// === the whole ===

#[test]
fn a_refused_configuration_leaves_the_one_before_it_at_work() {
    with(r#"{"collector":{"cluster":"good"}}"#, |root| {
        assert!(!root.reconfigure(r#"{"collector":{"cluster":"other"},"queue":{"max_bytes":0}}"#));
        root.stream(2).exchange();
        assert_eq!(sent(root)[0].cluster, "good");
        assert!(root.reconfigure(r#"{"collector":{"cluster":"better"}}"#));
        root.stream(3).exchange();
        assert_eq!(sent(root)[0].cluster, "better");
    });
}
