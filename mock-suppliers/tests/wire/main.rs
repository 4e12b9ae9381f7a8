//! The mocks over real sockets, with a raw client that signs by its own code.
//!
//! A mock that errs makes every test of the gateway worthless, so each wire format, each fault and the book are shown
//! here to do what they say.

mod book;
mod client;
mod dedupe;
mod faults;
mod formats;
mod notifications;
