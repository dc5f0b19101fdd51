//! One exchange while it passes: what is kept of it, and what is hidden.

mod bodies;
mod body;
mod headers;
mod inflate;
mod redact;
mod redact_bodies;
