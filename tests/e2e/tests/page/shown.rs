//! Compares what the page's API gives of one exchange that came in two formats.

use serde_json::{Value, json};

/// What a format has no place for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lacks {
    /// Trailers; with `grpc_status` all but gRPC's status.
    trailers: bool,
    grpc_status: bool,
    /// The order of headers of different names, and the empty query of `/path?`.
    order: bool,
}

impl Lacks {
    pub(crate) fn of(format: &str) -> Self {
        match format {
            "publish" => Self { trailers: false, grpc_status: false, order: false },
            "apiclarity" => Self { trailers: true, grpc_status: true, order: false },
            "otlp" => Self { trailers: true, grpc_status: false, order: true },
            other => panic!("the format {other} is new: say here what it has no place for"),
        }
    }
}

/// Where an exchange in another format is shown otherwise than the same one in the format `publish`.
pub(crate) fn differences(publish: &Value, other: &Value, lacks: Lacks) -> Vec<String> {
    let [expected, shown] = [publish, other].map(|exchange| comparable(exchange, lacks));
    let mut differences = Vec::new();
    for (name, value) in expected.as_object().expect("an object") {
        if shown[name] != *value {
            differences.push(format!(
                "{name}: {:.500}\n    instead of {:.500}",
                shown[name].to_string(),
                value.to_string()
            ));
        }
    }
    for direction in ["request", "response"] {
        let [expected, shown] = [publish, other].map(|exchange| &exchange[direction]);
        if shown["size"] != expected["size"] && !may_be_unknown(expected, shown) {
            differences.push(format!("{direction}: a size of {} instead of {}", shown["size"], expected["size"]));
        }
        // What could not be decoded is told of; without the coded bytes there is nothing to tell of.
        if shown["fault"] != expected["fault"] && !shown["body"].as_str().expect("text").is_empty() {
            differences.push(format!("{direction}: a fault {} instead of {}", shown["fault"], expected["fault"]));
        }
    }
    differences
}

/// Without the content coding and without a length, nobody knows how long a body was.
fn may_be_unknown(expected: &Value, shown: &Value) -> bool {
    shown["size"].is_null() && expected["decoded"].is_string()
}

fn comparable(exchange: &Value, lacks: Lacks) -> Value {
    let message = |message: &Value| {
        let mut trailers = message["trailers"].as_array().expect("a list").clone();
        if lacks.trailers {
            trailers.retain(|trailer| trailer[0] == "grpc-status" && !lacks.grpc_status);
        }
        let mut headers = message["headers"].as_array().expect("a list").clone();
        if lacks.order {
            headers.sort_by_key(|header| header[0].to_string());
        }
        let content = if message["decoded"].is_string() { &message["decoded"] } else { &message["body"] };
        json!({
            "version": message["version"], "type": message["type"], "headers": headers, "trailers": trailers,
            "content": content, "truncated": message["truncated"],
        })
    };
    let mut comparable = exchange.clone();
    comparable["request"] = message(&exchange["request"]);
    comparable["response"] = message(&exchange["response"]);
    comparable
}
