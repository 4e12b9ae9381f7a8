//! When an order is looked at next, and for what: the ladder of R8 as a function of its state.
//!
//! Invariant: an order without a verdict, and every order with an open attempt, always has a next
//! action (I17).

use super::super::attempt::{Attempt, AttemptState, Fate};
use super::super::order::{NextAction, Order, Step};
use super::super::policy::rung;
use super::Facts;

pub(super) fn next_action(order: &Order, facts: Facts<'_>, now_ms: i64) -> Option<NextAction> {
    if let Some(hinted) = order.attempts.iter().find(|attempt| attempt.is_hinted) {
        let at_ms = now_ms.saturating_add(hinted_wait_ms(hinted));
        return Some(NextAction {
            at_ms,
            step: Step::Query { seq: hinted.seq },
        });
    }
    if let Some(open) = order.open_attempt() {
        let action = open_action(open, facts, now_ms);
        let review_ms = review_at_ms(order, open, facts).filter(|at_ms| *at_ms < action.at_ms);
        return Some(review_ms.map_or(action, |at_ms| NextAction { at_ms, step: Step::Review }));
    }
    if order.verdict.is_some() {
        return None;
    }
    let at_ms = order.waits_until_ms.unwrap_or(now_ms).min(order.terms.deadline_ms);
    Some(NextAction { at_ms, step: Step::Try })
}

/// A hint is followed at once, but not more than a few times in a row.
fn hinted_wait_ms(attempt: &Attempt) -> i64 {
    if attempt.queries < 20 { 0 } else { 60_000 }
}

fn open_action(attempt: &Attempt, facts: Facts<'_>, now_ms: i64) -> NextAction {
    let seq = attempt.seq;
    let rules = facts.rules.of(&attempt.supplier);
    let policy = facts.policy;
    let last_stamp_ms = attempt.transmissions.last().map_or(attempt.opened_at_ms, |t| t.stamped_at_ms);
    let reply_due_ms = last_stamp_ms
        .saturating_add(rules.submit_timeout_ms)
        .saturating_add(policy.reply_margin_ms);
    let is_on_the_wire = attempt.transmissions.last().is_some_and(|t| t.fate == Fate::Stamped);
    let query = Step::Query { seq };
    let asking = if rules.answers_queries { query } else { Step::Review };
    match &attempt.state {
        AttemptState::Accepted => NextAction {
            at_ms: now_ms.saturating_add(rung(&policy.accepted_query_ms, attempt.queries)),
            step: asking,
        },
        AttemptState::Unknown { .. } if !is_on_the_wire => {
            let enough = attempt.not_found >= policy.not_found_before_resubmit.max(1);
            let step = if enough && may_resubmit(attempt, facts, now_ms) {
                Step::Resubmit { seq }
            } else {
                asking
            };
            NextAction {
                at_ms: now_ms.saturating_add(rung(&policy.doubt_query_ms, attempt.queries)),
                step,
            }
        }
        AttemptState::Unknown { .. }
        | AttemptState::Sent
        | AttemptState::Won { .. }
        | AttemptState::Dead { .. }
        | AttemptState::Excess { .. }
        | AttemptState::Late { .. } => NextAction {
            at_ms: reply_due_ms.max(now_ms),
            step: asking,
        },
    }
}

/// When time alone makes the order overdue or its doubt a case; `None` once both have happened.
fn review_at_ms(order: &Order, open: &Attempt, facts: Facts<'_>) -> Option<i64> {
    let deadline = (order.verdict.is_none() && !order.is_overdue).then_some(order.terms.deadline_ms);
    let has_case = order.has_case(super::super::case::CaseKind::OverdueDoubt, open.seq);
    let case = open
        .doubt_since_ms()
        .filter(|_| !has_case)
        .map(|since| since.saturating_add(facts.policy.doubt_case_after_ms));
    deadline.into_iter().chain(case).min()
}

/// Whether the same number may be sent again now (R8): the supplier promises that it cannot charge
/// twice, its memory certainly still reaches back to the first transmission, the latest answer said
/// "not found", and no transmission is still awaited.
pub(super) fn may_resubmit(attempt: &Attempt, facts: Facts<'_>, now_ms: i64) -> bool {
    let promises = facts.rules.of(&attempt.supplier).promises;
    let policy = facts.policy;
    let age_ms = now_ms.saturating_sub(attempt.first_stamp_ms());
    let within_ms = policy.resubmit_within_ms.min(promises.horizon_ms / 2);
    let is_awaited = attempt.transmissions.last().is_some_and(|t| t.fate == Fate::Stamped);
    attempt.is_in_doubt()
        && attempt.not_found > 0
        && promises.permit_resubmit()
        && (0..=within_ms).contains(&age_ms)
        && !is_awaited
        && attempt.transmissions.len() < usize::from(policy.max_transmissions)
}
