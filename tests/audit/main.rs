//! The auditor is proven here: it finds nothing in what the store has written, and every kind of
//! damage that is planted with SQL behind the store's back.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

mod damage;
mod scene;
#[path = "../store/world.rs"]
#[expect(dead_code, reason = "the stores' world, of which the auditor needs a part")]
mod world;
