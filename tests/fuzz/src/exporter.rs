//! Delivery, against a model: records enter, requests go, answers come, time passes, the configuration changes. The model
//! knows where each record is; what the exporter says and does must agree at every step.

mod model;

use crate::input::Input;
use http_trace_filter::{
    delivery::{
        answer::Outcome,
        options::{BatchConfig, QueueConfig, RetryConfig},
        queue::Overflow,
    },
    format::{FORMATS, framing::Framing},
};
use model::Model;
use std::time::Duration;

/// Statuses of each kind: a delivery, a refusal that no retry mends, a passing failure.
const STATUSES: [u16; 12] = [200, 204, 299, 100, 300, 400, 413, 408, 429, 500, 503, 65_535];

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

pub(crate) fn run(input: &[u8]) {
    let mut input = Input::new(input);
    let mut now = Duration::from_secs(1_000);
    let mut current = configured(&mut input);
    // One whose configuration was replaced: it drains while the next is at work.
    let mut leaving: Option<Model> = None;
    while !input.is_empty() {
        let model = match &mut leaving {
            Some(leaving) if input.flag() => leaving,
            _ => &mut current,
        };
        match input.below(10) {
            0..3 => current.enqueue(input.byte(), now),
            3 | 4 => model.send(now),
            5 => model.refuse(now),
            6 => {
                let retry_after = input.flag().then(|| input.choose(&[ms(0), ms(1), ms(3_000), Duration::MAX]));
                let status = input.choose(&STATUSES);
                model.answer(input.byte(), Outcome::Answered { status, retry_after }, now);
            }
            7 => {
                let outcome = match input.below(3) {
                    0 => Outcome::Partly { status: 200, rejected: input.below(4) as u64 },
                    _ => Outcome::Failed,
                };
                model.answer(input.byte(), outcome, now);
            }
            8 => now += input.choose(&[ms(1), ms(7), ms(50), ms(300), ms(4_000_000)]),
            _ => {
                let next = configured(&mut input);
                let mut old = std::mem::replace(&mut current, next);
                old.drain(now);
                if let Some(gone) = leaving.replace(old) {
                    gone.finish(now);
                }
            }
        }
    }
    leaving.into_iter().chain([current]).for_each(|model| model.finish(now));
}

fn configured(input: &mut Input<'_>) -> Model {
    let batch = BatchConfig {
        max_records: input.choose(&[1, 2, 3, 10]),
        max_bytes: input.choose(&[40, 100, 1 << 20]),
        linger: input.choose(&[ms(1), ms(50)]),
        framing: input.choose(&[Framing::Ndjson, Framing::Array]),
    };
    let queue = QueueConfig {
        max_bytes: input.choose(&[20, 60, 200, 1 << 20]),
        max_in_flight: input.choose(&[1, 2, 64]),
        overflow: input.choose(&[Overflow::DropOldest, Overflow::DropNewest]),
    };
    let retry = RetryConfig {
        max_attempts: input.choose(&[1, 2, 3, 100]),
        initial_backoff: input.choose(&[ms(1), ms(200)]),
        max_backoff: input.choose(&[ms(1), ms(1_000)]),
        statuses: input.choose(&[&[][..], &[429], &[408, 429, 5]]).to_vec(),
    };
    let memory = input.choose(&[30, 150, usize::MAX]);
    let seed = input.number();
    let format = FORMATS[(seed % FORMATS.len() as u64) as usize];
    Model::new(format, batch, queue, retry, memory, seed)
}
