//! The live rows, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use serde::Serialize;

use super::Shared;
use crate::exchange::Exchange;

/// How often there is an event at most, and how many rows it has at most: a page keeps up with 8,000 exchanges a second.
const PAUSE: Duration = Duration::from_millis(250);
const ROWS: usize = 2000;

/// How much of a text is in a row: the detail has all of it.
const SHOWN: usize = 512;

/// A row of the table. Names are short: there are many.
#[derive(Serialize)]
struct Row<'a> {
    /// Its number.
    n: u64,
    /// When it started.
    t: u64,
    /// How long it took.
    d: u64,
    method: &'a str,
    scheme: &'a str,
    host: &'a str,
    path: &'a str,
    status: u16,
    /// The sizes of the request's and the response's body.
    q: Option<u64>,
    r: Option<u64>,
    source: &'a str,
    destination: &'a str,
    namespace: &'a str,
    id: &'a str,
}

/// How many are kept at most, so that the page keeps no more.
#[derive(Serialize)]
struct Hello<'a> {
    run: &'a str,
    keep: usize,
}

/// Rows after the one that `last-event-id` names, and then as they come.
pub(super) async fn events(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let Ok(place) = shared.watchers.clone().try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many pages watch\n").into_response();
    };
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.split_once('-'));
    let last = last.filter(|(run, _)| **run == *shared.run).and_then(|(_, number)| number.parse().ok());
    let watch = shared.store.watch();
    // The place is held as long as the stream is.
    let start = (shared, watch, last.unwrap_or(0_u64), true, place);
    let events = stream::unfold(start, |(shared, mut watch, last, is_first, place)| async move {
        if is_first {
            let hello = Hello { run: &shared.run, keep: shared.store.limits().exchanges };
            let event = json("hello", &hello);
            return Some((Ok::<_, Infallible>(event), (shared, watch, last, false, place)));
        }
        let newer = watch.wait_for(|newest| *newest > last).await.is_ok();
        if !newer {
            return None;
        }
        tokio::time::sleep(PAUSE).await;
        let numbered = shared.store.after(last, ROWS);
        let rows: Vec<Row<'_>> = numbered.iter().map(|(number, exchange)| row(*number, exchange)).collect();
        // All may be gone again already, each too large to be kept with the next.
        let last = rows.last().map_or(*watch.borrow(), |row| row.n);
        let event = json("rows", &rows).id(format!("{}-{last}", shared.run));
        Some((Ok(event), (shared, watch, last, false, place)))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
}

fn json(name: &str, data: &impl Serialize) -> Event {
    let event = Event::default().event(name);
    event.data(serde_json::to_string(data).unwrap_or_default())
}

fn row(number: u64, exchange: &Exchange) -> Row<'_> {
    Row {
        n: number,
        t: exchange.start,
        d: exchange.duration(),
        method: start(&exchange.method),
        scheme: start(&exchange.scheme),
        host: start(&exchange.host),
        path: start(&exchange.path),
        status: exchange.status,
        q: exchange.request.size(),
        r: exchange.response.size(),
        source: start(&exchange.source),
        destination: start(&exchange.destination),
        namespace: start(&exchange.namespace),
        id: start(&exchange.request_id),
    }
}

fn start(text: &str) -> &str {
    let mut end = text.len().min(SHOWN);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
