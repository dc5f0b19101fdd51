//! The last exchanges, bounded in number and in bytes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::exchange::Exchange;

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub exchanges: usize,
    pub bytes: usize,
}

/// What is kept. Each exchange has a number; the first one's is 1.
pub struct Store {
    limits: Limits,
    kept: Mutex<Kept>,
    last: watch::Sender<u64>,
}

#[derive(Default)]
struct Kept {
    exchanges: VecDeque<(Arc<Exchange>, usize)>,
    bytes: usize,
    /// The number of the last one that was added.
    last: u64,
}

/// Some exchanges with their numbers, the oldest first.
pub type Numbered = Vec<(u64, Arc<Exchange>)>;

impl Store {
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, kept: Mutex::default(), last: watch::Sender::new(0) }
    }

    /// Keeps these, and forgets the oldest ones until all are within the limits.
    pub fn add(&self, exchanges: impl IntoIterator<Item = Arc<Exchange>>) {
        let mut kept = self.lock();
        for exchange in exchanges {
            let bytes = exchange.memory();
            kept.exchanges.push_back((exchange, bytes));
            kept.bytes += bytes;
            kept.last += 1;
        }
        while kept.exchanges.len() > self.limits.exchanges || kept.bytes > self.limits.bytes {
            let Some((_, bytes)) = kept.exchanges.pop_front() else { break };
            kept.bytes -= bytes;
        }
        let last = kept.last;
        drop(kept);
        self.last.send_replace(last);
    }

    /// How much is kept.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// How many are kept, and about how many bytes they take.
    #[must_use]
    pub fn kept(&self) -> (usize, usize) {
        let kept = self.lock();
        (kept.exchanges.len(), kept.bytes)
    }

    /// The exchange with this number, if it is still there.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<Arc<Exchange>> {
        let kept = self.lock();
        let at = usize::try_from(number.checked_sub(kept.first())?).ok()?;
        kept.exchanges.get(at).map(|(exchange, _)| Arc::clone(exchange))
    }

    /// Up to `most` of those after this number: the first of them that is still there comes first.
    #[must_use]
    pub fn after(&self, number: u64, most: usize) -> Numbered {
        let kept = self.lock();
        let first = kept.first();
        let skip = usize::try_from(number.saturating_add(1).saturating_sub(first)).unwrap_or(usize::MAX);
        let from = skip.min(kept.exchanges.len());
        let to = from.saturating_add(most).min(kept.exchanges.len());
        let exchanges = kept.exchanges.range(from..to).map(|(exchange, _)| Arc::clone(exchange));
        (first + from as u64..).zip(exchanges).collect()
    }

    /// The number of the last exchange, as it changes.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// The number of the oldest one that is kept.
    fn first(&self) -> u64 {
        self.last + 1 - self.exchanges.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Limits, Store};
    use crate::exchange::Exchange;

    fn exchange(path: &str) -> Arc<Exchange> {
        Arc::new(Exchange { path: path.to_owned(), ..Exchange::default() })
    }

    #[test]
    fn forgets_the_oldest_by_number() {
        let store = Store::new(Limits { exchanges: 2, bytes: usize::MAX });
        store.add(["/1", "/2", "/3"].map(exchange));
        assert_eq!(store.get(1), None);
        assert_eq!(store.get(3).map(|exchange| exchange.path.clone()).as_deref(), Some("/3"));
        assert_eq!(store.get(4), None);
        let numbers = |after, most| store.after(after, most).iter().map(|(number, _)| *number).collect::<Vec<_>>();
        assert_eq!(
            (numbers(0, 9), numbers(2, 9), numbers(3, 9), numbers(0, 1)),
            (vec![2, 3], vec![3], vec![], vec![2])
        );
        assert_eq!(numbers(u64::MAX, 9), [0_u64; 0]);
        assert_eq!(*store.watch().borrow(), 3);
    }

    #[test]
    fn forgets_the_oldest_by_bytes() {
        let one = exchange("/1").memory();
        let store = Store::new(Limits { exchanges: 100, bytes: one * 3 });
        store.add((0..9).map(|_| exchange("/1")));
        assert_eq!(store.kept(), (3, one * 3));
        // More than all that may be kept is not kept.
        store.add([exchange(&"x".repeat(one * 3))]);
        assert_eq!(store.kept(), (0, 0));
        assert!(store.after(0, 9).is_empty());
    }
}
