//! Whether two answers to one request, without the filter and with it, are the same and what they must be.

use http_trace_e2e::diff;
use http_trace_e2e::message::{End, Message};

use crate::traffic::Expected;

/// What a client saw; or why it saw nothing that is HTTP.
pub type Seen = Result<Message, String>;

/// What Envoy answers in the place of an upstream that is away.
const AWAY: &[u8] = b"upstream connect error or disconnect/reset before headers";

/// The differences between the two, and between each and what must come. `calm`: the upstream was there all the time. When
/// it was not, each exchange may have met it before, during or after; then both answers must be of those that Envoy gives.
#[must_use]
pub fn differences(expected: &Expected, calm: bool, without: &Seen, with: &Seen) -> Vec<String> {
    let (without, with) = match (without, with) {
        (Ok(without), Ok(with)) => (without, with),
        (without, with) => {
            let show = |seen: &Seen| seen.as_ref().map_or_else(|error| error.clone(), |message| format!("{message:?}"));
            return vec![format!("no answer: without the filter {}, with it {}", show(without), show(with))];
        }
    };
    let mut found = Vec::new();
    if calm {
        found = diff::messages("the client saw", without, with);
    }
    for (which, message) in [("without the filter", without), ("with the filter", with)] {
        if !is(expected, message) && (calm || !is_of_outage(expected, message)) {
            let body = expected.body.as_ref().map_or("Envoy's".to_owned(), |body| format!("{} bytes", body.len()));
            let Expected { status, end, .. } = expected;
            found.push(format!("{which}: expected {status}, {body}, {end:?}; got {message:?}"));
        }
    }
    found
}

fn is(expected: &Expected, message: &Message) -> bool {
    let body = expected.body.as_ref();
    message.status() == expected.status
        && message.end == expected.end
        && body.is_none_or(|body| message.body == body.as_ref())
}

/// What may come when the upstream goes away: Envoy's 503, or only a part of the answer.
fn is_of_outage(expected: &Expected, message: &Message) -> bool {
    let says_so = message.body.starts_with(if expected.to_head { b"" } else { AWAY });
    let by_envoy = message.status() == 503 && message.end == End::Complete && says_so;
    let begins = expected.body.as_ref().is_some_and(|body| body.starts_with(&message.body));
    by_envoy || (message.status() == expected.status && message.end == End::Cut && begins)
}

#[cfg(test)]
mod tests {
    use http_trace_e2e::message::{End, Message};

    use super::{AWAY, Seen, differences};
    use crate::traffic::Expected;

    fn message(status: u16, body: &[u8], end: End) -> Message {
        let headers = vec![(b"date".to_vec(), b"now".to_vec()), (b"x".to_vec(), b"1".to_vec())];
        let start = format!("HTTP/1.1 {status} OK").into_bytes();
        Message { start, headers, body: body.to_vec(), end, ..Message::default() }
    }

    fn seen(status: u16, body: &[u8], end: End) -> Seen {
        Ok(message(status, body, end))
    }

    fn expected() -> Expected {
        Expected { status: 200, body: Some("whole".into()), end: End::Complete, to_head: false }
    }

    #[test]
    fn the_same_is_the_same() {
        let answer = seen(200, b"whole", End::Complete);
        assert!(differences(&expected(), true, &answer, &answer).is_empty());
        let other_date = Message {
            headers: vec![(b"date".to_vec(), b"later".to_vec()), (b"x".to_vec(), b"1".to_vec())],
            ..message(200, b"whole", End::Complete)
        };
        assert!(differences(&expected(), true, &answer, &Ok(other_date)).is_empty());
    }

    #[test]
    fn whatever_the_filter_changes_is_found() {
        let good = seen(200, b"whole", End::Complete);
        let header = Message { headers: Vec::new(), ..message(200, b"whole", End::Complete) };
        for spoiled in [
            seen(201, b"whole", End::Complete),
            seen(200, b"wholf", End::Complete),
            seen(200, b"whole", End::Cut),
            seen(200, b"whol", End::Cut),
            seen(503, AWAY, End::Complete),
            Ok(header),
            Err("refused".to_owned()),
        ] {
            assert!(!differences(&expected(), true, &good, &spoiled).is_empty(), "{spoiled:?}");
        }
    }

    #[test]
    fn both_may_not_be_wrong_in_the_same_way() {
        let wrong = seen(200, b"other", End::Complete);
        assert_eq!(differences(&expected(), true, &wrong, &wrong).len(), 2);
    }

    #[test]
    fn during_an_outage_only_what_envoy_gives() {
        let good = seen(200, b"whole", End::Complete);
        for permitted in [seen(503, AWAY, End::Complete), seen(200, b"who", End::Cut), good.clone()] {
            assert!(differences(&expected(), false, &good, &permitted).is_empty(), "{permitted:?}");
            assert!(differences(&expected(), false, &permitted, &good).is_empty(), "{permitted:?}");
        }
        for forbidden in [
            seen(503, b"something else", End::Complete),
            seen(503, AWAY, End::Cut),
            seen(500, AWAY, End::Complete),
            seen(200, b"whi", End::Cut),
            seen(200, b"who", End::Complete),
            Err("reset".to_owned()),
        ] {
            assert_eq!(differences(&expected(), false, &good, &forbidden).len(), 1, "{forbidden:?}");
        }
    }
}
