//! Permits: the right to send one request to a supplier now.
//!
//! A supplier has one `Lane`. It keeps a rate for each operation (submit, query, balance), a cap
//! on requests in flight with a share that only queries of attempts in doubt may use, what the supplier
//! takes of orders in a day and how often of one recipient, and the supplier's queue of waiting orders:
//! shops take turns by weight, within a shop the nearest deadline is next.
//!
//! Invariants: over any stretch of time the permits handed out and not given back stay within the
//! contract (`burst` plus the rate times the time), and so do the requests that leave,
//! whatever came between; a waiting order leaves the queue only through `next` or `forget`; no
//! operation can starve another; dropping any future loses nothing.
//!
//! Deliberately absent: memory. Nothing is stored, so a bucket starts empty and a process that
//! dies and comes back in a loop never sends more than the contract allows; what a day has had is told
//! to the lane at a start. Absent, too, is any
//! task of its own: whoever waits carries the timer.

mod booking;
mod bucket;
mod desk;
mod exit;
mod lane;
mod pace;
mod permit;
mod queue;
pub mod shared;
mod source;

pub use booking::{Left, Wanted};
pub use lane::Lane;
pub use pace::{Heard, Learnt};
pub use permit::{NoTurn, Permit};
pub use queue::Waiting;

#[cfg(test)]
mod rig;
#[cfg(test)]
mod tests;
