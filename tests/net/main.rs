//! The wire against real sockets: what leaves, how often, and what each failure may be called.
//!
//! The servers are raw TCP, so that they can misbehave byte by byte and count what they were sent.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    clippy::allow_attributes,
    reason = "tests stop where they stand, and the servers under them have clocks and tasks of their own"
)]

mod certificate;
mod pooling;
mod replies;
mod sending;
mod server;
mod shops;
mod tls;
