//! `?watch=true`: a line for each change of what is looked at, as long as the client stays.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{Channel, Either};
use hyper::Response;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};

use super::resources::Resource;
use super::selector::Selector;
use super::state::State;
use super::status::Answer;

/// What is looked at, and from when on.
pub(crate) struct Watch {
    pub(crate) resource: &'static Resource,
    pub(crate) namespace: Option<String>,
    pub(crate) selector: Selector,
    /// Nothing before this version; without it, first all that is there.
    pub(crate) after: Option<u64>,
    /// Whether a bookmark says that this was all that was there, as kubectl 1.36 asks:
    /// <https://kubernetes.io/docs/reference/using-api/api-concepts/#streaming-lists>.
    pub(crate) initial: bool,
    pub(crate) timeout: Duration,
}

impl Watch {
    /// Answers at once; the changes follow.
    pub(crate) fn start(self, state: Arc<State>) -> Answer {
        let (sender, body) = Channel::new(16);
        tokio::spawn(async move {
            let timeout = self.timeout;
            // over or not, the client asks again
            let _ = tokio::time::timeout(timeout, self.run(&state, sender)).await;
        });
        let mut response = Response::new(Either::Right(body));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }

    async fn run(self, state: &State, mut sender: http_body_util::channel::Sender<Bytes>) {
        let mut news = state.store().news();
        let mut after = self.after;
        loop {
            news.mark_unchanged();
            let (lines, version) = self.lines(state, after);
            after = Some(version);
            for line in lines {
                if sender.send_data(Bytes::from(format!("{line}\n"))).await.is_err() {
                    return;
                }
            }
            if news.changed().await.is_err() {
                return;
            }
        }
    }

    fn lines(&self, state: &State, after: Option<u64>) -> (Vec<Value>, u64) {
        let store = state.store();
        let line = |verb: &str, object: &Value| json!({ "type": verb, "object": object });
        let is_here =
            |object: &Value| self.namespace.as_ref().is_none_or(|name| object["metadata"]["namespace"] == **name);
        let lines = match after {
            Some(version) => {
                let events = store.events(version).filter(|event| event.resource == self.resource);
                let seen = events.filter(|event| is_here(&event.object) && self.selector.fits(&event.object));
                seen.map(|event| line(event.verb, &event.object)).collect()
            }
            None => {
                let objects = store.list(self.resource, self.namespace.as_deref());
                let there = objects.filter(|object| self.selector.fits(object)).map(|object| line("ADDED", object));
                let end = json!({
                    "apiVersion": self.resource.api_version(), "kind": self.resource.kind,
                    "metadata": {
                        "resourceVersion": store.version().to_string(),
                        "annotations": { "k8s.io/initial-events-end": "true" },
                    },
                });
                there.chain(self.initial.then(|| line("BOOKMARK", &end))).collect()
            }
        };
        (lines, store.version())
    }
}
