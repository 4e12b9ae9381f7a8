//! Stores are proven here: the same sentences for each, the same random histories to both, and
//! what only the one on a disk can get wrong.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

mod conformance;
mod desk;
mod equivalence;
mod events;
mod gathering;
mod shapes;
mod sqlite;
mod visible;
mod world;
