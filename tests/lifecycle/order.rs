//! Every order of a stream's callbacks, and phases that never come.

use crate::{
    drive::Vm,
    stream::{REQUEST, RESPONSE, Stream},
};
use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    RequestHeaders,
    RequestBody,
    RequestTrailers,
    ResponseHeaders,
    ResponseBody,
    ResponseTrailers,
}

use Phase::{RequestBody, RequestHeaders, RequestTrailers, ResponseBody, ResponseHeaders, ResponseTrailers};

const PHASES: [Phase; 6] =
    [RequestHeaders, RequestBody, RequestTrailers, ResponseHeaders, ResponseBody, ResponseTrailers];

impl Phase {
    fn run(self, stream: &Stream) {
        match self {
            RequestHeaders => stream.request_headers(REQUEST),
            RequestBody => stream.request_body(b"ask", true),
            RequestTrailers => stream.request_trailers(&[("x-trailer", "1")]),
            ResponseHeaders => stream.response_headers(RESPONSE),
            ResponseBody => stream.response_body(b"tell", true),
            ResponseTrailers => stream.response_trailers(&[("grpc-status", "0")]),
        };
    }
}

/// All sequences of different phases, the empty one included.
fn sequences() -> Vec<Vec<Phase>> {
    let mut all = vec![Vec::new()];
    let mut index = 0;
    while let Some(sequence) = all.get(index).cloned() {
        let longer = PHASES.into_iter().filter(|phase| !sequence.contains(phase));
        all.extend(longer.map(|phase| [sequence.as_slice(), &[phase]].concat()));
        index += 1;
    }
    all
}

/// Method, request id, request body, status, response body of a record.
fn gist(record: &Value) -> Value {
    let (request, response) = (&record["scnt_request"], &record["scnt_response"]);
    json!([request["method"], record["request_id"], request["body"], response["status_code"], response["body"]])
}

fn expected(sequence: &[Phase], maps: bool) -> Value {
    let saw = |phase| sequence.contains(&phase);
    let (method, id) = if maps || saw(RequestHeaders) { ("POST", "id-1") } else { ("", "from-envoy") };
    let status = if maps || saw(ResponseHeaders) { "201" } else { "503" };
    // A body belongs to the headers before it; that of a response which another one replaced is forgotten.
    let at = |phase| sequence.iter().position(|other| *other == phase);
    let headers = at(ResponseHeaders).or_else(|| maps.then_some(PHASES.len()));
    let kept = at(ResponseBody).is_some_and(|body| headers.is_none_or(|headers| headers < body));
    json!([method, id, if saw(RequestBody) { "YXNr" } else { "" }, status, if kept { "dGVsbA==" } else { "" }])
}

fn every_order(maps: bool) {
    let vm = Vm::start("{}");
    let sequences = sequences();
    assert_eq!(sequences.len(), 1957);
    for (index, sequence) in sequences.iter().enumerate() {
        let stream = vm.stream();
        sequence.iter().for_each(|phase| phase.run(&stream));
        if maps {
            stream.log_with(REQUEST, RESPONSE)
        } else {
            stream.log()
        };
        stream.done();
        stream.delete();
        let records = vm.deliver();
        assert_eq!(records.iter().map(gist).collect::<Vec<_>>(), [expected(sequence, maps)], "{sequence:?}");
        let streams = index as i64 + 1;
        vm.expect(&[("streams", streams), ("exported", streams), ("export_requests", streams)]);
    }
}

#[test]
fn every_order_of_callbacks_is_one_record_without_maps_at_the_end() {
    every_order(false);
}

#[test]
fn every_order_of_callbacks_is_one_record_with_maps_at_the_end() {
    every_order(true);
}

#[test]
fn on_log_alone_records_what_envoy_answered_itself() {
    let vm = Vm::start("{}");
    let stream = vm.stream();
    stream.log_with(&REQUEST[..3], &[(":status", "400")]);
    stream.delete();
    vm.stream().end();
    let records = vm.deliver();
    assert_eq!(gist(&records[0]), json!(["POST", "from-envoy", "", "400", ""]));
    assert_eq!(gist(&records[1]), json!(["", "from-envoy", "", "503", ""]));
    assert_eq!(records[1]["scnt_request"]["headers"], json!([]), "no host either");
    vm.expect(&[("streams", 2), ("exported", 2), ("export_requests", 2)]);
}

#[test]
fn a_second_response_replaces_the_first() {
    let vm = Vm::start("{}");
    let stream = vm.stream();
    stream.request_headers(REQUEST).response_headers(RESPONSE).response_body(b"lost", false);
    stream.response_headers(&[(":status", "500")]).response_body(b"kept", true);
    stream.end();
    let [record] = vm.deliver().try_into().expect("one record");
    assert_eq!(gist(&record), json!(["POST", "id-1", "", "500", "a2VwdA=="]));
}

#[test]
fn an_upgrade_keeps_no_bytes_of_what_flows_after_it() {
    let vm = Vm::start("{}");
    for (method, status) in [("GET", "101"), ("CONNECT", "200")] {
        let stream = vm.stream();
        stream.request_headers(&[(":method", method), (":authority", "orders")]).request_body(b"early", false);
        stream.response_headers(&[(":status", status)]);
        stream.request_body(b"frame", false).response_body(b"frame", false);
        stream.end();
        let [record] = vm.deliver().try_into().expect("one record");
        assert_eq!(gist(&record), json!([method, "from-envoy", "", status, ""]));
    }
}

#[test]
fn a_second_on_log_and_callbacks_after_it_are_ignored() {
    let vm = Vm::start("{}");
    let stream = vm.stream();
    stream.request_headers(REQUEST).response_headers(RESPONSE).log();
    stream.log_with(REQUEST, RESPONSE);
    PHASES.into_iter().for_each(|phase| phase.run(&stream));
    stream.done().log();
    stream.delete();
    assert_eq!(vm.deliver().len(), 1);
    vm.expect(&[("streams", 1), ("exported", 1), ("export_requests", 1)]);
}

#[test]
fn on_done_may_come_before_on_log() {
    let vm = Vm::start("{}");
    let stream = vm.stream();
    stream.request_headers(REQUEST).done().log();
    stream.delete();
    assert_eq!(vm.deliver().len(), 1);
}

#[test]
fn a_stream_deleted_without_on_log_gives_back_its_memory() {
    let vm = Vm::start("{}");
    let stream = vm.stream();
    stream.request_headers(REQUEST).request_body(&[b'x'; 50_000], false);
    vm.poke();
    let held = vm.metric("captured_bytes");
    assert!((50_000..52_000).contains(&held), "{held}");
    stream.delete();
    vm.poke();
    vm.expect(&[]);
    assert_eq!(vm.timer(), None);
}
