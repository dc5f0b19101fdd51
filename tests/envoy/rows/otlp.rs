//! The format `otlp` in the whole filter: whose records they are, and what the collector says of them.

use super::{OK, exchanges, sent, with};
use crate::{drive::balanced, host::host};
use opentelemetry_proto::tonic::{
    collector::logs::v1::{ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse},
    common::v1::any_value::Value,
};
use prost::Message;

fn decode(body: &[u8]) -> ExportLogsServiceRequest {
    ExportLogsServiceRequest::decode(body).expect("a request")
}

/// Names and strings of the resource.
fn resource(request: &ExportLogsServiceRequest) -> Vec<(String, String)> {
    let resource = request.resource_logs[0].resource.as_ref().expect("a resource");
    let string = |value: &Value| match value {
        Value::StringValue(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    let value = |any: &Option<opentelemetry_proto::tonic::common::v1::AnyValue>| {
        string(any.as_ref().and_then(|any| any.value.as_ref()).expect("a value"))
    };
    resource.attributes.iter().map(|attribute| (attribute.key.clone(), value(&attribute.value))).collect()
}

#[test]
fn the_node_is_the_resource_of_one_request_with_all_records() {
    let node = [("cluster", "edge"), ("metadata.NAME", "pod-1"), ("metadata.WORKLOAD_NAME", "orders")];
    host(|host| {
        host.properties.extend(node.map(|(name, value)| (format!("xds.node.{name}"), value.as_bytes().to_vec())));
    });
    let root =
        crate::drive::Root::start(1, r#"{"format":"otlp","batch":{"max_records":3},"otlp":{"resource":{"a":"b"}}}"#);
    exchanges(root, &["/a", "/b", "/c"]);
    let sent = sent(root);
    assert_eq!(sent.len(), 1);
    let request = decode(&sent[0].body);
    let expected = [("a", "b"), ("service.name", "orders"), ("k8s.pod.name", "pod-1")];
    assert_eq!(resource(&request), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let records = &request.resource_logs[0].scope_logs[0].log_records;
    let paths = ["/a", "/b", "/c"];
    for (record, path) in records.iter().zip(paths) {
        assert!(record.attributes.iter().any(|attribute| {
            let value = attribute.value.as_ref().and_then(|value| value.value.as_ref());
            attribute.key == "url.path" && value == Some(&Value::StringValue(path.to_owned()))
        }));
    }
    assert_eq!(records.len(), paths.len());
}

#[test]
fn what_a_collector_did_not_take_of_a_request_is_lost_and_logged_with_its_reason() {
    for (rejected, message, lost, said) in [
        (2, "too old\n", 2, Some(r#", POST /v1/logs was answered with 200 and "too old\n")"#)),
        (9, "", 3, Some(", POST /v1/logs was answered with 200)")),
        (1, &"x".repeat(201), 1, Some(", POST /v1/logs was answered with 200)")),
        (0, "a warning", 0, None),
    ] {
        with(r#"{"format":"otlp","batch":{"max_records":3}}"#, |root| {
            exchanges(root, &["/a", "/b", "/c"]);
            let call = &sent(root)[0];
            let partial =
                ExportLogsPartialSuccess { rejected_log_records: rejected, error_message: message.to_owned() };
            let answer = ExportLogsServiceResponse { partial_success: Some(partial) }.encode_to_vec();
            // A number below 128 and ASCII are text.
            let answer = String::from_utf8_lossy(&answer).into_owned();
            root.answer(call.token, &[(":status", "200")], &answer);
            let numbers = balanced();
            assert_eq!((numbers["exported"], numbers["dropped_rejected"]), (3 - lost, lost));
            assert_eq!(numbers["export_failures"], 0);
            let report = host(|host| host.log.iter().find(|line| line.contains("lost ")).cloned());
            match said {
                None => assert_eq!(report, None),
                Some(said) => {
                    let report = report.expect("a report");
                    assert!(
                        report.contains(&format!("records lost since the last report: {lost};"))
                            && report.ends_with(said),
                        "{report}"
                    );
                }
            }
        });
    }
}

/// The others' collectors may say what they like.
#[test]
fn only_this_format_s_answers_are_read() {
    with("", |root| {
        exchanges(root, &["/a"]);
        root.answer(sent(root)[0].token, &[(":status", "200")], "\n\x02\x08\x01");
        assert_eq!((balanced()["exported"], balanced()["dropped_rejected"]), (1, 0));
    });
}

#[test]
fn a_record_larger_than_the_queue_is_cut_to_fit() {
    for body in [500, 1_000, 3_000, 100_000] {
        with(r#"{"format":"otlp","queue":{"max_bytes":1024}}"#, |root| {
            let stream = root.stream(2).request_headers(&[(":path", "/"), ("content-type", "text/plain")]);
            let stream = stream.last_of_request("ä".repeat(body).as_bytes()).response_headers(OK);
            stream.last_of_response("ö".repeat(body).as_bytes()).log().end();
            let sent = sent(root);
            assert_eq!((sent.len(), balanced()["dropped_too_large"]), (1, 0), "{body}");
            let record = &decode(&sent[0].body).resource_logs[0].scope_logs[0].log_records[0];
            assert!(record.encoded_len() <= 1024, "{}", record.encoded_len());
            // No more is cut than must be: each name that tells of a cut has 57 bytes at most.
            assert!(record.encoded_len() > 1024 - 2 * 57 - 12, "{}", record.encoded_len());
        });
    }
}
