//! Permits: the right to send one request to a supplier now.
//!
//! A supplier has one `Lane`. It keeps a rate for each operation (submit, query, balance), a cap
//! on requests in flight with a share that only queries of attempts in doubt may use, and the
//! supplier's queue of waiting orders: round robin over shops, first in first out within a shop.
//!
//! Invariants: over any stretch of time the permits handed out and not given back stay within the
//! contract (`burst` plus the rate times the time), and so do the requests of this process that leave,
//! whatever came between; a waiting order leaves the queue only through `next` or `forget`; no
//! operation can starve another; dropping any future loses nothing.
//!
//! Deliberately absent: memory. Nothing is stored, so a bucket starts empty and a process that
//! dies and comes back in a loop never sends more than the contract allows. Absent, too, is any
//! task of its own: whoever waits carries the timer.

mod bucket;
mod desk;
mod exit;
mod lane;
mod pace;
mod queue;
pub mod shared;
mod source;

pub use lane::{Lane, Permit};
pub use pace::{Heard, Learnt};
pub use queue::Waiting;

#[cfg(test)]
mod rig;
#[cfg(test)]
mod tests;
