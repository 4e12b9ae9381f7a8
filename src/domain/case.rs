//! What only a person may close.

use serde::{Deserialize, Serialize};

use super::ids::{OrderId, Seq};
use super::money::Money;

/// Why a person is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseKind {
    /// An attempt has been in doubt for too long (R8).
    OverdueDoubt,
    /// A supplier delivered after the order had failed (R12): our loss until a person recovers it.
    LateSuccess,
    /// Two attempts of one order delivered (R11): our loss until a person recovers it.
    DoubleDelivery,
    /// A supplier took back a success, or changed what it had delivered (R13): nothing moved.
    Contradiction,
    /// An authenticated notification named a number we never sent (R15).
    OrphanNotification,
}

impl CaseKind {
    /// The word used in storage and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::OverdueDoubt => "overdue_doubt",
            Self::LateSuccess => "late_success",
            Self::DoubleDelivery => "double_delivery",
            Self::Contradiction => "contradiction",
            Self::OrphanNotification => "orphan_notification",
        }
    }
}

/// A case to open. `key` is unique, so that the same finding twice is one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCase {
    /// `{kind}:{order}:{seq}`, or `{kind}:{supplier}:{number}` without an order.
    pub key: String,
    /// Why.
    pub kind: CaseKind,
    /// Of which order, if any.
    pub order: Option<OrderId>,
    /// What may be lost.
    pub at_risk: Option<Money>,
    /// When it was found, UTC milliseconds.
    pub opened_at_ms: i64,
}

impl NewCase {
    /// A case of one attempt.
    #[must_use]
    pub fn of_attempt(kind: CaseKind, order: OrderId, seq: Seq, at_risk: Money, now_ms: i64) -> Self {
        let key = format!("{}:{order}:{seq}", kind.word());
        Self {
            key,
            kind,
            order: Some(order),
            at_risk: Some(at_risk),
            opened_at_ms: now_ms,
        }
    }
}
