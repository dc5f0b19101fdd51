//! Records that wait to be sent: bounded in bytes, and it hands back what it drops.

use std::{collections::VecDeque, time::Duration};

/// Which record goes when the queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// The one that waited longest.
    DropOldest,
    /// The one that would enter.
    DropNewest,
}

impl Overflow {
    /// Their names in the configuration.
    pub(super) const WORDS: [(&str, Self); 2] = [("drop_oldest", Self::DropOldest), ("drop_newest", Self::DropNewest)];
}

/// Encoded records, first in, first out.
#[derive(Debug, Default)]
pub struct Queue {
    records: VecDeque<(Duration, Vec<u8>)>,
    bytes: usize,
}

impl Queue {
    /// Appends a record that enters `now`. The caller bounds the queue, because it also counts requests in flight.
    pub fn push(&mut self, record: Vec<u8>, now: Duration) {
        self.bytes = self.bytes.saturating_add(record.len());
        self.records.push_back((now, record));
    }

    /// Takes the record that waited longest.
    pub fn pop(&mut self) -> Option<Vec<u8>> {
        let (_, record) = self.records.pop_front()?;
        self.bytes = self.bytes.saturating_sub(record.len());
        Some(record)
    }

    /// Takes the record that entered last.
    pub fn pop_newest(&mut self) -> Option<Vec<u8>> {
        let (_, record) = self.records.pop_back()?;
        self.bytes = self.bytes.saturating_sub(record.len());
        Some(record)
    }

    /// The bytes of a record; that of index 0 waited longest.
    pub fn bytes_of(&self, index: usize) -> Option<usize> {
        self.records.get(index).map(|(_, record)| record.len())
    }

    /// When the record that waited longest entered.
    pub fn first_entered(&self) -> Option<Duration> {
        self.records.front().map(|(entered, _)| *entered)
    }

    /// How many records wait.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether no record waits.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The bytes of all records that wait.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}
