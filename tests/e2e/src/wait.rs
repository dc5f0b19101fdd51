//! Waiting for something to become true, with a deadline instead of a guess.

use std::time::{Duration, Instant};

/// How long anything may take: machines are noisy, and Envoy in a container starts slower.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Waits until `ready` gives a value.
///
/// # Panics
/// After [`DEADLINE`], naming `what` was waited for.
pub async fn until<T>(what: impl AsRef<str>, mut ready: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited {} s in vain for {}", DEADLINE.as_secs(), what.as_ref());
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}
