//! The settlement protocol, explored state by state.
//!
//! One order, two nodes, two suppliers, a network and a store that misbehave within named bounds.
//! What the gateway decides is not modelled: `domain` below *is* the gateway's source, and every
//! decision in here is made by its `accept`, `decide` and `evolve`. The model owns only the world
//! around them: who looks, what arrives, what is lost, when a node dies, what a supplier books.
//!
//! Deliberately absent: HTTP, dialects, SQL, permits and the router. A plan may name any supplier at
//! any time, and a step may be taken whether it is due or not, so safety cannot rest on them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

#[path = "../../../src/domain/mod.rs"]
pub mod domain;

pub mod cast;
pub mod desk;
pub mod explore;
pub mod flaws;
pub mod laws;
pub mod moves;
pub mod record;
pub mod search;
pub mod settle;
pub mod shipped;
pub mod steps;
pub mod story;
pub mod told;
pub mod world;
