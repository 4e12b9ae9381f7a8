//! From a plan to an attempt, a wait, or a failure that is certain.

use super::super::attempt::{AttemptState, Proof};
use super::super::callback::Callback;
use super::super::effect::Effect;
use super::super::event::Event;
use super::super::failure::Failure;
use super::super::ids::{AttemptId, ProcessId, SupplierId};
use super::super::ledger::Posting;
use super::super::order::Order;
use super::super::plan::{Because, Candidate, Choice, Other, Plan, Skip, Stands};
use super::super::steering::Strategy;
use super::{Draft, Refusal};

/// Opens the next attempt if its permit is in hand; fails the order if nobody can ever be tried or
/// the deadline has come; waits otherwise.
pub(super) fn route(draft: &mut Draft, plan: Plan, permitted: Option<&SupplierId>, process: ProcessId) -> Result<(), Refusal> {
    if draft.order.verdict.is_some() {
        return Err(Refusal::Ended);
    }
    if draft.order.open_attempt().is_some() {
        return Err(Refusal::AttemptOpen);
    }
    if draft.now_ms >= draft.order.terms.deadline_ms {
        fail(draft, Failure::DeadlinePassed);
        return Ok(());
    }
    let next_seq = draft.order.attempts.len().saturating_add(1);
    // A shop that has its money back may have told its buyer so: nothing is bought for it any more.
    let may_buy = !draft.order.is_advanced();
    let next_seq = u8::try_from(next_seq).ok().filter(|seq| *seq <= AttemptId::MAX_SEQ && may_buy);
    let is_anyone_left = !plan.candidates.is_empty();
    let Plan {
        mut candidates,
        skipped,
        strategy,
        steering,
    } = plan;
    let place = permitted.and_then(|supplier| candidates.iter().position(|c| c.supplier == *supplier));
    let chosen = place.map(|place| candidates.remove(place));
    match (chosen, next_seq) {
        (Some(chosen), Some(seq)) => {
            draft.add(Event::AttemptOpened {
                seq,
                supplier: chosen.supplier,
                settings: chosen.settings,
                code: chosen.code,
                cost: chosen.cost,
                skipped,
                process: Some(process),
                choice: choice(strategy, steering, chosen.stands, candidates),
            });
            draft.effect(Effect::Transmit { seq, n: 1 });
            Ok(())
        }
        // Somebody may be tried, only not at this moment: the order waits for a permit, unwritten.
        (None, Some(_)) if permitted.is_some() || is_anyone_left => Err(Refusal::NothingNew),
        (None, Some(_)) => wait_or_fail(draft, skipped),
        (_, None) => {
            fail(draft, last_failure(&draft.order));
            Ok(())
        }
    }
}

/// Why this one; nothing where nobody else could be had and nothing but its priority spoke for it.
fn choice(strategy: Strategy, steering: u32, stands: Stands, others: Vec<Candidate>) -> Option<Box<Choice>> {
    if others.is_empty() && stands.because == Because::Priority {
        return None;
    }
    let other = |candidate: Candidate| Other {
        supplier: candidate.supplier,
        cost: candidate.cost,
        stands: candidate.stands,
    };
    Some(Box::new(Choice {
        strategy,
        steering,
        stands,
        others: others.into_iter().map(other).collect(),
    }))
}

/// Waits where somebody may come to be tried before the deadline. Where all are certain to be out until
/// then, or for ever, the shop need not wait to hear it.
fn wait_or_fail(draft: &mut Draft, skipped: Vec<Skip>) -> Result<(), Refusal> {
    let deadline_ms = draft.order.terms.deadline_ms;
    let is_in_vain = skipped.iter().all(|skip| skip.reason.is_out_before(deadline_ms));
    let until_ms = skipped.iter().filter_map(|skip| skip.reason.until_ms()).min();
    let until_ms = until_ms.filter(|_| !is_in_vain).map(|until_ms| until_ms.min(deadline_ms));
    match until_ms {
        Some(until_ms) if until_ms > draft.now_ms && draft.order.waits_until_ms == Some(until_ms) => return Err(Refusal::NothingNew),
        Some(until_ms) => draft.add(Event::OrderWaiting { skipped, until_ms }),
        None => fail(draft, last_failure(&draft.order)),
    }
    Ok(())
}

/// What to tell the shop when every attempt is dead: the last definite refusal, if there was one.
fn last_failure(order: &Order) -> Failure {
    let refusals = order.attempts.iter().rev().filter_map(|attempt| match &attempt.state {
        AttemptState::Dead {
            proof: Proof::Refused { refusal, .. },
            ..
        } => Some(refusal.clone()),
        AttemptState::Dead {
            proof: Proof::NotSent { .. } | Proof::Assumed { .. } | Proof::Attested { .. },
            ..
        }
        | AttemptState::Sent
        | AttemptState::Accepted
        | AttemptState::Unknown { .. }
        | AttemptState::Won { .. }
        | AttemptState::Excess { .. }
        | AttemptState::Late { .. } => None,
    });
    refusals
        .into_iter()
        .next()
        .map_or(Failure::NoSupplier, |last| Failure::Refused { last })
}

/// R10: only called with no attempt open.
fn fail(draft: &mut Draft, failure: Failure) {
    end_unpaid(draft, Event::OrderFailed { failure });
}

/// The order ends without success: releases the hold and tells the shop, in this change.
pub(super) fn end_unpaid(draft: &mut Draft, end: Event) {
    draft.add(end);
    settle(draft, 0);
    let callback = Callback::of_verdict(&draft.order, &[], draft.now_ms);
    if let Some(callback) = callback {
        draft.effect(Effect::Tell(callback));
    }
}

/// The hold's one settlement, and with it that of an advance.
pub(super) fn settle(draft: &mut Draft, captured_minor: i64) {
    let (id, shop, price) = (draft.order.id, draft.order.terms.shop, draft.order.terms.price);
    if draft.order.is_advanced() {
        for posting in Posting::settle_advanced(id, shop, price, captured_minor) {
            draft.effect(Effect::Post(posting));
        }
    } else {
        draft.effect(Effect::Post(Posting::settle(id, shop, price, captured_minor)));
    }
}
