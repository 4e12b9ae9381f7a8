//! How suppliers are doing: what was seen of them, what it is worth now, and whom it takes out.
//!
//! Everything is a function of the sightings in their order: the same ones give the same scores and
//! circuits on every node and at every replay. Nothing here decides about an order; it only moves
//! suppliers behind others or out of a plan, and PROTOCOL.md's rules stand above it.
//!
//! Deliberately absent: a clock. What is asked names the moment.

mod sighting;

pub use sighting::{Fact, Sighting, sightings};

use crate::domain::ids::{Sku, SupplierId};
use crate::domain::plan::CircuitCause;
use crate::domain::steering::Steering;

/// Everything remembered about suppliers.
#[derive(Debug, Clone, Default)]
pub struct HealthBook {}

/// How a supplier stands with one product at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// Its score in basis points; absent while nothing is known of it.
    pub score_bp: Option<u16>,
    /// How many facts the score rests on, as they count now.
    pub facts: u32,
    /// Attempts that came to be unknown, in basis points.
    pub unknown_bp: u16,
    /// Complaints: deliveries after a failure, failures after a delivery, in basis points.
    pub complaint_bp: u16,
    /// From the opening of an attempt to its delivery, in milliseconds; absent while nothing is known.
    pub latency_ms: Option<u64>,
    /// Whether traffic flows there.
    pub circuit: Circuit,
    /// It is ill: below the score at which it stands behind the healthy ones, and not yet well again.
    pub is_ill: bool,
}

/// Whether traffic flows to a supplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Circuit {
    /// It does.
    #[default]
    Closed,
    /// None does.
    Open {
        /// Since when, UTC milliseconds.
        since_ms: i64,
        /// When a probe may be sent, UTC milliseconds.
        until_ms: i64,
        /// What opened it.
        cause: CircuitCause,
    },
    /// Probes only.
    HalfOpen {
        /// Since when, UTC milliseconds.
        since_ms: i64,
        /// Probes in flight.
        in_flight: u16,
        /// Probes that succeeded in a row.
        succeeded: u16,
    },
    /// It gets a growing share of what would be its own.
    Returning {
        /// Since when this step lasts, UTC milliseconds.
        since_ms: i64,
        /// The share, in percent.
        percent: u8,
    },
}

impl HealthBook {
    /// Takes a sighting in.
    pub fn learn(&mut self, sighting: &Sighting, steering: &Steering) {
        let _ = (sighting, steering);
    }

    /// How a supplier stands with a product now.
    #[must_use]
    pub fn standing(&self, supplier: &SupplierId, sku: &Sku, steering: &Steering, now_ms: i64) -> Standing {
        let _ = (supplier, sku, steering, now_ms);
        Standing::default()
    }
}
