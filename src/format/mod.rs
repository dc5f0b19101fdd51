//! Wire formats: each makes the bytes of a [`Record`](crate::capture::record::Record).

pub mod apiclarity;
mod decimal;
pub mod framing;
pub mod json;
pub mod publish;
pub mod spec;

use spec::Spec;

/// Every wire format. The first is the default.
pub static FORMATS: [&Spec; 2] = [&publish::SPEC, &apiclarity::SPEC];
