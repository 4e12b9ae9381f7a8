//! When an order is looked at next, and for what: the ladder of R8 as a function of its state.
//!
//! Invariant: an order without a verdict, and every order with an open attempt, always has a next
//! action (I17).

use super::super::attempt::{Attempt, AttemptState, Fate};
use super::super::order::{NextAction, Order, Step};
use super::super::policy::rung;
use super::{Facts, advance};

pub(super) fn next_action(order: &Order, facts: Facts<'_>, now_ms: i64) -> Option<NextAction> {
    let is_askable = |attempt: &&Attempt| facts.rules.of(&attempt.supplier).answers_queries;
    let hinted = order.attempts.iter().filter(|attempt| attempt.is_hinted).filter(is_askable);
    let questions = hinted.map(|attempt| NextAction {
        at_ms: now_ms.saturating_add(hinted_wait_ms(attempt, facts)),
        step: Step::Query { seq: attempt.seq },
    });
    let open = order.open_attempt();
    let own = match open {
        Some(open) => Some(open_action(order, open, facts, now_ms)),
        None if order.verdict.is_some() => None,
        None => Some(NextAction {
            at_ms: order.waits_until_ms.unwrap_or(now_ms).min(order.terms.deadline_ms),
            step: Step::Try,
        }),
    };
    let review = open
        .and_then(|open| review_at_ms(order, open, facts))
        .map(|at_ms| NextAction { at_ms, step: Step::Review });
    let advance = open.and_then(|open| advance::due_ms(order, open, facts)).map(|at_ms| NextAction {
        at_ms,
        step: Step::Advance,
    });
    questions.chain(own).chain(review).chain(advance).min_by_key(|next| next.at_ms)
}

/// A hint about an open attempt is followed at once, but not more than a few times in a row; one
/// about a closed attempt moves no waiting order, so anybody's word climbs the usual ladder there.
fn hinted_wait_ms(attempt: &Attempt, facts: Facts<'_>) -> i64 {
    if !attempt.is_open() {
        rung(&facts.policy.doubt_query_ms, attempt.queries)
    } else if attempt.queries < 20 {
        0
    } else {
        60_000
    }
}

/// Until when the reply to the latest transmission may still come, UTC milliseconds.
pub(super) fn reply_due_ms(attempt: &Attempt, facts: Facts<'_>) -> i64 {
    let last_stamp_ms = attempt.transmissions.last().map_or(attempt.opened_at_ms, |t| t.stamped_at_ms);
    last_stamp_ms
        .saturating_add(facts.rules.of(&attempt.supplier).submit_timeout_ms)
        .saturating_add(facts.policy.reply_margin_ms)
}

/// Whether it is still open what became of the latest transmission.
pub(super) fn is_awaited(attempt: &Attempt) -> bool {
    attempt.transmissions.last().is_some_and(|t| t.fate == Fate::Stamped)
}

fn open_action(order: &Order, attempt: &Attempt, facts: Facts<'_>, now_ms: i64) -> NextAction {
    let seq = attempt.seq;
    let policy = facts.policy;
    let is_askable = facts.rules.of(&attempt.supplier).answers_queries;
    let asking = if is_askable { Step::Query { seq } } else { Step::Review };
    match &attempt.state {
        AttemptState::Accepted => NextAction {
            at_ms: now_ms.saturating_add(rung(&policy.accepted_query_ms, attempt.queries)),
            step: asking,
        },
        AttemptState::Unknown { .. } if !is_awaited(attempt) => {
            let at_ms = now_ms.saturating_add(rung(&policy.doubt_query_ms, attempt.queries));
            let step = if may_resubmit(order, attempt, facts, at_ms) {
                Step::Resubmit { seq }
            } else if may_recall(order, attempt, facts, at_ms) {
                Step::Recall { seq }
            } else {
                asking
            };
            NextAction { at_ms, step }
        }
        AttemptState::Unknown { .. }
        | AttemptState::Sent
        | AttemptState::Won { .. }
        | AttemptState::Dead { .. }
        | AttemptState::Excess { .. }
        | AttemptState::Late { .. } => NextAction {
            at_ms: reply_due_ms(attempt, facts).max(now_ms),
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

/// How often a supplier is asked to withdraw an attempt, and how many questions come before each time.
const MOST_RECALLS: u8 = 3;
const QUESTIONS_BEFORE_RECALL: u16 = 5;

/// Whether the supplier is to be asked at `at_ms` to withdraw the attempt (R8): where that is switched on, the
/// doubt is old enough, it was asked about it before, and the same number may not be sent again any more.
pub(super) fn may_recall(order: &Order, attempt: &Attempt, facts: Facts<'_>, at_ms: i64) -> bool {
    let rules = facts.rules.of(&attempt.supplier);
    let doubt = rules.recall_after_ms.zip(attempt.doubt_since_ms());
    let is_old = doubt.is_some_and(|(after_ms, since_ms)| at_ms.saturating_sub(since_ms) >= after_ms);
    is_old
        && order.verdict.is_none()
        && attempt.recalls < MOST_RECALLS
        && attempt.queries >= QUESTIONS_BEFORE_RECALL
        && !is_awaited(attempt)
        && !may_ever_resubmit(order, attempt, facts, at_ms)
}

/// Whether a later "not found" would let the same number be sent again.
fn may_ever_resubmit(order: &Order, attempt: &Attempt, facts: Facts<'_>, at_ms: i64) -> bool {
    let is_missed = Attempt {
        not_found: u16::MAX,
        ..attempt.clone()
    };
    may_resubmit(order, &is_missed, facts, at_ms)
}

/// Whether the same number may be sent again at `at_ms` (R8): the order still wants it and its
/// shop has not got its money back, the supplier
/// promises that it cannot charge twice and its memory certainly still reaches back to the first
/// transmission, it has said "not found" often enough since the latest one, and none is awaited.
pub(super) fn may_resubmit(order: &Order, attempt: &Attempt, facts: Facts<'_>, at_ms: i64) -> bool {
    let promises = facts.rules.of(&attempt.supplier).promises;
    let policy = facts.policy;
    let age_ms = at_ms.saturating_sub(attempt.first_stamp_ms());
    let within_ms = policy.resubmit_within_ms.min(promises.horizon_ms / 2);
    order.verdict.is_none()
        && !order.is_advanced()
        && attempt.is_in_doubt()
        && attempt.not_found >= policy.not_found_before_resubmit.max(1)
        && promises.permit_resubmit()
        && (0..=within_ms).contains(&age_ms)
        && !is_awaited(attempt)
        && attempt.transmissions.len() < usize::from(policy.max_transmissions)
}
