//! The filter's life in Envoy, without Envoy: these tests define the host functions that the filter imports and call
//! the callbacks that it exports, in every order that Envoy may, and in some that it does not.

mod drive;
mod host;
mod imports;
mod stream;

mod configuration;
mod exchange;
mod order;
mod replies;
