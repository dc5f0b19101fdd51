//! Wire formats: each makes the bytes of a [`Record`](crate::capture::record::Record).

pub mod apiclarity;
mod base64;
mod decimal;
pub mod envelope;
pub mod framing;
pub mod json;
pub mod otlp;
pub mod publish;
pub mod spec;

use spec::Spec;

/// Every wire format. The first is the default.
pub static FORMATS: [&Spec; 3] = [&publish::SPEC, &apiclarity::SPEC, &otlp::SPEC];
