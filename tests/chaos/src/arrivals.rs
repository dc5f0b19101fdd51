//! What arrived at the collector, and what it answered: small enough to be kept for a whole run.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use http_trace_e2e::collector::{Collector, Manner, Post};
use http_trace_e2e::diff::abbreviate;
use serde_json::Value;

use crate::ids::Ids;
use crate::traffic::number_in;

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// The number of its exchange.
    pub number: u64,
    /// The status that it says the client got.
    pub status: u16,
}

/// What the collector made of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was sent a whole 2xx, so long after the request had arrived.
    Acknowledged(Duration),
    /// It was sent a whole answer that no other attempt mends, so long after the request had arrived.
    Rejected(Duration),
    /// It was sent another answer, a part of one, or none.
    Failed,
}

/// One export request that arrived whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub records: Vec<Record>,
    pub answer: Answer,
}

/// Everything that arrived, in its order.
#[derive(Debug, Default)]
pub struct Arrivals {
    posts: Vec<Arrived>,
    /// What is no record of this run.
    pub strange: Vec<String>,
}

#[derive(Debug)]
struct Arrived {
    records: Vec<Record>,
    manner: Manner,
    at: Instant,
    answered: Arc<OnceLock<Instant>>,
}

impl Arrivals {
    /// Takes what the collector has received since the last call.
    pub fn take(&mut self, collector: &Collector, ids: &Ids) {
        for post in collector.take() {
            let records = records(&post, ids).unwrap_or_else(|error| {
                self.strange.push(error);
                Vec::new()
            });
            self.posts.push(Arrived { records, manner: post.manner, at: post.at, answered: post.answered });
        }
    }

    /// What became of each request, once nothing is on its way any more.
    #[must_use]
    pub fn deliveries(self) -> Vec<Delivery> {
        let delivery = |post: Arrived| {
            let after = post.answered.get().map(|answered| answered.duration_since(post.at));
            Delivery { records: post.records, answer: answer(post.manner, after) }
        };
        self.posts.into_iter().map(delivery).collect()
    }
}

fn answer(manner: Manner, after: Option<Duration>) -> Answer {
    match (after, manner) {
        (Some(after), _) if manner.acknowledges() => Answer::Acknowledged(after),
        (Some(after), Manner::Status(400)) => Answer::Rejected(after),
        _ => Answer::Failed,
    }
}

/// The records of a request: one alone, lines, or an array, in either format.
fn records(post: &Post, ids: &Ids) -> Result<Vec<Record>, String> {
    let bad = |error: serde_json::Error| {
        format!("not JSON: {error}: {}", abbreviate(&String::from_utf8_lossy(&post.message.body)))
    };
    let mut found = Vec::new();
    for value in serde_json::Deserializer::from_slice(&post.message.body).into_iter::<Value>() {
        match value.map_err(bad)? {
            Value::Array(values) => found.extend(values),
            value => found.push(value),
        }
    }
    if found.is_empty() {
        return Err(format!("an export request without a record: {:?}", post.message));
    }
    found.iter().map(|value| record(value, ids)).collect()
}

fn record(value: &Value, ids: &Ids) -> Result<Record, String> {
    let text = |publish: &str, apiclarity: &str| {
        value.pointer(publish).or_else(|| value.pointer(apiclarity)).and_then(Value::as_str)
    };
    let number = text("/request_id", "/requestID").and_then(|id| ids.number(id));
    let in_path = text("/scnt_request/path", "/request/path").and_then(number_in);
    let status = text("/scnt_response/status_code", "/response/statusCode").and_then(|status| status.parse().ok());
    match (number, status) {
        (Some(number), Some(status)) if in_path == Some(number) => Ok(Record { number, status }),
        _ => Err(format!("a record of no exchange, or of two: {}", abbreviate(&value.to_string()))),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use http_trace_e2e::collector::{Manner, Post};
    use http_trace_e2e::message::Message;

    use super::{Answer, Record, answer, records};
    use crate::ids::Ids;

    fn post(body: &str) -> Post {
        let message = Message { body: body.into(), ..Message::default() };
        Post { message, at: Instant::now(), manner: Manner::Accept, answered: Arc::default() }
    }

    #[test]
    fn reads_both_formats_and_every_framing() {
        let ids = Ids::new();
        let publish = |number: u64| {
            format!(
                r#"{{"request_id":"{}","scnt_request":{{"path":"/exchange/{number}?from=chaos"}},"scnt_response":{{"status_code":"200"}}}}"#,
                ids.id(number)
            )
        };
        let apiclarity = format!(
            r#"{{"requestID":"{}","request":{{"path":"/exchange/3?from=chaos"}},"response":{{"statusCode":"0"}}}}"#,
            ids.id(3)
        );
        let (one, two, three) =
            (Record { number: 1, status: 200 }, Record { number: 2, status: 200 }, Record { number: 3, status: 0 });
        assert_eq!(records(&post(&publish(1)), &ids), Ok(vec![one]));
        assert_eq!(records(&post(&format!("{}\n{}\n", publish(1), publish(2))), &ids), Ok(vec![one, two]));
        assert_eq!(records(&post(&format!("[{},{apiclarity}]", publish(1))), &ids), Ok(vec![one, three]));
        for strange in [
            String::new(),
            "[]".to_owned(),
            "{}".to_owned(),
            publish(1)[1..].to_owned(),
            publish(1).replace("/exchange/1", "/exchange/2"),
            publish(1).replace(&ids.id(1), &Ids::default().id(1).replace('4', "5")),
        ] {
            assert!(records(&post(&strange), &ids).is_err(), "{strange}");
        }
    }

    #[test]
    fn only_what_was_answered_whole_is_acknowledged() {
        let after = Some(Duration::from_millis(3));
        assert_eq!(answer(Manner::Accept, after), Answer::Acknowledged(Duration::from_millis(3)));
        assert_eq!(answer(Manner::Status(400), after), Answer::Rejected(Duration::from_millis(3)));
        for manner in [Manner::Accept, Manner::Status(400), Manner::Stall, Manner::Reset] {
            assert_eq!(answer(manner, None), Answer::Failed);
        }
        assert_eq!(answer(Manner::Status(503), after), Answer::Failed);
    }
}
