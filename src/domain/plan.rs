//! The router's answer: who may be tried, in order, and why the others may not.

use serde::{Deserialize, Serialize};

use super::ids::{Seq, SettingsDigest, SupplierId};
use super::money::Money;

/// Candidates in the order in which they are to be tried, and a reason for every supplier left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Whom to try, best first.
    pub candidates: Vec<Candidate>,
    /// Everyone else, each with its reason.
    pub skipped: Vec<Skip>,
}

impl Plan {
    /// The earliest moment at which a supplier that is skipped now might be tried; `None` when every
    /// reason is lasting.
    #[must_use]
    pub fn retry_at_ms(&self) -> Option<i64> {
        self.skipped.iter().filter_map(|skip| skip.reason.until_ms()).min()
    }
}

/// A supplier that may be tried, with everything an attempt fixes at its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub supplier: SupplierId,
    /// Which version of its settings writes the request.
    pub settings: SettingsDigest,
    /// The supplier's own code for the product.
    pub code: String,
    /// What the whole attempt is expected to cost.
    pub cost: Money,
}

/// A supplier left out, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skip {
    /// Who.
    pub supplier: SupplierId,
    /// Why; operators see this.
    #[serde(flatten)]
    pub reason: SkipReason,
}

/// Why a supplier is not a candidate now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum SkipReason {
    /// The operator switched the offer off.
    OfferDisabled,
    /// adapters.toml has no such supplier, or it is being drained.
    SupplierAbsent,
    /// The operator paused the supplier.
    SupplierPaused,
    /// The cost is above the price and the product may not lose money.
    CostAbovePrice {
        /// The whole order's cost at this supplier.
        cost: Money,
    },
    /// An earlier attempt there was definitely refused.
    AlreadyRefused {
        /// That attempt.
        seq: Seq,
    },
    /// Nothing could be sent there a moment ago.
    Unreachable {
        /// When it may be tried again.
        until_ms: i64,
    },
    /// The order has used all attempts its policy allows.
    AttemptsExhausted,
}

impl SkipReason {
    /// When the reason may be over; `None` if waiting does not help.
    #[must_use]
    pub fn until_ms(&self) -> Option<i64> {
        match self {
            Self::Unreachable { until_ms } => Some(*until_ms),
            Self::OfferDisabled
            | Self::SupplierAbsent
            | Self::SupplierPaused
            | Self::CostAbovePrice { .. }
            | Self::AlreadyRefused { .. }
            | Self::AttemptsExhausted => None,
        }
    }
}
