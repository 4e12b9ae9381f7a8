//! Attacks on `decide`: stories for each rule, random histories, and every history of a small world.

mod advance;
mod assume;
mod bench;
mod cancel;
mod chaos;
mod desk;
mod explore;
mod laws;
mod money;
mod progress;
mod recall;
mod settle;

/// Sets of facts that are told in two orders; `tests/model/tests/facts.rs` says more for itself.
const SETS_OF_FACTS: u32 = 400;
