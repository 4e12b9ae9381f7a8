//! Drills that take minutes or the whole machine: run by `cargo xtask chaos`, not with every change.

mod overload;
mod restart;
