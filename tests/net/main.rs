//! The wire against real sockets: what leaves, how often, and what each failure may be called.
//!
//! The servers are raw TCP, so that they can misbehave byte by byte and count what they were sent.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests stop where they stand"
)]

mod certificate;
mod pooling;
mod replies;
mod sending;
mod server;
mod shops;
mod tls;
