//! From an order's events to what was seen of its suppliers.

use serde::{Deserialize, Serialize};

use crate::domain::attempt::NotSentReason;
use crate::domain::case::CaseKind;
use crate::domain::effect::Change;
use crate::domain::event::{Event, Recorded};
use crate::domain::evolve::evolve;
use crate::domain::ids::{OrderId, Seq, Sku, SupplierId};
use crate::domain::order::Order;
use crate::domain::outcome::{Doubt, RefusalKind, Via};
use crate::domain::segment::Segment;

/// Something that was seen of a supplier, once. Holds nothing of the shop, and of the recipient no more than
/// where its number is at home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// Of whom.
    pub supplier: SupplierId,
    /// With which product.
    pub sku: Sku,
    /// For a number of which carrier and region, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<Segment>,
    /// In which order: the evidence.
    pub order: OrderId,
    /// In which of its attempts.
    pub seq: Seq,
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// What.
    pub fact: Fact,
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// An attempt was opened: whatever it will be, it is in flight.
    Opened,
    /// The supplier took it, or said that it works on it.
    Accepted,
    /// Delivered.
    Delivered {
        /// How it reached us.
        via: Via,
        /// From the opening of the attempt to here, in milliseconds.
        took_ms: u64,
        /// Asked before, it had said that it knows no such number.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        denied: bool,
    },
    /// Definitely refused or failed.
    Refused {
        /// How it reached us.
        via: Via,
        /// What it said.
        kind: RefusalKind,
    },
    /// Nothing left this machine.
    NotSent {
        /// What stopped it.
        why: NotSentReason,
    },
    /// Its outcome became unknown: told once for each time it does.
    Doubted {
        /// How this reached us.
        via: Via,
        /// Why.
        doubt: Doubt,
    },
    /// Delivered after it had been refused or given up, delivered twice, or a success taken back.
    Complained,
    /// It was seen to break what it promises.
    PromiseBroken,
}

/// What a change shows of the order's suppliers.
pub fn sightings(change: &Change) -> impl Iterator<Item = Sighting> {
    change
        .events
        .iter()
        .filter_map(|event| sighting(&change.after, event, change.at_ms))
}

/// What a whole history shows of an order's suppliers.
#[must_use]
pub fn sightings_of(history: &[Recorded]) -> Vec<Sighting> {
    let mut order = None;
    let mut seen = Vec::new();
    for Recorded { event, at_ms, .. } in history {
        order = evolve(order, event, *at_ms);
        seen.extend(order.as_ref().and_then(|after| sighting(after, event, *at_ms)));
    }
    seen
}

/// What an event shows of the supplier that it is about.
pub fn sighting(after: &Order, event: &Event, at_ms: i64) -> Option<Sighting> {
    let seq = event.subject().seq()?;
    let attempt = after.attempt(seq)?;
    let fact = match event {
        Event::AttemptOpened { .. } => Fact::Opened,
        Event::AttemptAccepted { .. } => Fact::Accepted,
        Event::AttemptWon { via, .. } => Fact::Delivered {
            via: *via,
            took_ms: u64::try_from(at_ms.saturating_sub(attempt.opened_at_ms)).unwrap_or(0),
            denied: attempt.not_found > 0,
        },
        Event::AttemptRefused { via, refusal, .. } => Fact::Refused {
            via: *via,
            kind: refusal.kind,
        },
        Event::AttemptNotSent { why, .. } => Fact::NotSent { why: *why },
        Event::AttemptDoubted { via, doubt, .. } if attempt.doubt_since_ms() == Some(at_ms) => Fact::Doubted {
            via: *via,
            doubt: doubt.clone(),
        },
        Event::AttemptExcess { .. } | Event::AttemptLate { .. } | Event::AttemptContradicted { .. } => Fact::Complained,
        Event::CaseOpened {
            kind: CaseKind::PromiseBroken,
            ..
        } => Fact::PromiseBroken,
        Event::AttemptDoubted { .. }
        | Event::OrderAccepted { .. }
        | Event::OrderWaiting { .. }
        | Event::AttemptResubmitted { .. }
        | Event::AttemptHinted { .. }
        | Event::AttemptConfirmed { .. }
        | Event::AttemptAssumedDead { .. }
        | Event::AttemptGivenUp { .. }
        | Event::CostRecovered { .. }
        | Event::OrderSucceeded { .. }
        | Event::OrderPartiallySucceeded { .. }
        | Event::OrderFailed { .. }
        | Event::OrderCancelled
        | Event::OrderRefunded { .. }
        | Event::OrderCharged { .. }
        | Event::OrderAdvanced { .. }
        | Event::AdvanceDeclined { .. }
        | Event::OrderOverdue
        | Event::CaseOpened { .. } => return None,
    };
    Some(Sighting {
        supplier: attempt.supplier.clone(),
        sku: after.terms.sku.clone(),
        segment: after.terms.segment.clone(),
        order: after.id,
        seq,
        at_ms,
        fact,
    })
}
