//! How a supplier is doing, for operators and for the supplier itself: its score, what cost it, and the
//! way back. Nothing in it is about anybody else.

use std::sync::PoisonError;

use serde::{Deserialize, Serialize};

use super::Dispatch;
use crate::domain::ids::{AttemptId, Sku, SupplierId};
use crate::domain::limits::Operation;
use crate::domain::money::Money;
use crate::domain::plan::CircuitCause;
use crate::router::{Answering, Circuit, Evidence, Facet, Fact};

/// A scorecard with whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedCard {
    /// Whose.
    pub supplier: SupplierId,
    /// What it says.
    #[serde(flatten)]
    pub card: Scorecard,
}

/// One supplier's standing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Scorecard {
    /// Its score in basis points; absent while nothing is known of it.
    pub score_bp: Option<u16>,
    /// How many facts the score rests on, as they count now.
    pub facts: u32,
    /// Attempts that came to be unknown, in basis points.
    pub unknown_bp: u16,
    /// Complaints, in basis points.
    pub complaint_bp: u16,
    /// From the opening of an attempt to its delivery, in milliseconds.
    pub latency_ms: Option<u64>,
    /// Deliveries that it told of by itself rather than being asked, in basis points.
    pub told_bp: Option<u16>,
    /// Whether it stands behind the healthy ones.
    pub is_ill: bool,
    /// Since when, UTC milliseconds.
    pub ill_since_ms: Option<i64>,
    /// Its circuit: `closed`, `returning`, `half_open`, `open`.
    pub circuit: String,
    /// Since when its circuit is so, UTC milliseconds; absent while closed.
    pub since_ms: Option<i64>,
    /// When a probe may be sent, UTC milliseconds.
    pub until_ms: Option<i64>,
    /// What opened it.
    pub cause: Option<CircuitCause>,
    /// The share of its traffic on its way back, in percent.
    pub share_percent: Option<u8>,
    /// How many requests it has shown that it bears at once.
    pub at_once: usize,
    /// How many its contract allows.
    pub at_once_most: usize,
    /// Until when it wants no submits, UTC milliseconds.
    pub rests_until_ms: Option<i64>,
    /// How many orders it takes of its day yet; absent: any number.
    pub orders_left: Option<u64>,
    /// How much money may be spent there of its day yet, decimal with its currency; absent: anything.
    pub cost_left: Option<String>,
    /// When its next day begins, UTC milliseconds; absent where nothing is bounded by it.
    pub day_ends_ms: Option<i64>,
    /// Of the deliveries of late, those of which a query had said before that there is no such number, in
    /// basis points; absent while there are none.
    pub denied_bp: Option<u16>,
    /// From the opening of an attempt to the notification of its delivery, in milliseconds.
    pub notified_ms: Option<u64>,
    /// How it answers what it is asked besides orders.
    pub answers: Vec<AnswerCard>,
    /// Our balance there as it was told last, decimal with its currency.
    pub balance: Option<String>,
    /// When it was told, UTC milliseconds.
    pub balance_at_ms: Option<i64>,
    /// For how many hours it lasts as it has been going of late.
    pub balance_hours: Option<i64>,
    /// How it stands with each product, or group of products, and each carrier and region of it; those with
    /// the most facts, at most `MOST_FACETS`.
    pub facets: Vec<FacetCard>,
    /// The attempt that opened its circuit last.
    pub opened_by: Option<Costly>,
    /// What cost it something of late, oldest first.
    pub costly: Vec<Costly>,
}

/// How a supplier answers one operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerCard {
    /// `query` or `balance`.
    pub operation: Operation,
    /// Its score in basis points.
    pub score_bp: u16,
    /// How many questions the score rests on.
    pub facts: u32,
}

/// A scorecard shows so many facets.
const MOST_FACETS: usize = 50;

/// A supplier's standing with one product, or group of products, and perhaps one carrier or region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FacetCard {
    /// The product, or group of products.
    pub group: String,
    /// The carrier or region; absent: all of them.
    pub part: Option<String>,
    /// Its score in basis points.
    pub score_bp: Option<u16>,
    /// How many facts the score rests on.
    pub facts: u32,
    /// Its circuit: `closed`, `returning`, `half_open`, `open`.
    pub circuit: String,
    /// How it answers queries, in basis points.
    #[serde(default)]
    pub queries_bp: Option<u16>,
}

/// An attempt that cost its supplier something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Costly {
    /// The number that the supplier saw.
    #[serde(with = "as_text")]
    pub attempt: AttemptId,
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// With which product.
    pub sku: Sku,
    /// What it was, in a word and its reason.
    pub what: String,
}

impl Dispatch {
    /// How a supplier is doing.
    #[must_use]
    pub fn scorecard(&self, supplier: &SupplierId) -> Scorecard {
        let (published, now_ms) = (self.house.published(), self.house.now_ms());
        let (steering, rules) = (&published.document, &published.document.health);
        let book = self.house.steer.health.lock().unwrap_or_else(PoisonError::into_inner);
        let standing = book.whole(supplier, steering, now_ms);
        let mut card = Scorecard {
            score_bp: standing.score_bp,
            facts: standing.facts,
            unknown_bp: standing.unknown_bp,
            complaint_bp: standing.complaint_bp,
            latency_ms: standing.latency_ms,
            told_bp: book.told_bp(supplier, rules, now_ms),
            denied_bp: book.denied_bp(supplier, rules, now_ms),
            notified_ms: book.notified_ms(supplier),
            is_ill: standing.is_ill,
            ill_since_ms: standing.ill_since_ms,
            circuit: standing.circuit.word().to_owned(),
            answers: book.answers(supplier, rules, now_ms).into_iter().map(answer).collect(),
            facets: facets(book.facets(supplier, steering, now_ms)),
            opened_by: book.opened_by(supplier).map(costly),
            costly: book.evidence(supplier).map(costly).collect(),
            ..Scorecard::default()
        };
        if let Some(purse) = self.house.purses.of(supplier) {
            (card.balance, card.balance_at_ms) = (Some(purse.left.to_string()), Some(purse.at_ms));
            card.balance_hours = purse.hours_left();
        }
        if let Some(known) = self.house.parts.suppliers.get(supplier) {
            let learnt = known.lane.learnt();
            (card.at_once, card.at_once_most) = (learnt.at_once, learnt.at_once_most);
            let rest_ms = i64::try_from(learnt.rest.as_millis()).unwrap_or(i64::MAX);
            card.rests_until_ms = (rest_ms > 0).then(|| now_ms.saturating_add(rest_ms));
            let day = known.day(now_ms);
            let left = known.lane.left(day, None);
            let money = |minor| Money::new(minor, known.adapter.currency()).to_string();
            (card.orders_left, card.cost_left) = (left.orders, left.cost_minor.map(money));
            card.day_ends_ms = known.lane.counts_days().then_some(day.ends_ms);
        }
        match standing.circuit {
            Circuit::Closed => {}
            Circuit::Returning { since_ms, percent } => (card.since_ms, card.share_percent) = (Some(since_ms), Some(percent)),
            Circuit::HalfOpen { since_ms, .. } => card.since_ms = Some(since_ms),
            Circuit::Open { since_ms, until_ms, cause } => {
                (card.since_ms, card.until_ms, card.cause) = (Some(since_ms), Some(until_ms), Some(cause));
            }
        }
        card
    }
}

fn answer(answering: Answering) -> AnswerCard {
    AnswerCard {
        operation: answering.operation,
        score_bp: answering.score_bp,
        facts: answering.facts,
    }
}

fn facets(mut known: Vec<Facet>) -> Vec<FacetCard> {
    // Stable: those with as many facts stay by name.
    known.sort_by_key(|facet| std::cmp::Reverse(facet.standing.facts));
    known.truncate(MOST_FACETS);
    let card = |facet: Facet| FacetCard {
        group: facet.group,
        part: facet.part.map(|part| part.to_string()),
        score_bp: facet.standing.score_bp,
        facts: facet.standing.facts,
        circuit: facet.standing.circuit.word().to_owned(),
        queries_bp: facet.queries.map(|answering| answering.score_bp),
    };
    known.into_iter().map(card).collect()
}

/// An attempt's number as its supplier writes it.
mod as_text {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::domain::ids::AttemptId;

    pub(super) fn serialize<S: Serializer>(attempt: &AttemptId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(attempt)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AttemptId, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

fn costly(evidence: &Evidence) -> Costly {
    Costly {
        attempt: AttemptId {
            order: evidence.order,
            seq: evidence.seq,
        },
        at_ms: evidence.at_ms,
        sku: evidence.sku.clone(),
        what: what(&evidence.fact),
    }
}

/// The fact's word and its reason's code, as in events.
fn what(fact: &Fact) -> String {
    let code = |value: Result<serde_json::Value, serde_json::Error>| {
        let value = value.unwrap_or_default();
        let text = value.as_str().or_else(|| value.get("code").and_then(|code| code.as_str()));
        text.unwrap_or("unnamed").to_owned()
    };
    match fact {
        Fact::Opened => "opened".to_owned(),
        Fact::Accepted => "accepted".to_owned(),
        Fact::Delivered { denied: true, .. } => "delivered, after it had said that there is no such number".to_owned(),
        Fact::Delivered { .. } => "delivered".to_owned(),
        Fact::Refused { kind, .. } => format!("refused: {}", kind.word()),
        Fact::NotSent { why } => format!("not sent: {}", code(serde_json::to_value(why))),
        Fact::Doubted { doubt, .. } => format!("unknown: {}", code(serde_json::to_value(doubt))),
        Fact::Complained => "complaint: it contradicted itself".to_owned(),
        Fact::PromiseBroken => "complaint: it broke a promise".to_owned(),
    }
}
