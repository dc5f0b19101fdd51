//! Random orders of callbacks, answers and failing host calls: nothing panics, and the counters always add up.

use crate::{
    drive::{Root, Stream, balanced, calls},
    host::host,
};

/// xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

const CONFIGURATIONS: [&str; 4] = [
    "",
    r#"{"batch":{"max_records":3,"linger_ms":5},"queue":{"max_bytes":4096,"max_in_flight":2}}"#,
    r#"{"sampling":{"rate":0.5},"retry":{"max_attempts":2,"initial_backoff_ms":1},"queue":{"overflow":"drop_newest"}}"#,
    r#"{"memory":{"max_bytes":65536},"capture":{"oversize_body":"drop","max_body_bytes":1000}}"#,
];

fn play(seed: u64) {
    let mut random = Random(seed * 0x9e37_79b9 + 1);
    let root = Root::start(1, CONFIGURATIONS[(seed % 4) as usize]);
    let mut streams: Vec<Stream> = Vec::new();
    let mut in_flight: Vec<u32> = Vec::new();
    let mut next = 10;
    for _ in 0..200 {
        let index = random.below(streams.len().max(1) as u64) as usize;
        let stream = streams.get(index).copied();
        match (random.below(12), stream) {
            (0 | 1, _) if streams.len() < 20 => {
                streams.push(root.stream(next));
                next += 1;
            }
            (2, Some(stream)) => {
                let id = next.to_string();
                stream.request_headers(&[(":path", "/\u{1}\"\\"), (":method", "GET"), ("x-request-id", &id)]);
            }
            (3, Some(stream)) => _ = stream.request_body(&vec![b'x'; random.below(9000) as usize]),
            (4, Some(stream)) => {
                _ = stream.response_headers(&[(":status", ["101", "200", "x"][random.below(3) as usize])]);
            }
            (5, Some(stream)) => _ = stream.response_body(&vec![b'y'; random.below(9000) as usize]),
            (6, Some(stream)) => {
                stream.log().end();
                streams.swap_remove(index);
            }
            (7, Some(stream)) => {
                stream.end();
                streams.swap_remove(index);
            }
            (8, _) => root.tick(),
            (9, _) if !in_flight.is_empty() => {
                let token = in_flight.swap_remove(random.below(in_flight.len() as u64) as usize);
                let status = ["200", "503", "400", "429"][random.below(4) as usize];
                let headers = [(":status", status), ("retry-after", "1")];
                root.answer(token, &headers[..random.below(3) as usize], "");
            }
            (10, _) => host(|host| host.now += random.below(300_000_000)),
            (11, _) => host(|host| host.refuse = [None, Some(2), Some(10)][random.below(3) as usize]),
            _ => {}
        }
        in_flight.extend(calls().iter().map(|call| call.token));
    }
    host(|host| host.refuse = None);
    streams.into_iter().for_each(|stream| stream.log().end());
    // In the end the collector takes everything.
    for _ in 0..1000 {
        host(|host| host.now += 20_000_000_000);
        root.tick();
        in_flight.extend(calls().iter().map(|call| call.token));
        while let Some(token) = in_flight.pop() {
            root.answer(token, &[(":status", "200")], "");
            in_flight.extend(calls().iter().map(|call| call.token));
        }
    }
    let metrics = balanced();
    assert_eq!(
        (metrics["queued"], metrics["in_flight"], metrics["captured_bytes"]),
        (0, 0, 0),
        "seed {seed}: {metrics:?}"
    );
    assert!(metrics["streams"] > 0 && root.done(), "seed {seed}");
}

#[test]
fn nothing_panics_and_the_counters_add_up() {
    for seed in 0..300 {
        // Each in a thread of its own: the SDK's dispatcher and the host are a thread's.
        let played = std::thread::spawn(move || play(seed)).join();
        assert!(played.is_ok(), "seed {seed}");
    }
}
