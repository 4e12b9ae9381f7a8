//! A drill for steering: suppliers that degrade, die, fall silent, slow down, flap, run out of our money
//! or limit harder than agreed, as a seed draws them; one stream of orders; and several rules that
//! choose a supplier for each, all on the same orders and the same fates.
//!
//! Orders are settled by the gateway's own `accept`, `decide` and `evolve`: nobody fails over without
//! proof, whatever the rule. Time is virtual. Deliberately absent: queues and permits; what limits cost
//! is measured elsewhere.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a drill that cannot go on should stop where it stands, and its figures are shares for people"
)]

pub mod contestants;
pub mod figures;
pub mod game;
pub mod world;
