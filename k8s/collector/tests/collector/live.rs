//! The live rows.

use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::Method;
use hyper::body::Incoming;
use serde_json::Value;

use crate::program::{Program, record, request};

/// Reads events until this many rows were in them: the rows, and the last event's id.
async fn rows(body: &mut Incoming, count: usize) -> (Vec<Value>, String) {
    let (mut rows, mut id, mut text) = (Vec::new(), String::new(), String::new());
    while rows.len() < count {
        let frame = tokio::time::timeout(Duration::from_secs(20), body.frame()).await.expect("rows in time");
        let data = frame.expect("more").expect("no end").into_data().expect("data");
        text.push_str(std::str::from_utf8(&data).expect("text"));
        while let Some((event, rest)) = text.split_once("\n\n") {
            let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name).map(str::trim));
            if field("event:") == Some("rows") {
                id = field("id:").expect("an id").to_owned();
                let more: Vec<Value> = serde_json::from_str(field("data:").expect("data")).expect("JSON");
                rows.extend(more);
            }
            text = rest.to_owned();
        }
    }
    (rows, id)
}

#[tokio::test]
async fn come_as_they_are_stored_and_go_on_where_they_were() {
    let program = Program::start(&[]);
    program.post("/publish", record("one").to_string()).await;
    let mut first = program.send(request(Method::GET, "/api/events", "")).await.into_body();
    let (one, _) = rows(&mut first, 1).await;
    program.post("/publish", record("two").to_string()).await;
    let (two, id) = rows(&mut first, 1).await;
    assert_eq!([&one[0]["id"], &two[0]["id"]], ["one", "two"]);
    let row = &one[0];
    assert_eq!(
        [&row["method"], &row["host"], &row["path"], &row["namespace"]],
        ["POST", "orders", "/orders?x=1", "sock-shop"]
    );
    assert_eq!([&row["n"], &row["status"], &row["d"], &row["q"], &row["r"]], [1, 201, 3, 7, 2]);
    drop(first);

    program.post("/publish", record("three").to_string()).await;
    for (last, expected) in [(id.as_str(), &["three"][..]), ("another-2", &["one", "two", "three"])] {
        let mut again = request(Method::GET, "/api/events", "");
        again.headers_mut().insert("last-event-id", last.parse().expect("a value"));
        let mut body = program.send(again).await.into_body();
        let (rows, _) = rows(&mut body, expected.len()).await;
        assert_eq!(rows.iter().map(|row| row["id"].clone()).collect::<Vec<_>>(), expected, "after {last}");
    }
}
