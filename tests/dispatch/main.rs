//! Attacks on the money path: the real `Dispatch` over the memory store, with a wire, clocks and
//! database faults that the test holds in its hands. Nothing here takes real time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that cannot go on should stop where it stands, and may start tasks as it likes"
)]

mod bookings;
mod cards;
mod charges;
mod clocks;
mod faults;
mod frozen;
mod learnt;
mod moving;
mod numbers;
mod quiet;
mod recent;
mod replay;
mod restored;
mod steering;
mod store;
mod times;
mod wire;
mod world;
