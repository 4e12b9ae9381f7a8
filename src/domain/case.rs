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
    /// The auditor found a law broken: nothing is sent for the order until a person has looked.
    AuditFinding,
    /// After a restored backup (R18): a supplier that answers no queries may know more of the order than
    /// we do. Nothing is sent for it until a person has looked it up there.
    RestoredOrder,
    /// A supplier's statement says something else than our books (R20).
    StatementDifference,
}

impl CaseKind {
    /// Every kind, for tables that must be complete.
    pub const ALL: [Self; 9] = [
        Self::OverdueDoubt,
        Self::LateSuccess,
        Self::DoubleDelivery,
        Self::Contradiction,
        Self::OrphanNotification,
        Self::PromiseBroken,
        Self::AuditFinding,
        Self::RestoredOrder,
        Self::StatementDifference,
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
            Self::AuditFinding => "audit_finding",
            Self::RestoredOrder => "restored_order",
            Self::StatementDifference => "statement_difference",
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

    /// The key of the auditor's case about an order, or about the books.
    #[must_use]
    pub fn key_of_finding(order: Option<OrderId>) -> String {
        let about = order.map_or_else(|| "books".to_owned(), |order| order.to_string());
        format!("{}:{about}", CaseKind::AuditFinding.word())
    }

    /// The auditor's case: one an order, however much is found in it.
    #[must_use]
    pub fn of_finding(order: Option<OrderId>, now_ms: i64) -> Self {
        Self {
            key: Self::key_of_finding(order),
            kind: CaseKind::AuditFinding,
            order,
            at_risk: None,
            opened_at_ms: now_ms,
        }
    }

    /// The case of an order from before a restored backup.
    #[must_use]
    pub fn of_restored(order: OrderId, now_ms: i64) -> Self {
        Self {
            key: format!("{}:{order}", CaseKind::RestoredOrder.word()),
            kind: CaseKind::RestoredOrder,
            order: Some(order),
            at_risk: None,
            opened_at_ms: now_ms,
        }
    }

    /// The case of a statement that differs from our books: one a statement, however much differs.
    #[must_use]
    pub fn of_statement(statement: &str, at_risk: Money, now_ms: i64) -> Self {
        let kind = CaseKind::StatementDifference;
        Self {
            key: format!("{}:{statement}", kind.word()),
            kind,
            order: None,
            at_risk: Some(at_risk),
            opened_at_ms: now_ms,
        }
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
