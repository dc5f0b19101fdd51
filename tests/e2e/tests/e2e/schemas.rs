//! The records of mixed traffic against the JSON Schema of each format, `tests/schemas`.

use boon::{Compiler, SchemaIndex, Schemas};
use bytes::Bytes;
use http_trace_e2e::case::{Abort, Case};
use http_trace_e2e::client::Connection;
use http_trace_e2e::client::Protocol::{self, H1, H2};
use http_trace_e2e::reply::{Finish, Reply};
use http_trace_e2e::request::Request;
use http_trace_e2e::rig::unused_id;
use http_trace_e2e::stage::Stage;
use http_trace_e2e::wait;
use http_trace_filter::format::FORMATS;
use serde_json::{Value, json};

/// The schema of each format whose records are JSON.
const SCHEMAS: [(&str, &str); 2] = [
    ("publish", include_str!("../../../schemas/publish.json")),
    ("apiclarity", include_str!("../../../schemas/apiclarity.json")),
];

/// A schema, ready to use.
struct Schema(Schemas, SchemaIndex);

impl Schema {
    fn compile(text: &str) -> Self {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        let text = serde_json::from_str(text).expect("a schema is JSON");
        compiler.add_resource("schema.json", text).expect("a resource");
        let index = compiler.compile("schema.json", &mut schemas).expect("a schema");
        Self(schemas, index)
    }

    fn check(&self, record: &Value) -> Result<(), String> {
        self.0.validate(record, self.1).map_err(|error| format!("{error:#}\n{record}"))
    }
}

/// Traffic of every kind that a record shows in another way.
fn mixed(protocol: Protocol) -> Vec<Case> {
    let case = |name: &str, mut request: Request, reply: Reply| {
        request.id = unused_id();
        Case::new(name, protocol, request, reply)
    };
    // The HTTP/2 client does not send what RFC 3986 wants to be escaped.
    let target = if protocol == H1 { "/a?q=\"\\%25\"" } else { "/a?q=%22%5c" };
    let hard = Request::post(target, vec![0, 0xff, b'"', b'\\', 0x80])
        .header("x-bytes", b"caf\xe9 \\ 7\"")
        .header("authorization", "Bearer s3cret")
        .header("x-twice", "1")
        .header("x-twice", "2");
    let trailers = Reply::chunks(&[Bytes::from_static(b"ab"), Bytes::from_static(b"c")]).trailer("x-end", "1");
    vec![
        case("no body", Request::get("/"), Reply::status(204)),
        case("hard to put into JSON", hard, Reply::echo().header("x-empty", "")),
        case("in a mesh", Request::post("/in-mesh/a", "{}").host("orders:8080"), Reply::ok("{}")),
        case("a host that is an address", Request::get("/").host("[2001:db8::1]:8080"), Reply::ok("x")),
        case("a body that is cut", Request::post("/large", vec![b'x'; 1_200_000]), Reply::ok(vec![b'y'; 1_000_001])),
        case("trailers", Request::get("/trailers"), trailers),
        case("an error", Request::get("/error"), Reply::status(503).with_body("down")),
        case("answered by Envoy", Request::get("/local"), Reply::ok("never asked")),
        case("a service that is down", Request::get("/refused"), Reply::ok("never asked")),
        case("a client that gives up", Request::get("/hangs"), Reply::ok("").finish(Finish::HangUnanswered))
            .abort(Abort::UpstreamHas(0)),
    ]
}

async fn records(format: &str) -> Vec<Value> {
    let stage = Stage::with(Some(&json!({ "format": format }).to_string())).await;
    let mut count = 0;
    for case in [H1, H2].into_iter().flat_map(mixed) {
        stage.check_traffic(&case).await;
        count += 1;
    }
    // Envoy answers these itself, before any filter sees a request.
    for bytes in ["GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nhost: a\r\nbad header\r\n\r\n"] {
        let connection = Connection::open(stage.envoy.filtered()).await.expect("a connection");
        assert_eq!(connection.send_raw(bytes.as_bytes()).await.expect("an answer").status(), 400);
        count += 1;
    }
    wait::until(format!("{count} records"), || (stage.metric("exported")? == count).then_some(())).await;
    let records = stage.collector.posts().iter().map(|post| post.json().expect("a record is JSON")).collect();
    stage.finish_lossy().await;
    records
}

#[tokio::test]
async fn of_each_format_hold_for_mixed_traffic() {
    let json: Vec<_> = FORMATS.iter().filter(|format| !format.framings.is_empty()).map(|format| format.name).collect();
    assert_eq!(SCHEMAS.map(|(name, _)| name), *json, "each has its schema");
    for (format, text) in SCHEMAS {
        let (schema, records) = (Schema::compile(text), records(format).await);
        assert_eq!(records.len(), 22);
        for record in &records {
            schema.check(record).unwrap_or_else(|error| panic!("{format}: {error}"));
        }
        for part in ["amespace\":", "/trailers"] {
            let record = records.iter().find(|record| record.to_string().contains(part)).expect(part);
            let spoilt = spoilt(record);
            assert!(spoilt.len() > 50, "{} ways to spoil a record", spoilt.len());
            for (what, record) in spoilt {
                assert!(schema.check(&record).is_err(), "{format}: {what} is not noticed");
            }
        }
    }
}

/// The record with one thing wrong, in every way: a member missing, of another type, or one too many.
fn spoilt(record: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for pointer in pointers(record, "") {
        let mut edit = |what: &str, change: &dyn Fn(&mut Value)| {
            let mut spoilt = record.clone();
            change(spoilt.pointer_mut(&pointer).expect("its own pointer"));
            all.push((format!("{pointer:?} {what}"), spoilt));
        };
        edit("null", &|value| *value = Value::Null);
        edit("of another type", &|value| *value = if value.is_string() { json!(1) } else { json!("text") });
        match record.pointer(&pointer) {
            Some(Value::Object(members)) => {
                edit("with an unknown member", &|value| value["unknown"] = json!(1));
                let always = |name: &&String| !name.to_lowercase().ends_with("namespace") && *name != "trailers";
                for name in members.keys().filter(always) {
                    edit(&format!("without {name}"), &|value| drop(value.as_object_mut().map(|all| all.remove(name))));
                }
            }
            Some(Value::Array(_)) => edit("with one more", &|value| value.as_array_mut().expect("it").push(json!(1))),
            _ => {}
        }
    }
    all
}

/// The JSON pointers (RFC 6901) of all values.
fn pointers(value: &Value, base: &str) -> Vec<String> {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    let below = members.into_iter().flat_map(|(name, value)| pointers(value, &format!("{base}/{name}")));
    std::iter::once(base.to_owned()).chain(below).collect()
}
