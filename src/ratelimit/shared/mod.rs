//! One contract shared by several processes: the arithmetic, without a socket.
//!
//! Time is cut into places. `nodes` processes share a contract; where its rate and burst allow, each
//! has a place of its own, a part of the contract that it may use alone. While processes are seen
//! in Redis their places are one pool, and the pool hands out slots: instants at which one request
//! may go, no more than `slack` late. A process that loses Redis waits until the pool must have
//! noticed and what it handed out is over, and then uses its own place, from an empty bucket.
//!
//! Invariant: every process is in the pool or alone, never both, and whatever changes (a process
//! comes or goes, Redis forgets, the contract changes) the pool starts empty behind every slot handed
//! out before. So over all processes no window exceeds the contract. Deliberately absent: saving up;
//! a slot that is not used in time is lost.

mod member;
mod tap;

pub use member::{Member, Move};
pub use tap::Tap;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::domain::limits::{Limits, Rate};

/// A slot lies at most this far ahead of the moment it is handed out, in microseconds.
pub const HORIZON_US: u64 = 200_000;
/// A process that was not seen for this long is no longer in the pool, in microseconds.
pub const LIVE_US: u64 = 600_000;
/// A question that reaches Redis later than this after it was asked is not answered, in microseconds.
pub const STALE_US: u64 = 50_000;
/// No call to Redis is waited for longer than this, in microseconds.
pub const CALL_US: u64 = 20_000;
const LEAST_SLACK_US: u64 = 30_000;
/// A slot is lost when it was not used within this time, in microseconds, whatever the contract.
pub const MOST_SLACK_US: u64 = 200_000;
const MINUTE_US: u64 = 60_000_000;
/// No question asks for more slots than this.
const MOST_ASKED: u64 = 200;

/// Which of how many processes this one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    /// Its number, from 0.
    pub node: u16,
    /// How many there are, at least 1.
    pub nodes: u16,
}

/// One operation's contract as the processes share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// The contract.
    pub rate: Rate,
    /// From one request to the next at the full rate, rounded up, in microseconds.
    pub step_us: u64,
    /// How late a slot may be used, in microseconds.
    pub slack_us: u64,
    /// How many processes have a place of their own: those numbered below this.
    pub places: u32,
}

impl Terms {
    /// The contract among `nodes` processes.
    #[must_use]
    pub fn new(rate: Rate, nodes: u16) -> Self {
        let rate = Rate {
            per_minute: rate.per_minute.max(1),
            burst: rate.burst.max(1),
        };
        let step_us = MINUTE_US.div_ceil(u64::from(rate.per_minute));
        let spare_us = step_us.saturating_mul(u64::from(rate.burst).saturating_sub(1));
        Self {
            rate,
            step_us,
            slack_us: spare_us.clamp(LEAST_SLACK_US, MOST_SLACK_US),
            places: u32::from(nodes.max(1)).min(rate.burst).min(rate.per_minute),
        }
    }

    /// What a process may use alone; nothing where the contract has no place for it.
    #[must_use]
    pub fn alone(&self, node: u16) -> Option<Rate> {
        (u32::from(node) < self.places).then(|| Rate {
            per_minute: self.rate.per_minute.checked_div(self.places).unwrap_or(1),
            burst: self.rate.burst.checked_div(self.places).unwrap_or(1),
        })
    }

    /// How many slots a process asks for at once when it could use any number.
    #[must_use]
    pub fn most_asked(&self, nodes: u16) -> u64 {
        let in_time = HORIZON_US.div_ceil(self.step_us.max(1));
        let fair = in_time.max(u64::from(self.rate.burst)).div_ceil(u64::from(nodes.max(1)));
        fair.clamp(1, MOST_ASKED)
    }
}

/// A process's part of everything that is not a rate: requests in flight, and the orders and the money of
/// a day, by equal shares. A day's odd orders go to the first processes.
#[must_use]
pub fn own_share(limits: &Limits, seat: Seat) -> Limits {
    let nodes = u32::from(seat.nodes.max(1));
    let orders = |all: u32| {
        let odd = all.checked_rem(nodes).unwrap_or(0);
        let even = all.checked_div(nodes).unwrap_or(all);
        even.saturating_add(u32::from(u32::from(seat.node) < odd))
    };
    Limits {
        concurrency: limits.concurrency.checked_div(nodes).unwrap_or(1),
        reserved_for_doubt: limits.reserved_for_doubt.checked_div(nodes).unwrap_or(0),
        daily_orders: limits.daily_orders.map(orders),
        daily_cost_minor: limits.daily_cost_minor.map(|all| all.checked_div(i64::from(nodes)).unwrap_or(all)),
        ..limits.clone()
    }
}

fn micros(us: u64) -> Duration {
    Duration::from_micros(us)
}
