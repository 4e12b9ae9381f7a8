//! The mocks over real sockets, with a raw client that signs by its own code.
//!
//! A mock that errs makes every test of the gateway worthless, so each wire format, each fault and the book are shown
//! here to do what they say.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on should stop where it stands"
)]

mod book;
mod client;
mod dedupe;
mod faults;
mod formats;
mod notifications;
