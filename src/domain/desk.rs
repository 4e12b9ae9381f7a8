//! What persons do about cases and money: what they find, whose word it rests on, and when one
//! person's word is enough.
//!
//! A finding that moves money, or that lets money move, needs two persons. Where the operator has
//! declared that one person runs the gateway alone, a cooling-off time stands in for the second one,
//! and the deed says so. Every deed is kept for ever; a proposal that waits for its second person is
//! nothing but the latest deed about its subject, so that nothing can be proposed and forgotten.
//! Deliberately absent: who a person is. The console checks that before anything comes here.

mod weigh;

pub use weigh::{Manning, PROPOSAL_LASTS_MS, Weighed, Word, weigh};

use serde::{Deserialize, Serialize};

use super::ids::{OrderId, Seq, SupplierId};
use super::money::Money;

/// What a person finds about a case, or does because of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// Looked at and understood; nothing moves.
    Explained,
    /// The attempt in doubt did not deliver and never will: the next supplier may be tried, or the
    /// hold released. If that is wrong, the recipient is recharged twice, at our cost.
    NotDelivered,
    /// The attempt in doubt delivered: the shop pays.
    Delivered {
        /// The face value that arrived, for the whole order; absent is all of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        face: Option<Money>,
    },
    /// The supplier gave back what an attempt had cost: our books owe it that much less.
    Recovered {
        /// How much.
        amount: Money,
    },
    /// A part or all of what the shop paid goes back to it.
    Refunded {
        /// How much.
        amount: Money,
    },
    /// The shop agrees to pay for what was delivered after its order had ended (R12).
    Charged {
        /// How much.
        amount: Money,
        /// Who agreed at the shop, and where that is written.
        consent: String,
    },
    /// A statement is its supplier's own: what it says was delivered counts as a fact (R11).
    Genuine,
}

impl Finding {
    /// Whether it moves money or lets money move, and so needs two persons.
    #[must_use]
    pub fn moves_money(&self) -> bool {
        match self {
            Self::Explained => false,
            Self::NotDelivered
            | Self::Delivered { .. }
            | Self::Recovered { .. }
            | Self::Refunded { .. }
            | Self::Charged { .. }
            | Self::Genuine => true,
        }
    }

    /// The word in storage, JSON and on the command line.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Explained => "explained",
            Self::NotDelivered => "not_delivered",
            Self::Delivered { .. } => "delivered",
            Self::Recovered { .. } => "recovered",
            Self::Refunded { .. } => "refunded",
            Self::Charged { .. } => "charged",
            Self::Genuine => "genuine",
        }
    }
}

/// Whose word a deed rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Who said it first.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Who confirmed it, where two persons were needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_by: Option<String>,
    /// Why that one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_because: Option<String>,
    /// One person acted alone after a cooling-off time, because the gateway is run by one person.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_solo: bool,
}

impl Signature {
    /// One person's word.
    #[must_use]
    pub fn of(by: &str, reason: &str) -> Self {
        Self {
            by: by.to_owned(),
            reason: reason.to_owned(),
            confirmed_by: None,
            confirmed_because: None,
            is_solo: false,
        }
    }

    /// The gateway's own doing.
    #[must_use]
    pub fn of_the_gateway(reason: &str) -> Self {
        Self::of("the gateway", reason)
    }
}

/// Something that was done at the desk. Kept for ever, in the transaction of whatever it moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// What about: `case:{key}`, `statement:{supplier}:{digest}`, `refund:{order}:{key}`, `charge:{order}:{key}`, `supplier:{name}`, `operator:{name}`.
    pub subject: String,
    /// What.
    #[serde(flatten)]
    pub kind: DeedKind,
    /// On whose word.
    pub signed: Signature,
    /// When, UTC milliseconds.
    pub at_ms: i64,
}

/// The kinds of deeds, and what each means for money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "deed", rename_all = "snake_case")]
pub enum DeedKind {
    /// Waits for a second person, or for the cooling-off time. Nothing has moved.
    Proposed {
        /// What was found.
        found: Finding,
    },
    /// A case was closed; what it moved stands in the order's own events.
    CaseClosed {
        /// The case's key.
        case: String,
        /// With which finding.
        found: Finding,
    },
    /// A refund was booked.
    Refunded {
        /// Of which order.
        order: OrderId,
        /// How much.
        amount: Money,
    },
    /// What was delivered late was charged after all, the shop agreeing.
    Charged {
        /// Of which order.
        order: OrderId,
        /// How much.
        amount: Money,
        /// Who agreed at the shop, and where that is written.
        consent: String,
    },
    /// A supplier's statement was held against our books.
    StatementChecked {
        /// Whose.
        supplier: SupplierId,
        /// How many lines it has that are about orders.
        lines: u32,
        /// How many numbers differ.
        differences: u32,
        /// How many deliveries were learnt from it.
        settled: u32,
    },
    /// No new attempts are opened at the supplier; those that are open are settled.
    SupplierPaused {
        /// Which.
        supplier: SupplierId,
        /// The promise it broke, if that is why: nothing rests on that promise any more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        broken: Option<Promise>,
    },
    /// New attempts may be opened there again, and its promises count again.
    SupplierResumed {
        /// Which.
        supplier: SupplierId,
    },
    /// A steering document is in force.
    SteeringPublished {
        /// Its version, from 1.
        version: u32,
        /// Its text, as it was written.
        text: String,
        /// The version whose text this is again, if one is rolled back to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back_to: Option<u32>,
    },
    /// A steering document is kept as a draft, in force nowhere.
    SteeringDrafted {
        /// Its name; the latest of a name counts.
        draft: String,
        /// Its text, right or wrong.
        text: String,
    },
    /// The supplier is on its way out: what is open there is settled, nothing new comes.
    SupplierDrained {
        /// Which.
        supplier: SupplierId,
    },
    /// An operator holds the supplier's circuit open: no new attempts there.
    SupplierForcedOpen {
        /// Which.
        supplier: SupplierId,
    },
    /// These products go to this supplier and no other.
    ProductPinned {
        /// To which.
        supplier: SupplierId,
        /// A sku, or the beginning of one and a star.
        products: String,
    },
    /// These products are steered again like others.
    ProductUnpinned {
        /// From which supplier.
        supplier: SupplierId,
        /// As they were pinned.
        products: String,
    },
    /// The database is a restored backup: nothing is submitted until the gap is covered (R18).
    RecoveryBegun,
    /// The gap is covered: orders are taken in and submitted again.
    RecoveryEnded,
    /// A person may sign from now on.
    OperatorAdded {
        /// SHA-256 of the operator's token, hex.
        token_sha256: String,
    },
    /// A person may no longer sign.
    OperatorRemoved,
}

impl DeedKind {
    /// The word in storage and JSON.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Proposed { .. } => "proposed",
            Self::CaseClosed { .. } => "case_closed",
            Self::Refunded { .. } => "refunded",
            Self::Charged { .. } => "charged",
            Self::StatementChecked { .. } => "statement_checked",
            Self::SupplierPaused { .. } => "supplier_paused",
            Self::SupplierResumed { .. } => "supplier_resumed",
            Self::SteeringPublished { .. } => "steering_published",
            Self::SteeringDrafted { .. } => "steering_drafted",
            Self::SupplierDrained { .. } => "supplier_drained",
            Self::SupplierForcedOpen { .. } => "supplier_forced_open",
            Self::ProductPinned { .. } => "product_pinned",
            Self::ProductUnpinned { .. } => "product_unpinned",
            Self::RecoveryBegun => "recovery_begun",
            Self::RecoveryEnded => "recovery_ended",
            Self::OperatorAdded { .. } => "operator_added",
            Self::OperatorRemoved => "operator_removed",
        }
    }
}

impl Deed {
    /// The beginning of the subjects of all steering documents.
    pub const ABOUT_STEERING: &'static str = "steering:";

    /// The beginning of the subjects of all drafts of steering documents.
    pub const ABOUT_DRAFTS: &'static str = "draft:";

    /// The subject of everything about restored backups.
    pub const ABOUT_RECOVERY: &'static str = "recovery:";

    /// The subject of everything about a case.
    #[must_use]
    pub fn about_case(key: &str) -> String {
        format!("case:{key}")
    }

    /// The subject of a refund: its key makes it happen once.
    #[must_use]
    pub fn about_refund(order: OrderId, key: &str) -> String {
        format!("refund:{order}:{key}")
    }

    /// The subject of a charge for a late delivery: its key makes it happen once.
    #[must_use]
    pub fn about_charge(order: OrderId, key: &str) -> String {
        format!("charge:{order}:{key}")
    }

    /// The subject of everything about a supplier's statement.
    #[must_use]
    pub fn about_statement(statement: &str) -> String {
        format!("statement:{statement}")
    }

    /// The subject of everything about a supplier.
    #[must_use]
    pub fn about_supplier(supplier: &SupplierId) -> String {
        format!("supplier:{supplier}")
    }

    /// The subject of everything about an operator.
    #[must_use]
    pub fn about_operator(name: &str) -> String {
        format!("operator:{name}")
    }

    /// A supplier is paused because it broke a promise.
    #[must_use]
    pub fn broken_promise(supplier: &SupplierId, promise: Promise, order: OrderId, seq: Seq, at_ms: i64) -> Self {
        let reason = format!("it broke the promise {:?} with attempt {seq} of order {order}", promise.word());
        Self {
            subject: Self::about_supplier(supplier),
            kind: DeedKind::SupplierPaused {
                supplier: supplier.clone(),
                broken: Some(promise),
            },
            signed: Signature::of_the_gateway(&reason),
            at_ms,
        }
    }
}

/// A promise that can be seen to be broken while the gateway runs (R21).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Promise {
    /// An answer that its dialect lists as a definite failure was followed by a success.
    FailedIsFinal,
    /// One number, sent twice, became two of the supplier's own orders.
    Deduplicates,
    /// A query did not find a number that it had taken.
    QueryConsistent,
    /// A number that it had withdrawn, asked to, was delivered.
    RecallIsFinal,
}

impl Promise {
    /// The word in storage, JSON and adapters.toml.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::FailedIsFinal => "failed_is_final",
            Self::Deduplicates => "deduplicates",
            Self::QueryConsistent => "query_consistent",
            Self::RecallIsFinal => "recall_is_final",
        }
    }
}
