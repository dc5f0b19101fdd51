//! What each wire format makes of a record.

mod apiclarity;
mod otlp;
mod publish;
mod strings;
