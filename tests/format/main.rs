//! What each wire format makes of a record.

mod apiclarity;
mod publish;
mod strings;
