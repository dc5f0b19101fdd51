//! What Envoy would know: its root contexts, their timers and streams, and the calls that wait for an answer.

use super::{HOSTS, body, headers, is_json, pass};
use crate::{
    drive::{REQUEST, RESPONSE, Root, Stream, balanced, calls, pairs},
    host::host,
    input::Input,
};

/// The last one is refused: its streams pass unseen.
const CONFIGURATIONS: [&str; 8] = [
    "",
    r#"{"batch":{"max_records":3,"linger_ms":5},"queue":{"max_bytes":4096,"max_in_flight":2}}"#,
    r#"{"sampling":{"rate":0.5},"retry":{"max_attempts":2,"initial_backoff_ms":1},"queue":{"overflow":"drop_newest"}}"#,
    r#"{"format":"apiclarity","memory":{"max_bytes":65536},"capture":{"oversize_body":"drop","max_body_bytes":1000}}"#,
    r#"{"sampling":{"hosts":{"interval_ms":100}},"batch":{"max_records":9,"framing":"array"}}"#,
    r#"{"sampling":{"hosts":{"until_known":"none"}},"capture":{"content_types":["application/*"]},"mesh":"kuma"}"#,
    r#"{"capture":{"content_encoding":"decode"},"redact":{"body_fields":["a"],"query_params":["b"],"headers":["x-*"]}}"#,
    "[]",
];
const REFUSED: usize = CONFIGURATIONS.len() - 1;

/// A root context.
struct Plugin {
    root: Root,
    accepted: bool,
    /// The timer's period in milliseconds; 0: it is off.
    tick: u32,
    /// Its configuration was replaced: it is asked to go when its last stream has gone.
    replaced: bool,
    asked: bool,
}

struct Open {
    stream: Stream,
    root: u32,
}

struct Pending {
    root: u32,
    token: u32,
}

pub(super) struct Proxy {
    plugins: Vec<Plugin>,
    streams: Vec<Open>,
    pending: Vec<Pending>,
    /// The next context's id.
    next: u32,
    /// Streams that ended.
    ended: i64,
}

/// What a callback finds that asks for the request's map: it was not there before, or has changed.
fn request_map(input: &mut Input<'_>) {
    let headers = if input.flag() { headers(input) } else { Vec::new() };
    host(|host| host.maps.insert(REQUEST, pairs(&headers)));
}

impl Proxy {
    /// One filter, or two in one chain.
    pub(super) fn start(input: &mut Input<'_>) -> Self {
        host(|host| {
            // Metrics and tokens stay: the filter defines its metrics once in a thread, and the SDK keeps tokens.
            host.metrics.iter_mut().for_each(|(_, value)| *value = 0);
            host.maps.clear();
            host.buffers.clear();
            host.properties.clear();
            host.calls.clear();
            host.log.clear();
            (host.refuse, host.refuse_properties) = (None, None);
            (host.tick, host.ticks_set, host.done, host.now) = (0, 0, 0, 0);
        });
        let mut proxy = Self { plugins: Vec::new(), streams: Vec::new(), pending: Vec::new(), next: 1, ended: 0 };
        for _ in 0..=input.below(2) {
            proxy.configure(input);
        }
        proxy
    }

    fn configure(&mut self, input: &mut Input<'_>) {
        let index = input.below(CONFIGURATIONS.len() as u8);
        let (root, accepted) = Root::configure(self.next, CONFIGURATIONS[index]);
        assert_eq!(accepted, index != REFUSED, "{}", CONFIGURATIONS[index]);
        self.next += 1;
        self.plugins.push(Plugin { root, accepted, tick: 0, replaced: false, asked: false });
        self.observe(root.0);
    }

    // === what happens ===

    pub(super) fn open(&mut self, input: &mut Input<'_>) {
        let plugin = &self.plugins[input.below(8) % self.plugins.len()];
        if self.streams.len() < 30 && !plugin.replaced {
            let open = Open { stream: plugin.root.stream(self.next), root: plugin.root.0 };
            self.next += 1;
            self.streams.push(open);
        }
    }

    pub(super) fn request_headers(&mut self, input: &mut Input<'_>) {
        let headers = headers(input);
        self.with(input, |open, _| {
            open.stream.request_headers(&headers);
        });
    }

    /// Names of any bytes, which another filter made, or a map that is none.
    pub(super) fn raw_headers(&mut self, input: &mut Input<'_>) {
        self.with(input, |open, input| {
            host(|host| host.raw_map = Some(input.bytes().to_vec()));
            open.stream.request_headers::<&str>(&[]);
            host(|host| host.raw_map = None);
        });
    }

    /// Envoy may have answered before the filter saw the request, whose map is there or not.
    pub(super) fn response_headers(&mut self, input: &mut Input<'_>) {
        let headers = headers(input);
        self.with(input, |open, input| {
            request_map(input);
            open.stream.response_headers(&headers);
        });
    }

    pub(super) fn request_body(&mut self, input: &mut Input<'_>) {
        let body = body(input);
        self.with(input, |open, input| {
            _ = if input.flag() { open.stream.request_body(&body) } else { open.stream.last_of_request(&body) };
        });
    }

    pub(super) fn response_body(&mut self, input: &mut Input<'_>) {
        let body = body(input);
        self.with(input, |open, input| {
            _ = if input.flag() { open.stream.response_body(&body) } else { open.stream.last_of_response(&body) };
        });
    }

    pub(super) fn request_trailers(&mut self, input: &mut Input<'_>) {
        let trailers = headers(input);
        self.with(input, |open, _| _ = open.stream.request_trailers(&trailers));
    }

    pub(super) fn response_trailers(&mut self, input: &mut Input<'_>) {
        let trailers = headers(input);
        self.with(input, |open, _| _ = open.stream.response_trailers(&trailers));
    }

    /// Once or more often, or never. What no callback saw may still be in the access log's maps.
    pub(super) fn log(&mut self, input: &mut Input<'_>) {
        self.with(input, |open, input| {
            request_map(input);
            let response = if input.flag() { pairs(&headers(input)) } else { Vec::new() };
            host(|host| host.maps.insert(RESPONSE, response));
            open.stream.log();
        });
    }

    pub(super) fn close(&mut self, input: &mut Input<'_>) {
        if let Some(index) = input.below(30).checked_rem(self.streams.len()) {
            self.end(index);
        }
    }

    fn end(&mut self, index: usize) {
        let Open { stream, root } = self.streams.swap_remove(index);
        stream.end();
        if self.plugins.iter().any(|plugin| plugin.root.0 == root && plugin.accepted) {
            self.ended += 1;
        }
        self.passed(root);
        self.leave();
    }

    pub(super) fn tick(&mut self, input: &mut Input<'_>) {
        let root = self.plugins[input.below(8) % self.plugins.len()].root;
        root.tick();
        self.observe(root.0);
    }

    pub(super) fn answer(&mut self, input: &mut Input<'_>) {
        let headers = headers(input);
        let body = input.choose(&HOSTS);
        if let Some(index) = input.below(64).checked_rem(self.pending.len()) {
            self.answered(index, &headers, body);
        }
    }

    fn answered(&mut self, index: usize, headers: &[(&str, Vec<u8>)], body: &str) {
        let Pending { root, token } = self.pending.swap_remove(index);
        Root(root).answer(token, headers, body);
        self.observe(root);
    }

    /// Envoy keeps what is at work when an update is refused.
    pub(super) fn refused_configuration(&mut self) {
        let root = self.plugins[0].root;
        assert!(!root.reconfigure(CONFIGURATIONS[REFUSED]));
        self.observe(root.0);
    }

    /// A new configuration takes the place of the oldest.
    pub(super) fn replace(&mut self, input: &mut Input<'_>) {
        if self.plugins.len() < 4 {
            self.configure(input);
            if let Some(plugin) = self.plugins.iter_mut().find(|plugin| !plugin.replaced) {
                plugin.replaced = true;
            }
            self.leave();
        }
    }

    /// Nothing fails any more, and the collector takes everything: then nothing is left, though each timer goes off only when the
    /// filter asked for it.
    pub(super) fn finish(mut self) {
        host(|host| (host.refuse, host.refuse_properties) = (None, None));
        host(|host| (host.no_buffers, host.short_buffers) = (false, None));
        host(|host| host.properties.clear());
        while !self.streams.is_empty() {
            self.end(0);
        }
        self.settle();
        let metrics = balanced();
        assert_eq!((metrics["queued"], metrics["in_flight"]), (0, 0), "{metrics:?}");
        self.plugins.iter_mut().for_each(|plugin| plugin.replaced = true);
        self.leave();
        self.settle();
        assert!(self.plugins.is_empty(), "{} contexts do not go", self.plugins.len());
        let metrics = balanced();
        for level in ["queued", "queued_bytes", "in_flight", "captured_bytes", "collector_down"] {
            assert_eq!(metrics[level], 0, "{level}: {metrics:?}");
        }
        assert_eq!(metrics["streams"] + metrics["own_exports"], self.ended, "{metrics:?}");
    }

    // === what the filter does then ===

    /// Answers, and timers that go off where they are set, until nothing is on its way.
    fn settle(&mut self) {
        let mut lost = None;
        for round in 0..300 {
            while !self.pending.is_empty() {
                self.answered(0, &[(":status", b"200".to_vec())], HOSTS[2]);
            }
            let metrics = balanced();
            if round > 1 {
                let now: i64 = metrics.iter().filter(|(name, _)| name.starts_with("dropped_")).map(|(_, n)| n).sum();
                assert_eq!(*lost.get_or_insert(now), now, "everything was taken: {metrics:?}");
            }
            if round > 1 && (metrics["queued"], metrics["in_flight"]) == (0, 0) {
                return;
            }
            // Later than they were asked to: as a busy worker's are.
            pass(3_600_000);
            let timed: Vec<_> =
                self.plugins.iter().filter(|plugin| plugin.tick > 0).map(|plugin| plugin.root).collect();
            for root in timed {
                root.tick();
                self.observe(root.0);
            }
        }
    }

    fn with(&mut self, input: &mut Input<'_>, callback: impl FnOnce(&mut Open, &mut Input<'_>)) {
        if let Some(index) = input.below(30).checked_rem(self.streams.len()) {
            let open = &mut self.streams[index];
            let root = open.root;
            callback(open, input);
            self.passed(root);
        }
    }

    /// A stream of this context had a callback.
    fn passed(&mut self, root: u32) {
        assert!(host(|host| host.calls.is_empty()), "a stream's call would be lost with the stream");
        self.observe(root);
    }

    /// What the filter did in a callback of this context, or of a stream of it.
    fn observe(&mut self, root: u32) {
        for call in calls() {
            is_json(&call);
            self.pending.push(Pending { root, token: call.token });
        }
        let (set, done) = host(|host| (std::mem::take(&mut host.ticks_set), std::mem::take(&mut host.done)));
        let plugin = self.plugins.iter_mut().find(|plugin| plugin.root.0 == root).expect("its context is there");
        if set > 0 {
            plugin.tick = host(|host| host.tick);
        }
        if done > 0 {
            assert!(plugin.asked && done == 1, "done {done} times, asked: {}", plugin.asked);
            self.delete(root);
        }
    }

    /// Asks those to go that are replaced and have no stream left.
    fn leave(&mut self) {
        let roots: Vec<_> = self.plugins.iter().map(|plugin| plugin.root).collect();
        for root in roots {
            let used = self.streams.iter().any(|open| open.root == root.0);
            let plugin = self.plugins.iter_mut().find(|plugin| plugin.root.0 == root.0);
            let Some(plugin) = plugin.filter(|plugin| plugin.replaced && !plugin.asked && !used) else { continue };
            plugin.asked = true;
            let agreed = root.done();
            self.observe(root.0);
            if agreed {
                self.delete(root.0);
            }
        }
    }

    /// Its calls are cancelled: nobody hears of their answers.
    fn delete(&mut self, root: u32) {
        Root(root).delete();
        self.plugins.retain(|plugin| plugin.root.0 != root);
        self.pending.retain(|pending| pending.root != root);
        let left = self.plugins.iter().any(|plugin| plugin.accepted);
        let metrics = balanced();
        assert!(left || metrics["in_flight"] == 0, "nobody waits for them: {metrics:?}");
    }
}
