//! Accepting an order: hold, first event, and, where a permit is already in hand, the first
//! attempt in the same change, so that the common order costs one commit before it is sent.

use std::sync::Arc;

use super::super::effect::{Change, Effect};
use super::super::event::Event;
use super::super::evolve::evolve;
use super::super::ids::{OrderId, SupplierId};
use super::super::ledger::Posting;
use super::super::order::Terms;
use super::super::plan::Plan;
use super::{Draft, Facts, Refusal, route};

/// The change that creates an order. The store admits it if the number is new and the balance
/// allows the hold; `decide` never sees a balance.
///
/// # Errors
/// A refusal only if the terms cannot make an order, which the caller's checks exclude.
pub fn accept(
    id: OrderId,
    terms: Terms,
    plan: Plan,
    permitted: Option<&SupplierId>,
    facts: Facts<'_>,
    now_ms: i64,
) -> Result<Change, Refusal> {
    let terms = Arc::new(terms);
    let accepted = Event::OrderAccepted {
        id,
        terms: Arc::clone(&terms),
    };
    let order = evolve(None, &accepted, now_ms).ok_or(Refusal::NothingNew)?;
    let hold = Posting::hold(id, terms.shop, terms.price, terms.floor_minor);
    let mut draft = Draft {
        expected_version: 0,
        order,
        events: vec![accepted],
        effects: vec![Effect::Post(hold)],
        now_ms,
    };
    if permitted.is_some() || plan.candidates.is_empty() {
        route::route(&mut draft, plan, permitted, facts.process)?;
    }
    draft.finish(facts)
}
