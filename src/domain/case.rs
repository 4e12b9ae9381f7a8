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
    /// A supplier broke what it promises (R21): it is paused, and nothing rests on that promise.
    PromiseBroken,
}

impl CaseKind {
    /// Every kind, for tables that must be complete.
    pub const ALL: [Self; 6] = [
        Self::OverdueDoubt,
        Self::LateSuccess,
        Self::DoubleDelivery,
        Self::Contradiction,
        Self::OrphanNotification,
        Self::PromiseBroken,
    ];

    /// The word used in storage and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::OverdueDoubt => "overdue_doubt",
            Self::LateSuccess => "late_success",
            Self::DoubleDelivery => "double_delivery",
            Self::Contradiction => "contradiction",
            Self::OrphanNotification => "orphan_notification",
            Self::PromiseBroken => "promise_broken",
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
    /// The attempt that a case of one attempt is about.
    #[must_use]
    pub fn attempt(&self) -> Option<Seq> {
        self.order?;
        self.key.rsplit_once(':').and_then(|(_, seq)| seq.parse().ok())
    }

    /// The key of a case of one attempt.
    #[must_use]
    pub fn key_of(kind: CaseKind, order: OrderId, seq: Seq) -> String {
        format!("{}:{order}:{seq}", kind.word())
    }

    /// A case of one attempt.
    #[must_use]
    pub fn of_attempt(kind: CaseKind, order: OrderId, seq: Seq, at_risk: Money, now_ms: i64) -> Self {
        Self {
            key: Self::key_of(kind, order, seq),
            kind,
            order: Some(order),
            at_risk: Some(at_risk),
            opened_at_ms: now_ms,
        }
    }
}
