//! An order: the aggregate that every decision reads and every commit replaces, with its version.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::attempt::{Attempt, AttemptState, Extent};
use super::case::CaseKind;
use super::failure::Failure;
use super::ids::{AttemptId, OrderId, Seq, ShopId, ShopOrderNo, Sku};
use super::money::Money;
use super::product::ProductKind;
use super::recipient::Inputs;
use super::segment::Segment;

/// What was agreed at accept; never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Who ordered.
    pub shop: ShopId,
    /// Under which number; unique within the shop.
    pub shop_order_no: ShopOrderNo,
    /// What.
    pub sku: Sku,
    /// What success hands over.
    pub kind: ProductKind,
    /// How many pieces.
    pub quantity: u32,
    /// Face value of one piece.
    pub face: Money,
    /// What the shop pays for everything; this much is held.
    pub price: Money,
    /// Whether a supplier whose cost is above the price may be used.
    pub may_lose_money: bool,
    /// How low the shop's available balance may fall by the hold: 0, or minus its credit limit.
    pub floor_minor: i64,
    /// Digest of the request's canonical form: same number and same digest is the same order.
    pub fingerprint: Fingerprint,
    /// Until when it may wait for a supplier, UTC milliseconds.
    pub deadline_ms: i64,
    /// Where the verdict is sent, if the shop wants that.
    pub callback_url: Option<String>,
    /// What the recipient's number says of its carrier and region, where it is a phone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<Segment>,
    /// How long it must have been in doubt before the shop gets its money back from the risk account, in
    /// milliseconds; absent is never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advance_after_ms: Option<i64>,
}

impl Terms {
    /// The face value of all pieces together; `None` beyond 64 bits.
    #[must_use]
    pub fn whole_face(&self) -> Option<Money> {
        self.face.times(self.quantity)
    }

    /// How many card secrets success must bring.
    #[must_use]
    pub fn cards_due(&self) -> u32 {
        match self.kind {
            ProductKind::TopUp => 0,
            ProductKind::Card => self.quantity,
        }
    }
}

/// Digest of a request, with the version of the canonical form it was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Fingerprints a request in canonical form 1: every field, length-prefixed, in this order, inputs
    /// by key. Defaults that are part of the contract (`quantity`) are filled in first; those that an
    /// operator may change later are not, so that the same request is the same for ever. Amounts are
    /// compared without trailing zeros.
    #[must_use]
    pub fn of(asked: &Asked<'_>) -> Self {
        let mut hasher = Sha256::new();
        let mut field = |text: &str| {
            hasher.update(text.len().to_string());
            hasher.update(":");
            hasher.update(text);
        };
        field(asked.sku.as_str());
        field(&asked.quantity.to_string());
        field(plain_amount(asked.face_value.unwrap_or_default()));
        field(plain_amount(asked.max_price.unwrap_or_default()));
        field(asked.callback_url.unwrap_or_default());
        field(&asked.deadline_seconds.map(|seconds| seconds.to_string()).unwrap_or_default());
        for (key, value) in &asked.inputs.0 {
            field(key);
            field(value);
        }
        Self(format!("1:{}", hex::encode(hasher.finalize())))
    }

    /// The digest with its version, as stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a shop asked for, as it enters the fingerprint.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// What.
    pub sku: &'a Sku,
    /// Pieces, 1 where the request left it out.
    pub quantity: u32,
    /// Face value as written.
    pub face_value: Option<&'a str>,
    /// Highest accepted price as written.
    pub max_price: Option<&'a str>,
    /// What the buyer entered.
    pub inputs: &'a Inputs,
    /// Where the verdict is sent.
    pub callback_url: Option<&'a str>,
    /// How long the order may wait.
    pub deadline_seconds: Option<u32>,
}

/// An amount's text without trailing zeros: `98.50` and `98.5` ask for the same.
fn plain_amount(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

/// How an order ended for the shop; written once (I10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Delivered: the price is captured.
    Succeeded {
        /// By which attempt.
        seq: Seq,
        /// When, UTC milliseconds.
        at_ms: i64,
    },
    /// Delivered in part: that part of the price is captured, the rest released.
    PartiallySucceeded {
        /// By which attempt.
        seq: Seq,
        /// When, UTC milliseconds.
        at_ms: i64,
        /// The face value that arrived.
        delivered: Money,
        /// What the shop pays.
        captured: Money,
    },
    /// Not delivered: the hold is released.
    Failed {
        /// Why.
        failure: Failure,
        /// When, UTC milliseconds.
        at_ms: i64,
    },
    /// Called off by the shop while nothing was in flight: the hold is released.
    Cancelled {
        /// When, UTC milliseconds.
        at_ms: i64,
    },
}

impl Verdict {
    /// When it was reached, UTC milliseconds.
    #[must_use]
    pub fn at_ms(&self) -> i64 {
        match self {
            Self::Succeeded { at_ms, .. }
            | Self::PartiallySucceeded { at_ms, .. }
            | Self::Failed { at_ms, .. }
            | Self::Cancelled { at_ms } => *at_ms,
        }
    }

    /// The word in metrics and storage.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Succeeded { .. } => "succeeded",
            Self::PartiallySucceeded { .. } => "partially_succeeded",
            Self::Failed { .. } => "failed",
            Self::Cancelled { .. } => "cancelled",
        }
    }

    /// The verdict of an attempt won at `at_ms` to `extent`, paid with `captured`.
    #[must_use]
    pub fn won(seq: Seq, at_ms: i64, extent: Extent, captured: Money) -> Self {
        match extent {
            Extent::Full => Self::Succeeded { seq, at_ms },
            Extent::Partial { delivered } => Self::PartiallySucceeded {
                seq,
                at_ms,
                delivered,
                captured,
            },
        }
    }
}

/// What is to be done next for an order, and when. The one schedule that survives restarts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextAction {
    /// Not before, UTC milliseconds.
    pub at_ms: i64,
    /// What.
    pub step: Step,
}

/// The kinds of next action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// Route, and open the next attempt if a supplier permits.
    Try,
    /// Ask the attempt's supplier.
    Query {
        /// About which attempt.
        seq: Seq,
    },
    /// Send the same number to the same supplier again.
    Resubmit {
        /// Which attempt.
        seq: Seq,
    },
    /// Ask the attempt's supplier to withdraw it.
    Recall {
        /// Which attempt.
        seq: Seq,
    },
    /// Look again: a deadline or the age of a doubt is due.
    Review,
    /// Give the shop its money back from the risk account.
    Advance,
}

/// What the risk account has done for an order in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advance {
    /// Nothing: its cap was used up, or the order was not to be touched.
    Declined {
        /// Not looked at again before this, UTC milliseconds.
        until_ms: i64,
    },
    /// The shop has the price back. The hold stands until the truth is known.
    Given {
        /// When, UTC milliseconds.
        at_ms: i64,
    },
}

/// The aggregate. `version` counts its events; a commit names the version it decided on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// Number of events so far.
    pub version: u32,
    /// What was agreed; it never changes, so every copy of the order shares it.
    pub terms: Arc<Terms>,
    /// When it was accepted, UTC milliseconds.
    pub accepted_at_ms: i64,
    /// Every try, in order of `seq`.
    pub attempts: Vec<Attempt>,
    /// How it ended, once it has.
    pub verdict: Option<Verdict>,
    /// Whether its deadline passed while an attempt was open.
    pub is_overdue: bool,
    /// While no supplier can be tried: until when it waits, UTC milliseconds.
    pub waits_until_ms: Option<i64>,
    /// Cases found, each once: (kind, attempt).
    pub cases: Vec<(CaseKind, Seq)>,
    /// What went back to the shop after a success: (key, how much).
    pub refunds: Vec<(String, Money)>,
    /// What the shop agreed to pay for late deliveries: (key, how much).
    pub charges: Vec<(String, Money)>,
    /// What suppliers gave back of their costs: (attempt, how much), once an attempt.
    pub recovered: Vec<(Seq, Money)>,
    /// Whether the risk account stands in for it while it is in doubt.
    pub advance: Option<Advance>,
    /// The next action, kept beside the events.
    pub next_action: Option<NextAction>,
}

impl Order {
    /// The attempt that may still charge, if any; at most one (I7).
    #[must_use]
    pub fn open_attempt(&self) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.is_open())
    }

    /// The attempt with this sequence.
    #[must_use]
    pub fn attempt(&self, seq: Seq) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.seq == seq)
    }

    /// The attempt that the order's success rests on.
    #[must_use]
    pub fn won_attempt(&self) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.is_won())
    }

    /// The number a supplier sees for an attempt of this order.
    #[must_use]
    pub fn attempt_id(&self, seq: Seq) -> AttemptId {
        AttemptId { order: self.id, seq }
    }

    /// Whether a supplier may have been charged and nobody knows.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.attempts.iter().any(Attempt::is_in_doubt)
    }

    /// What the shop has paid: the captured part of the hold, 0 before and without a success.
    #[must_use]
    pub fn captured(&self) -> Money {
        match &self.verdict {
            Some(Verdict::Succeeded { .. }) => self.terms.price,
            Some(Verdict::PartiallySucceeded { captured, .. }) => *captured,
            Some(Verdict::Failed { .. } | Verdict::Cancelled { .. }) | None => Money::new(0, self.terms.price.currency),
        }
    }

    /// Whether the shop has its money back from the risk account: nothing is sent for the order any more.
    #[must_use]
    pub fn is_advanced(&self) -> bool {
        matches!(self.advance, Some(Advance::Given { .. }))
    }

    /// How much of that went back, in minor units of the price's currency.
    #[must_use]
    pub fn refunded_minor(&self) -> i64 {
        self.refunds.iter().fold(0, |sum, (_, amount)| sum.saturating_add(amount.minor))
    }

    /// What the shop agreed to pay for late deliveries, in minor units of the price's currency.
    #[must_use]
    pub fn charged_later_minor(&self) -> i64 {
        self.charges.iter().fold(0, |sum, (_, amount)| sum.saturating_add(amount.minor))
    }

    /// Whether a supplier delivered after the order had ended without success (R12), and keeps its money.
    #[must_use]
    pub fn has_unrecovered_late_delivery(&self) -> bool {
        let is_recovered = |seq: Seq| self.recovered.iter().any(|(known, _)| *known == seq);
        let mut late = self
            .attempts
            .iter()
            .filter(|attempt| matches!(attempt.state, AttemptState::Late { .. }));
        late.any(|attempt| !is_recovered(attempt.seq))
    }

    /// Whether this finding is already a case.
    #[must_use]
    pub fn has_case(&self, kind: CaseKind, seq: Seq) -> bool {
        self.cases.contains(&(kind, seq))
    }
}
