//! Waiting for something to become true, with a deadline instead of a guess.

use std::time::{Duration, Instant};

/// How long anything may take: machines are noisy, and Envoy in a container starts slower.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Waits until `ready` gives a value.
///
/// # Panics
/// After [`DEADLINE`], naming `what` was waited for.
pub async fn until<T>(what: impl AsRef<str>, ready: impl FnMut() -> Option<T>) -> T {
    let value = within(DEADLINE, ready).await;
    value.unwrap_or_else(|| panic!("waited {} s in vain for {}", DEADLINE.as_secs(), what.as_ref()))
}

/// Waits until `ready` gives a value, or until the time is over.
pub async fn within<T>(time: Duration, mut ready: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + time;
    loop {
        if let Some(value) = ready() {
            return Some(value);
        }
        if Instant::now() > deadline {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}
