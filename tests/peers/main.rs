//! Several gateways, each a process with a database of its own, one set of suppliers, and a Redis
//! between them that is stopped, killed and started again. Judged by the suppliers' own counts.
//!
//! Needs Debian's redis-server and says so where there is none. Only loopback is used.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

mod contract;
mod counted;
mod gossip;
mod limits;
#[path = "../chaos/process.rs"]
#[expect(dead_code, reason = "the drills of one process look at more of it")]
mod process;
mod redis;
#[path = "../chaos/shop.rs"]
#[expect(dead_code, reason = "the drills of one process look at more of an answer")]
mod shop;
mod world;
