//! I13 over a hundred thousand sets of facts: the gateway's own property, in the profile made for searching.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]
#![expect(dead_code, reason = "the bench serves other tests too")]

use model::domain;

#[path = "../../../src/domain/decide/tests/bench.rs"]
mod bench;
#[path = "../../../src/domain/decide/tests/chaos.rs"]
mod chaos;
#[path = "../../../src/domain/decide/tests/laws.rs"]
mod laws;

/// Sets of facts that are told in two orders.
const SETS_OF_FACTS: u32 = 100_000;
