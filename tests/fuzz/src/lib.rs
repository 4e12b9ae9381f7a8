//! Every reader of bytes from outside, under seeded damage.
//!
//! A reader is a door of the gateway as it ships: an adapter, the shop API as an actix service, an
//! import, a configuration file. Its corpus is what that door is made for: the dialects' own samples, the
//! files this repository ships, and those kept in `corpus/`. Each input is a function of the seed, the
//! reader's name and the input's number, so a failure is repeated by those three.
//!
//! An input fails when the reader panics, is slower than `trial::MAX_TIME`, holds more memory than
//! `trial::MAX_HELD_BYTES`, or breaks a promise that its reader states. Deliberately absent: coverage
//! guidance, which needs another compiler than the one that is pinned (docs/decisions/0053).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

pub mod corpus;
pub mod damage;
pub mod dice;
pub mod readers;
pub mod run;
pub mod story;
pub mod trial;
