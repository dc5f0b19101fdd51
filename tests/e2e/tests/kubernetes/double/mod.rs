//! The double of the API server itself: it is to answer the real kubectl as an API server does.

mod applying;
mod exec;
mod objects;
mod rollouts;
