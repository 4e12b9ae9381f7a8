//! Who carries the doubt: where the operator has switched it on, the risk account gives the shop the price of
//! an order that has been in doubt for long.
//!
//! Nothing else changes by it: the hold stays, the attempt stays in doubt, its supplier is asked as before.
//! But the shop has its money back and may have given it to its buyer, so nothing is sent for the order any
//! more; what comes to light settles it. A success captures the hold, and the shop repays; a failure releases
//! the hold to the risk account.

use super::super::attempt::Attempt;
use super::super::callback::Callback;
use super::super::effect::Effect;
use super::super::event::Event;
use super::super::ledger::Posting;
use super::super::order::{Advance, Order};
use super::{Draft, Facts, Refusal};

/// How long an order is left alone that has not got its advance, in milliseconds.
const DECLINED_FOR_MS: i64 = 3_600_000;

/// When its advance is due, UTC milliseconds; nothing where none is to be given.
pub(super) fn due_ms(order: &Order, open: &Attempt, facts: Facts<'_>) -> Option<i64> {
    let after_ms = order.terms.advance_after_ms?;
    let since_ms = open.doubt_since_ms()?;
    let is_on = facts.policy.advance_total_minor >= order.terms.price.minor && order.verdict.is_none();
    let due_ms = since_ms.saturating_add(after_ms);
    match order.advance {
        Some(Advance::Given { .. }) => None,
        Some(Advance::Declined { until_ms }) => is_on.then_some(due_ms.max(until_ms)),
        None => is_on.then_some(due_ms),
    }
}

pub(super) fn advance(draft: &mut Draft, facts: Facts<'_>) -> Result<(), Refusal> {
    let cap_minor = is_due(draft, facts).then_some(facts.policy.advance_total_minor);
    let cap_minor = cap_minor.ok_or(Refusal::MayNotAdvance)?;
    let (id, shop, amount) = (draft.order.id, draft.order.terms.shop, draft.order.terms.price);
    draft.add(Event::OrderAdvanced { amount });
    draft.effect(Effect::Post(Posting::advance(id, shop, amount, cap_minor)));
    if let Some(callback) = Callback::of_advance(&draft.order, draft.now_ms) {
        draft.effect(Effect::Tell(callback));
    }
    Ok(())
}

/// The cap is used up by others, or the order is not to be touched: later, perhaps.
pub(super) fn decline(draft: &mut Draft, facts: Facts<'_>) -> Result<(), Refusal> {
    if !is_due(draft, facts) {
        return Err(Refusal::MayNotAdvance);
    }
    let until_ms = draft.now_ms.saturating_add(DECLINED_FOR_MS);
    draft.add(Event::AdvanceDeclined { until_ms });
    Ok(())
}

fn is_due(draft: &Draft, facts: Facts<'_>) -> bool {
    let open = draft.order.open_attempt();
    let due_ms = open.and_then(|open| due_ms(&draft.order, open, facts));
    due_ms.is_some_and(|due_ms| draft.now_ms >= due_ms)
}
