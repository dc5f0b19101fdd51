//! Which exchanges give a record.

mod decisions;
mod host_name;
mod poll;
