//! The real program on SQLite, killed, stopped, starved and lied to, and judged by the books of its
//! suppliers, the letters its shops received and its own database.
//!
//! `cargo xtask chaos` builds and runs it, with the feature `failpoints`; the drills under `long` are
//! not part of `cargo xtask test`. Here is the world outside: suppliers, the wire between, shops. What
//! is tried is always a process of its own. Only loopback is used. A drill that needs a program or a
//! right that this machine does not have fails and names it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]
#![expect(clippy::print_stdout, reason = "what was counted is worth reading")]

mod dice;
mod door;
mod drills;
mod http;
mod judge;
mod kills;
mod load;
mod long;
mod process;
mod proxy;
mod rest;
mod shop;
mod world;
