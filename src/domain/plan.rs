//! The router's answer: who may be tried, in order, and why the others may not.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::ids::{Seq, SettingsDigest, SupplierId};
use super::money::Money;
use super::steering::Strategy;

/// Candidates in the order in which they are to be tried, and a reason for every supplier left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Whom to try, best first.
    pub candidates: Vec<Candidate>,
    /// Everyone else, each with its reason.
    pub skipped: Vec<Skip>,
    /// What put the candidates in order.
    pub strategy: Strategy,
    /// The version of the steering document that says so; 0 is the one that is built in.
    pub steering: u32,
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
    pub code: Arc<str>,
    /// What the whole attempt is expected to cost.
    pub cost: Money,
    /// How it came to its place.
    pub stands: Stands,
}

/// How a candidate came to its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stands {
    /// What put it there.
    pub because: Because,
    /// Its health, in basis points; absent while nothing is known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score_bp: Option<u16>,
}

/// What put a candidate where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// Its priority, then its cost.
    #[default]
    Priority,
    /// The lowest cost among the healthy.
    Cost,
    /// The best expected value.
    Value,
    /// Its share by weight.
    Weight,
    /// Tried now and then, so that its score stays alive.
    Explored,
    /// A bounded try of a supplier that was left alone.
    Probe,
    /// It gets its growing share again after it was left alone.
    Returning,
    /// Ill, or not yet wholly back: behind the healthy ones.
    Demoted,
    /// All are out, and the product would rather have the best of them than wait.
    BestOfBad,
    /// An operator pinned it.
    Pinned,
}

impl Because {
    /// The word in storage, JSON and on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Priority => "priority",
            Self::Cost => "cost",
            Self::Value => "value",
            Self::Weight => "weight",
            Self::Explored => "explored",
            Self::Probe => "probe",
            Self::Returning => "returning",
            Self::Demoted => "demoted",
            Self::BestOfBad => "best_of_bad",
            Self::Pinned => "pinned",
        }
    }
}

/// Why a supplier was chosen, kept with the attempt where there was a choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What put the candidates in order.
    pub strategy: Strategy,
    /// The version of the steering document; 0 is the one that is built in.
    pub steering: u32,
    /// How the chosen one came first.
    #[serde(flatten)]
    pub stands: Stands,
    /// The candidates behind it, in their order.
    pub others: Vec<Other>,
}

/// A candidate that was not chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Other {
    /// Who.
    pub supplier: SupplierId,
    /// What it would have cost.
    pub cost: Money,
    /// How it came to its place.
    #[serde(flatten)]
    pub stands: Stands,
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
    /// Its circuit is open: too many of its latest outcomes were its own faults or unknown.
    CircuitOpen {
        /// When a probe may be sent.
        until_ms: i64,
        /// What opened it.
        cause: CircuitCause,
    },
    /// Half-open: as many probes are in flight as may be, or this order is none to probe with (yet).
    Probing {
        /// When to look again.
        until_ms: i64,
    },
    /// An operator holds its circuit open.
    ForcedOpen,
    /// Planned to be out.
    Calendar {
        /// When it is planned to be back.
        until_ms: i64,
        /// Why, as the operator wrote it.
        why: String,
    },
    /// It has had all orders that it takes in one of its days.
    DailyOrders {
        /// When its next day begins.
        until_ms: i64,
    },
    /// The order would cost more than is left of what may be spent there in one of its days.
    DailyCost {
        /// When its next day begins.
        until_ms: i64,
    },
    /// It has had an order for this recipient a moment ago.
    RecipientTooSoon {
        /// When it takes the next one.
        until_ms: i64,
    },
    /// An operator pinned the product to another supplier.
    NotPinned,
    /// Steered to other shops only.
    NotForShop,
    /// Steered to numbers of other carriers or regions only.
    NotForNumber {
        /// What the number's segment names.
        of: Arc<str>,
    },
    /// The cost is above the ceiling that steering sets.
    CostAboveCeiling {
        /// The cost of one piece at this supplier.
        cost: Money,
    },
    /// The product is `strict`, and this supplier lacks a promise for it.
    NotStrict,
    /// Its queue is longer than the order can wait.
    WaitTooLong {
        /// How long it is estimated to take until a permit is free.
        wait_ms: u64,
    },
    /// The order has used all attempts its policy allows.
    AttemptsExhausted,
}

impl SkipReason {
    /// When the reason may be over; `None` if waiting does not help.
    #[must_use]
    pub fn until_ms(&self) -> Option<i64> {
        match self {
            Self::Unreachable { until_ms }
            | Self::CircuitOpen { until_ms, .. }
            | Self::Probing { until_ms }
            | Self::Calendar { until_ms, .. }
            | Self::DailyOrders { until_ms }
            | Self::DailyCost { until_ms }
            | Self::RecipientTooSoon { until_ms } => Some(*until_ms),
            Self::OfferDisabled
            | Self::SupplierAbsent
            | Self::SupplierPaused
            | Self::CostAbovePrice { .. }
            | Self::AlreadyRefused { .. }
            | Self::ForcedOpen
            | Self::NotPinned
            | Self::NotForShop
            | Self::NotForNumber { .. }
            | Self::CostAboveCeiling { .. }
            | Self::NotStrict
            | Self::WaitTooLong { .. }
            | Self::AttemptsExhausted => None,
        }
    }
}

impl SkipReason {
    /// Whether it is certain that the supplier cannot be tried before this moment.
    #[must_use]
    pub fn is_out_before(&self, moment_ms: i64) -> bool {
        self.until_ms().is_none_or(|until_ms| self.is_certain() && until_ms >= moment_ms)
    }

    /// Whether it is known now that the reason lasts as long as it says: what is planned and what is used
    /// up, not what somebody's health may change.
    fn is_certain(&self) -> bool {
        match self {
            Self::Calendar { .. } | Self::DailyOrders { .. } | Self::DailyCost { .. } | Self::RecipientTooSoon { .. } => true,
            Self::Unreachable { .. }
            | Self::CircuitOpen { .. }
            | Self::Probing { .. }
            | Self::OfferDisabled
            | Self::SupplierAbsent
            | Self::SupplierPaused
            | Self::CostAbovePrice { .. }
            | Self::AlreadyRefused { .. }
            | Self::ForcedOpen
            | Self::NotPinned
            | Self::NotForShop
            | Self::NotForNumber { .. }
            | Self::CostAboveCeiling { .. }
            | Self::NotStrict
            | Self::WaitTooLong { .. }
            | Self::AttemptsExhausted => false,
        }
    }
}

/// What opened a circuit; each has a way back of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CircuitCause {
    /// So many faults of the supplier in a row.
    FaultsInARow,
    /// Too many faults among its latest outcomes.
    FaultRate,
    /// Too many unknown outcomes among its latest.
    UnknownRate,
    /// It says that it is under maintenance.
    Maintenance,
    /// Our prepaid balance there is used up.
    SupplierBalance,
    /// It refuses our credentials.
    Credentials,
}

impl CircuitCause {
    /// Whether the supplier said so itself, rather than being judged by what it did.
    #[must_use]
    pub fn is_its_word(self) -> bool {
        match self {
            Self::Maintenance | Self::SupplierBalance | Self::Credentials => true,
            Self::FaultsInARow | Self::FaultRate | Self::UnknownRate => false,
        }
    }

    /// The word in storage, JSON and on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::FaultsInARow => "faults_in_a_row",
            Self::FaultRate => "fault_rate",
            Self::UnknownRate => "unknown_rate",
            Self::Maintenance => "maintenance",
            Self::SupplierBalance => "supplier_balance",
            Self::Credentials => "credentials",
        }
    }
}
