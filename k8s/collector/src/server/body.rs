//! The body of a request, as far as there is room and time for it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};
use tokio::time::timeout;

/// The most bytes of one request. The filter's `batch.max_bytes` is below it.
const MOST: usize = 32 << 20;

/// How long a request may take to arrive.
const TIME: Duration = Duration::from_secs(30);

/// Why there is no body: a status and a reason.
pub(super) type Refusal = (StatusCode, String);

/// A body, and the room that it takes.
pub(super) struct Room {
    pub(super) body: Vec<u8>,
    room: Option<OwnedSemaphorePermit>,
}

impl Room {
    /// Puts something in the body's place that takes so many bytes.
    pub(super) fn becomes(&mut self, bytes: usize, room: &Arc<Semaphore>) -> Result<(), Refusal> {
        self.body = Vec::new();
        let has = self.room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        self.take(bytes.saturating_sub(has), room)
    }

    fn take(&mut self, bytes: usize, room: &Arc<Semaphore>) -> Result<(), Refusal> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let more = Arc::clone(room).try_acquire_many_owned(bytes).map_err(full)?;
        match &mut self.room {
            Some(room) => room.merge(more),
            none => *none = Some(more),
        }
        Ok(())
    }
}

/// Reads all of it.
pub(super) async fn read(body: Body, room: &Arc<Semaphore>) -> Result<Room, Refusal> {
    let late = |_| (StatusCode::REQUEST_TIMEOUT, format!("the body did not arrive within {} s", TIME.as_secs()));
    timeout(TIME, collect(body, room)).await.map_err(late)?
}

async fn collect(mut body: Body, room: &Arc<Semaphore>) -> Result<Room, Refusal> {
    let mut read = Room { body: Vec::new(), room: None };
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| (StatusCode::BAD_REQUEST, format!("the body broke off: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        if read.body.len() + data.len() > MOST {
            let reason = format!("the body has more than {} MiB", MOST >> 20);
            return Err((StatusCode::PAYLOAD_TOO_LARGE, reason));
        }
        read.take(data.len(), room)?;
        read.body.extend_from_slice(&data);
    }
    Ok(read)
}

fn full(_: TryAcquireError) -> Refusal {
    (StatusCode::SERVICE_UNAVAILABLE, "too many requests arrive at the same time: send it again".to_owned())
}
