//! Whole gateways in one thread: seeded histories of many orders, shops, suppliers and nodes, with every
//! fault of the matrix that needs no real process, and every law checked after every step.
//!
//! The gateway is the one that ships, behind its own seams: `Dispatch`, `Callbacks` and the shop API's
//! handlers over `MemoryStore`. This package owns the rest of the world: time (`time`), chance (`dice`),
//! who goes next (`tasks`), the link to the database (`disk`), the network (`wire`), suppliers with their
//! own books (`supplier`, `notices`), shops with theirs (`shops`), and operators (`desk`) and
//! what strikes from outside (`weather`). `audit` holds the laws against all of it.
//!
//! Invariant: the same seed gives the same trace, to the last step. Deliberately absent: sockets, SQL,
//! threads, real time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

pub mod audit;
pub mod cast;
pub mod desk;
pub mod dice;
pub mod disk;
pub mod history;
pub mod laws;
pub mod logs;
pub mod node;
pub mod notices;
pub mod record;
pub mod scene;
pub mod shops;
pub mod shrink;
pub mod stock;
pub mod story;
pub mod supplier;
pub mod tasks;
pub mod time;
pub mod weather;
pub mod wire;
pub mod words;
pub mod world;

use futures_util::FutureExt;

/// What a future that never waits comes to: reads of the memory store, past the link.
///
/// # Panics
/// When it waits.
pub fn at_once<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("this never waits")
}
