//! One try of an order at one supplier, and the transmissions that carried it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::desk::Signature;
use super::ids::{EvidenceId, ProcessId, Seq, SettingsDigest, SupplierId};
use super::money::Money;
use super::outcome::{Doubt, Refusal, Via};

/// One try. Its id on the wire is the order's id and `seq`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its place among the order's attempts, from 1.
    pub seq: Seq,
    /// Where.
    pub supplier: SupplierId,
    /// Which version of the supplier's settings wrote the request; a resubmit uses the same.
    pub settings: SettingsDigest,
    /// The supplier's own code for the product.
    pub code: Arc<str>,
    /// What it costs: expected at first, then what the supplier said.
    pub cost: Money,
    /// When it was opened, UTC milliseconds; the time that requests carry, resubmits too.
    pub opened_at_ms: i64,
    /// Every sending of its bytes, in order.
    pub transmissions: Vec<Transmission>,
    /// Where it stands.
    pub state: AttemptState,
    /// The supplier's own number, once known.
    pub supplier_ref: Option<String>,
    /// Queries answered or tried since the state last changed, or a recall: the step on the query ladder.
    pub queries: u16,
    /// "Not found" answers since the last transmission.
    pub not_found: u16,
    /// How often its supplier was asked to withdraw it.
    pub recalls: u8,
    /// Somebody unauthenticated said there is news: ask at once.
    pub is_hinted: bool,
    /// The supplier has shown that it knows the number, whatever it said later.
    pub is_known_there: bool,
}

/// Where an attempt stands, and what that means for money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptState {
    /// Stamped; the reply is awaited. Money may move.
    Sent,
    /// The supplier took it and works on it. Money may move.
    Accepted,
    /// Sent, proven neither way. Money may have moved.
    Unknown {
        /// Since when, UTC milliseconds.
        since_ms: i64,
        /// The latest reason.
        doubt: Doubt,
    },
    /// Delivered, and the order's success rests on it: the shop pays.
    Won {
        /// When it was learnt, UTC milliseconds.
        at_ms: i64,
        /// Everything or a part.
        extent: Extent,
    },
    /// Proven not delivered: nobody pays.
    Dead {
        /// When it was learnt, UTC milliseconds.
        at_ms: i64,
        /// Why this is certain (I8).
        proof: Proof,
    },
    /// Delivered although another attempt had won: our loss, a case.
    Excess {
        /// When it was learnt, UTC milliseconds.
        at_ms: i64,
    },
    /// Delivered after the order had failed: our loss, a case.
    Late {
        /// When it was learnt, UTC milliseconds.
        at_ms: i64,
    },
}

/// How much of the face value arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "extent", rename_all = "snake_case")]
pub enum Extent {
    /// All of it.
    Full,
    /// Only this much of it.
    Partial {
        /// The face value that arrived, for the whole order.
        delivered: Money,
    },
}

/// Evidence strong enough to give up on an attempt (R9, R10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// The supplier definitely refused or failed it.
    Refused {
        /// What it said.
        refusal: Refusal,
        /// How it reached us.
        via: Via,
        /// The stored answer.
        evidence: Option<EvidenceId>,
    },
    /// Its only transmission provably never left this machine (R6).
    NotSent {
        /// What stopped it.
        why: NotSentReason,
    },
    /// Nothing was heard of it for a whole quiet window (R8): no proof, and recorded with what is lost if
    /// it arrives after all.
    Assumed {
        /// What a second delivery would cost us.
        at_risk: Money,
        /// How long it was quiet, in milliseconds.
        waited_ms: i64,
    },
    /// A person says so (R8): no proof, and recorded with what is lost if it is wrong.
    Attested {
        /// On whose word.
        signed: Signature,
        /// What a second delivery would cost us.
        at_risk: Money,
        /// The stored attestation.
        evidence: EvidenceId,
    },
}

/// What stopped a transmission before its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotSentReason {
    /// The supplier's name did not resolve to an address that may be called.
    Address,
    /// The connection was refused or did not come about.
    Connect,
    /// The request could not be written in the supplier's dialect.
    Encoding,
    /// The stamp's commit was not confirmed, so the sender never sent.
    StampUnconfirmed,
    /// Its turn under the supplier's limits did not come in time.
    NoTurn,
    /// The process that stamped it stood still, and the stamp was old when it could have left.
    StampOld,
}

/// One sending of an attempt's bytes; its stamp is committed before the first byte leaves (R2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transmission {
    /// 1, 2, 3 … within the attempt.
    pub n: u8,
    /// When it was stamped, UTC milliseconds.
    pub stamped_at_ms: i64,
    /// By whom: only this process may send it, and only it may say that it never left. Absent in
    /// histories from before processes had names.
    pub process: Option<ProcessId>,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a transmission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Stamped: it may have left.
    Stamped,
    /// It left and an answer came back on its connection.
    Answered,
    /// It may have left; no answer that could be used came back.
    Lost,
    /// Provably not one byte left.
    NotSent,
}

impl Attempt {
    /// Sent, accepted or unknown: it may still charge, so no other attempt may be opened (R5).
    #[must_use]
    pub fn is_open(&self) -> bool {
        match self.state {
            AttemptState::Sent | AttemptState::Accepted | AttemptState::Unknown { .. } => true,
            AttemptState::Won { .. } | AttemptState::Dead { .. } | AttemptState::Excess { .. } | AttemptState::Late { .. } => false,
        }
    }

    /// Whether the order's success rests on it.
    #[must_use]
    pub fn is_won(&self) -> bool {
        match self.state {
            AttemptState::Won { .. } => true,
            AttemptState::Sent
            | AttemptState::Accepted
            | AttemptState::Unknown { .. }
            | AttemptState::Dead { .. }
            | AttemptState::Excess { .. }
            | AttemptState::Late { .. } => false,
        }
    }

    /// Sent and proven neither way.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.doubt_since_ms().is_some()
    }

    /// Since when it has been in doubt, UTC milliseconds.
    #[must_use]
    pub fn doubt_since_ms(&self) -> Option<i64> {
        match self.state {
            AttemptState::Unknown { since_ms, .. } => Some(since_ms),
            AttemptState::Sent
            | AttemptState::Accepted
            | AttemptState::Won { .. }
            | AttemptState::Dead { .. }
            | AttemptState::Excess { .. }
            | AttemptState::Late { .. } => None,
        }
    }

    /// The state's word in storage and JSON.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self.state {
            AttemptState::Sent => "sent",
            AttemptState::Accepted => "accepted",
            AttemptState::Unknown { .. } => "unknown",
            AttemptState::Won { .. } => "won",
            AttemptState::Dead { .. } => "dead",
            AttemptState::Excess { .. } => "excess",
            AttemptState::Late { .. } => "late",
        }
    }

    /// When its bytes may first have left, UTC milliseconds.
    #[must_use]
    pub fn first_stamp_ms(&self) -> i64 {
        self.transmissions.first().map_or(self.opened_at_ms, |t| t.stamped_at_ms)
    }

    /// The latest transmission's number; 0 before the first.
    #[must_use]
    pub fn last_transmission(&self) -> u8 {
        self.transmissions.last().map_or(0, |t| t.n)
    }
}
