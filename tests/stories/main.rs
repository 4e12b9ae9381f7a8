//! Stories over real HTTP: a shop, the gateway on SQLite as `serve` starts it, suppliers that misbehave.
//!
//! Every story ends with `House::close`, which compares what the shop was told with the suppliers'
//! own books and the ledger: a story cannot pass while an order was charged twice or money is missing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

mod advance;
mod asking;
mod callbacks;
mod demo;
mod desk;
mod faults;
mod house;
mod kills;
mod limits;
mod matrix;
mod money;
mod notices;
mod outage;
mod recalls;
mod receipts;
mod restarts;
mod shop;
mod statements;
mod telling;
mod voice;
