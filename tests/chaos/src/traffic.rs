//! The exchanges of one client, decided by the seed: what it asks, what the upstream does with it, and so what must come.

use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use http_trace_e2e::bootstrap::NOWHERE;
use http_trace_e2e::case::{Abort, Case};
use http_trace_e2e::client::Protocol;
use http_trace_e2e::message::End;
use http_trace_e2e::reply::{Finish, Reply};
use http_trace_e2e::request::{Framing, Request};

/// What the client must see. Who answers is known: the upstream acts by the request's id, and the path names a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The status; 0: no answer, because the client left before it.
    pub status: u16,
    /// The body; `None`: Envoy's own text.
    pub body: Option<Bytes>,
    /// How the answer ends.
    pub end: End,
    /// It is one to `HEAD`: whoever gives it, it has no body.
    pub to_head: bool,
}

/// One exchange.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Its number in the run; the id of its request is made of it.
    pub number: u64,
    /// What is sent and what the upstream does.
    pub case: Case,
    /// What must come.
    pub expected: Expected,
    /// Whether the connection of the exchange before is used, and kept for the next.
    pub keep_alive: bool,
    /// How long the client waits before it.
    pub pause: Duration,
}

/// The exchanges of one client.
#[derive(Debug)]
pub struct Traffic {
    random: Rng,
    faults: bool,
    next: u64,
    step: u64,
}

impl Traffic {
    /// Those of client `client` of `clients`. Without `faults` nobody goes away and nothing fails.
    #[must_use]
    pub fn new(seed: u64, client: u64, clients: u64, faults: bool) -> Self {
        // Any two clients, and any two seeds, must differ.
        let mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ client.wrapping_mul(0xd1b5_4a32_d192_ed03);
        Self { random: Rng::with_seed(mixed), faults, next: client, step: clients }
    }

    /// The next one; `id` makes ids of numbers.
    pub fn next(&mut self, id: impl Fn(u64) -> String) -> Planned {
        let number = self.next;
        self.next += self.step;
        let (request, reply, abort) = match self.random.u32(0..if self.faults { 100 } else { 65 }) {
            0..65 => self.ordinary(number),
            65..85 => self.failing(number),
            _ => self.abandoned(number),
        };
        let expected = expected(&request, &reply, abort);
        let protocol = if self.random.u32(0..100) < 12 { Protocol::H2 } else { Protocol::H1 };
        let mut case = Case::new(format!("exchange {number}"), protocol, request, reply).abort(abort);
        case.request.id = id(number);
        let keep_alive = protocol == Protocol::H1 && abort == Abort::Never && self.random.u32(0..100) < 60;
        Planned { number, case, expected, keep_alive, pause: Duration::from_millis(self.random.u64(10..60)) }
    }

    fn ordinary(&mut self, number: u64) -> (Request, Reply, Abort) {
        let path = path("", number);
        let (request, reply) = match self.random.u32(0..100) {
            0..45 => (Request::get(&path), Reply::ok(self.body())),
            45..70 => (Request::post(&path, self.body()), Reply::echo()),
            70..80 => {
                // An empty chunk would be the last one.
                let chunks: Vec<Bytes> =
                    [self.body(), self.body()].into_iter().filter(|body| !body.is_empty()).collect();
                (Request::post_chunks(&path, &chunks), Reply::chunks(&chunks))
            }
            80..85 => (Request::new("HEAD", path), Reply::ok(self.body())),
            85..93 => {
                let status = [404, 403, 500, 503, 429][self.random.usize(0..5)];
                (Request::post(&path, self.body()), Reply::status(status).with_body(self.body()))
            }
            93..96 => (Request::get(&path), Reply::status(204)),
            _ => {
                let delay = Duration::from_millis(self.random.u64(20..300));
                (Request::post(&path, self.body()), Reply::echo().after(delay))
            }
        };
        (request.header("x-number", number.to_string()), reply.header("x-number", number.to_string()), Abort::Never)
    }

    /// The upstream, or Envoy in its place, fails.
    fn failing(&mut self, number: u64) -> (Request, Reply, Abort) {
        let post = |prefix: &str, body: Bytes| Request::post(&path(prefix, number), body);
        let (request, reply) = match self.random.u32(0..8) {
            0 => (post("", self.body()), Reply::ok("").finish(Finish::ResetUnanswered)),
            1 => (post("", self.body()), Reply::ok("").finish(Finish::CloseUnanswered)),
            2 | 3 => {
                let some = self.random.usize(1..20_000);
                let framing = if self.random.bool() { Framing::Chunked } else { Framing::Length };
                let reply = Reply::ok(text(number, 20_000)).framed(framing).finish(Finish::ResetAfter(some));
                (Request::get(&path("", number)), reply)
            }
            4 => (post("/timeout", self.body()), Reply::ok("").finish(Finish::HangUnanswered)),
            // Without a body: whether Envoy answers before it has arrived, and says that it closes then, is chance.
            5 => (Request::get(&path("/refused", number)), Reply::ok("")),
            6 => (Request::get(&path("/empty-cluster", number)), Reply::ok("")),
            _ => (Request::get(&path("", number)).host(NOWHERE), Reply::ok("")),
        };
        (request, reply, Abort::Never)
    }

    /// The client goes away.
    fn abandoned(&mut self, number: u64) -> (Request, Reply, Abort) {
        if self.random.bool() {
            let request = Request::post(&path("", number), text(number, 5_000));
            return (request, Reply::echo(), Abort::UpstreamHas(self.random.usize(1..5_000)));
        }
        let some = self.random.usize(1..20_000);
        let reply = Reply::ok(text(number, 20_000)).finish(Finish::HangAfter(some));
        (Request::get(&path("", number)), reply, Abort::ClientHas(some))
    }

    /// Most bodies are small; some are larger than Envoy's buffers.
    fn body(&mut self) -> Bytes {
        let size = match self.random.u32(0..100) {
            0 => self.random.usize(50_000..200_000),
            1..11 => 0,
            _ => self.random.usize(1..2_000),
        };
        text(self.random.u64(..), size)
    }
}

/// The path by which a record is told to be of this exchange and no other.
fn path(prefix: &str, number: u64) -> String {
    format!("{prefix}/exchange/{number}?from=chaos")
}

/// The number in such a path.
#[must_use]
pub fn number_in(path: &str) -> Option<u64> {
    path.split_once("/exchange/")?.1.strip_suffix("?from=chaos")?.parse().ok()
}

fn text(number: u64, size: usize) -> Bytes {
    let start = (number % 26) as u8;
    (0..size).map(|at| b'a' + (start + (at % 26) as u8) % 26).collect::<Vec<u8>>().into()
}

fn expected(request: &Request, reply: &Reply, abort: Abort) -> Expected {
    let to_head = request.method == "HEAD";
    let by_envoy = |status| Expected { status, body: None, end: End::Complete, to_head };
    let whole: Bytes = if reply.echo { request.whole_body() } else { reply.body.concat() }.into();
    let target = request.target.as_slice();
    if request.host == NOWHERE {
        return by_envoy(404);
    }
    if target.starts_with(b"/timeout") {
        return by_envoy(504);
    }
    if target.starts_with(b"/refused") || target.starts_with(b"/empty-cluster") {
        return by_envoy(503);
    }
    match (abort, reply.finish) {
        (Abort::UpstreamHas(_), _) => Expected { status: 0, body: Some(Bytes::new()), end: End::Cut, to_head },
        (Abort::ClientHas(some), _) | (_, Finish::ResetAfter(some)) => {
            Expected { status: reply.status, body: Some(whole.slice(..some)), end: End::Cut, to_head }
        }
        (_, Finish::ResetUnanswered | Finish::CloseUnanswered) => by_envoy(503),
        _ => {
            let body = if to_head { Bytes::new() } else { whole };
            Expected { status: reply.status, body: Some(body), end: End::Complete, to_head }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use http_trace_e2e::message::End;

    use super::{Traffic, number_in, path};

    fn some(seed: u64, client: u64, faults: bool) -> Vec<String> {
        let mut traffic = Traffic::new(seed, client, 3, faults);
        (0..500).map(|_| format!("{:?}", traffic.next(|number| number.to_string()).expected)).collect()
    }

    #[test]
    fn the_seed_and_the_client_decide() {
        assert_eq!(some(1, 0, true), some(1, 0, true));
        assert_ne!(some(1, 0, true), some(2, 0, true));
        assert_ne!(some(1, 0, true), some(1, 1, true));
    }

    #[test]
    fn numbers_differ_and_are_in_the_path() {
        let mut numbers = BTreeSet::new();
        for client in 0..3 {
            let mut traffic = Traffic::new(1, client, 3, true);
            for _ in 0..100 {
                let planned = traffic.next(|number| number.to_string());
                assert!(numbers.insert(planned.number));
                let target = String::from_utf8(planned.case.request.target).unwrap();
                assert_eq!(number_in(&target), Some(planned.number));
            }
        }
        assert_eq!(number_in(&path("/timeout", 12)), Some(12));
        assert_eq!(number_in("/exchange/?from=chaos"), None);
    }

    #[test]
    fn has_every_end_with_faults_and_none_without() {
        let ends = |faults| {
            let mut traffic = Traffic::new(1, 0, 1, faults);
            let expected = (0..2_000).map(|_| traffic.next(|number| number.to_string()).expected);
            expected.map(|expected| (expected.status, expected.end == End::Cut)).collect::<BTreeSet<_>>()
        };
        assert_eq!(
            ends(true).into_iter().collect::<Vec<_>>(),
            [
                (0, true),
                (200, false),
                (200, true),
                (204, false),
                (403, false),
                (404, false),
                (429, false),
                (500, false),
                (503, false),
                (504, false)
            ]
        );
        assert!(ends(false).iter().all(|(status, cut)| !cut && *status != 504 && *status != 0));
    }
}
