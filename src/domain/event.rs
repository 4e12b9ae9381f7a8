//! What happened to an order: facts, appended once and never changed.
//!
//! Every kind carries the version of its form in storage; when a form changes, its version goes up
//! and `upcast` turns the old form into the new one, so that history stays readable for ever
//! (tests/fixtures/events.jsonl holds one of every kind and version ever written).
//! Deliberately absent: recipients, inputs and card secrets.

mod subject;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::attempt::{Extent, NotSentReason};
use super::case::CaseKind;
use super::desk::Signature;
use super::failure::Failure;
use super::ids::{EvidenceId, OrderId, ProcessId, Seq, SettingsDigest, SupplierId};
use super::money::Money;
use super::order::Terms;
use super::outcome::{Doubt, Refusal, Via};
use super::plan::{Choice, Skip};

pub use subject::Subject;

/// One fact in an order's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The order stands and its price is held.
    OrderAccepted {
        /// The order's id.
        id: OrderId,
        /// What was agreed.
        terms: Arc<Terms>,
    },
    /// No supplier can be tried now; the order waits.
    OrderWaiting {
        /// Why each supplier was left out.
        skipped: Vec<Skip>,
        /// Until when, UTC milliseconds.
        until_ms: i64,
    },
    /// An attempt was opened and its first transmission stamped: from here on it may have charged.
    AttemptOpened {
        /// Its place.
        seq: Seq,
        /// Where.
        supplier: SupplierId,
        /// Which version of the supplier's settings wrote the request.
        settings: SettingsDigest,
        /// The supplier's code for the product.
        code: Arc<str>,
        /// What it is expected to cost.
        cost: Money,
        /// Who was preferred less, or left out and why.
        skipped: Vec<Skip>,
        /// Who stamped its first transmission; absent in older histories.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        process: Option<ProcessId>,
        /// Why here, where there was a choice; absent in older histories.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        choice: Option<Box<Choice>>,
    },
    /// The same number was stamped for another transmission to the same supplier.
    AttemptResubmitted {
        /// Which attempt.
        seq: Seq,
        /// Number of the transmission, from 2.
        n: u8,
        /// Who stamped it; absent in older histories.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        process: Option<ProcessId>,
    },
    /// The supplier took the attempt, or said again that it works on it.
    AttemptAccepted {
        /// Which attempt.
        seq: Seq,
        /// How this reached us.
        via: Via,
        /// The supplier's own number, where it told one.
        supplier_ref: Option<String>,
        /// The stored answer; repeated answers are not stored.
        evidence: Option<EvidenceId>,
    },
    /// An answer, or its absence, that proves nothing.
    AttemptDoubted {
        /// Which attempt.
        seq: Seq,
        /// What was asked.
        via: Via,
        /// Why nothing can be concluded.
        doubt: Doubt,
        /// The stored answer, if there was one.
        evidence: Option<EvidenceId>,
    },
    /// An unauthenticated word that there is news: the supplier will be asked.
    AttemptHinted {
        /// Which attempt.
        seq: Seq,
    },
    /// Asked again about what was settled; the answer told nothing new.
    AttemptConfirmed {
        /// Which attempt.
        seq: Seq,
    },
    /// Delivered; the order's success rests on it.
    AttemptWon {
        /// Which attempt.
        seq: Seq,
        /// How this reached us.
        via: Via,
        /// Everything or a part.
        extent: Extent,
        /// What it costs.
        cost: Money,
        /// The supplier's own number, where it told one.
        supplier_ref: Option<String>,
        /// How many deliveries came with it.
        deliveries: u32,
        /// The stored answer.
        evidence: Option<EvidenceId>,
    },
    /// Definitely refused by the supplier.
    AttemptRefused {
        /// Which attempt.
        seq: Seq,
        /// How this reached us.
        via: Via,
        /// What it said.
        refusal: Refusal,
        /// The stored answer.
        evidence: Option<EvidenceId>,
    },
    /// Its only transmission provably never left.
    AttemptNotSent {
        /// Which attempt.
        seq: Seq,
        /// What stopped it.
        why: NotSentReason,
    },
    /// Delivered although another attempt had won.
    AttemptExcess {
        /// Which attempt.
        seq: Seq,
        /// How this reached us.
        via: Via,
        /// What it costs us.
        cost: Money,
        /// The stored answer.
        evidence: Option<EvidenceId>,
    },
    /// Delivered after the order had ended without success.
    AttemptLate {
        /// Which attempt.
        seq: Seq,
        /// How this reached us.
        via: Via,
        /// What it costs us.
        cost: Money,
        /// The stored answer.
        evidence: Option<EvidenceId>,
    },
    /// Given up as dead because a whole quiet window passed, which is no proof.
    AttemptAssumedDead {
        /// Which attempt.
        seq: Seq,
        /// What a second delivery would cost us, should it arrive after all.
        at_risk: Money,
        /// How long it was quiet, in milliseconds.
        waited_ms: i64,
    },
    /// Given up as dead on a person's word, which is no proof.
    AttemptGivenUp {
        /// Which attempt.
        seq: Seq,
        /// What a second delivery would cost us, should the word be wrong.
        at_risk: Money,
        /// On whose word.
        signed: Signature,
        /// The stored attestation.
        evidence: EvidenceId,
    },
    /// The supplier gave back what the attempt had cost.
    CostRecovered {
        /// Which attempt.
        seq: Seq,
        /// How much.
        amount: Money,
        /// On whose word.
        signed: Signature,
    },
    /// A supplier contradicted its own success; nothing moved.
    AttemptContradicted {
        /// Which attempt.
        seq: Seq,
        /// How this reached us.
        via: Via,
        /// The stored answer.
        evidence: Option<EvidenceId>,
    },
    /// The shop pays the whole price.
    OrderSucceeded {
        /// By which attempt.
        seq: Seq,
    },
    /// The shop pays for a part; the rest was released.
    OrderPartiallySucceeded {
        /// By which attempt.
        seq: Seq,
        /// The face value that arrived.
        delivered: Money,
        /// What the shop pays.
        captured: Money,
    },
    /// The hold was released.
    OrderFailed {
        /// Why.
        failure: Failure,
    },
    /// The shop called it off while nothing was in flight; the hold was released.
    OrderCancelled,
    /// A part or all of what the shop had paid went back to it.
    OrderRefunded {
        /// The operator's key: the same one twice is one refund.
        key: String,
        /// How much.
        amount: Money,
        /// On whose word.
        signed: Signature,
    },
    /// The shop pays, by its consent, for what was delivered after the order had ended (R12). The verdict stands.
    OrderCharged {
        /// The operator's key: the same one twice is one charge.
        key: String,
        /// How much.
        amount: Money,
        /// Who agreed at the shop, and where that is written.
        consent: String,
        /// On whose word.
        signed: Signature,
    },
    /// In doubt for long: the shop got the price back from the risk account, and nothing is sent any more.
    OrderAdvanced {
        /// How much: the price.
        amount: Money,
    },
    /// In doubt for long, but the risk account does not stand in now: its cap is used up, or the order is not
    /// to be touched.
    AdvanceDeclined {
        /// Not looked at again before this, UTC milliseconds.
        until_ms: i64,
    },
    /// The deadline passed while an attempt was open; the order stays open and visible.
    OrderOverdue,
    /// A person is needed.
    CaseOpened {
        /// Why.
        kind: CaseKind,
        /// About which attempt.
        seq: Seq,
    },
}

impl Event {
    /// The version in which every kind is written today.
    pub const VERSION: i32 = 1;

    /// The kind's word in storage, the same as the `type` of its JSON form.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::OrderAccepted { .. } => "order_accepted",
            Self::OrderWaiting { .. } => "order_waiting",
            Self::AttemptOpened { .. } => "attempt_opened",
            Self::AttemptResubmitted { .. } => "attempt_resubmitted",
            Self::AttemptAccepted { .. } => "attempt_accepted",
            Self::AttemptDoubted { .. } => "attempt_doubted",
            Self::AttemptHinted { .. } => "attempt_hinted",
            Self::AttemptConfirmed { .. } => "attempt_confirmed",
            Self::AttemptWon { .. } => "attempt_won",
            Self::AttemptRefused { .. } => "attempt_refused",
            Self::AttemptNotSent { .. } => "attempt_not_sent",
            Self::AttemptExcess { .. } => "attempt_excess",
            Self::AttemptLate { .. } => "attempt_late",
            Self::AttemptAssumedDead { .. } => "attempt_assumed_dead",
            Self::AttemptGivenUp { .. } => "attempt_given_up",
            Self::CostRecovered { .. } => "cost_recovered",
            Self::AttemptContradicted { .. } => "attempt_contradicted",
            Self::OrderSucceeded { .. } => "order_succeeded",
            Self::OrderPartiallySucceeded { .. } => "order_partially_succeeded",
            Self::OrderFailed { .. } => "order_failed",
            Self::OrderCancelled => "order_cancelled",
            Self::OrderRefunded { .. } => "order_refunded",
            Self::OrderCharged { .. } => "order_charged",
            Self::OrderAdvanced { .. } => "order_advanced",
            Self::AdvanceDeclined { .. } => "advance_declined",
            Self::OrderOverdue => "order_overdue",
            Self::CaseOpened { .. } => "case_opened",
        }
    }

    /// Why this supplier, where an attempt was opened and there was a choice.
    #[must_use]
    pub fn choice(&self) -> Option<&Choice> {
        if let Self::AttemptOpened { choice, .. } = self {
            choice.as_deref()
        } else {
            None
        }
    }

    /// Reads the events of one commit, a JSON array, of any version ever written.
    ///
    /// # Errors
    /// When the version is not known to this build, or the text is not of its form.
    pub fn upcast(version: i32, events: &str) -> Result<Vec<Self>, UnreadableEvent> {
        match version {
            1 => serde_json::from_str(events).map_err(|error| UnreadableEvent::Body(error.to_string())),
            _ => Err(UnreadableEvent::Version(version)),
        }
    }
}

/// A stored event that this build cannot read; never skipped, because the order would be misread.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableEvent {
    /// Written by a newer build.
    #[error("event version {0} is newer than this program: upgrade it")]
    Version(i32),
    /// Damaged.
    #[error("stored event is damaged: {0}")]
    Body(String),
}

/// An event with its place in the order's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// 1, 2, 3 … within the order.
    pub number: u32,
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// What.
    pub event: Event,
}
