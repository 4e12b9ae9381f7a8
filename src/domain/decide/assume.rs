//! R8, the last rung before a person: a quiet window ends an attempt as dead by assumption, where the
//! operator has switched that on for its supplier, up to an amount.
//!
//! It rests on two things that nobody proves: that a request which has not arrived by now never will,
//! and that the supplier's "not found" is up to date by now, which it must promise (`query_consistent`). So it
//! needs everything else to be quiet:
//! the supplier has never shown that it knows the number, its latest word is "not found", the ladder
//! before is climbed down, and only time counts that this process has witnessed.

use super::super::attempt::{Attempt, AttemptState};
use super::super::event::Event;
use super::super::ids::Seq;
use super::super::outcome::Doubt;
use super::super::policy::QuietWindow;
use super::{Draft, Facts, Refusal, next};

/// Fewest "not found" answers since the latest transmission.
const FEWEST_NOT_FOUND: u16 = 2;

/// `witnessed_since_ms`: since when no start and no jump of a clock has interrupted the watch, UTC milliseconds.
pub(super) fn assume(draft: &mut Draft, seq: Seq, window: &QuietWindow, witnessed_since_ms: i64, facts: Facts<'_>) -> Result<(), Refusal> {
    let attempt = draft.attempt(seq)?;
    let quiet_since_ms = attempt
        .transmissions
        .last()
        .map_or(attempt.opened_at_ms, |latest| latest.stamped_at_ms)
        .max(witnessed_since_ms);
    let waited_ms = draft.now_ms.saturating_sub(quiet_since_ms);
    let is_affordable = attempt.cost.currency == window.max_cost.currency && attempt.cost.minor <= window.max_cost.minor;
    let is_over = window.after_ms > 0 && waited_ms >= window.after_ms;
    let is_up_to_date = facts.rules.of(&attempt.supplier).promises.query_consistent;
    let may_be_sent_again = next::may_resubmit(&draft.order, &attempt, facts, draft.now_ms);
    if !(is_quiet(&attempt, facts) && is_up_to_date && is_affordable && is_over) || may_be_sent_again {
        return Err(Refusal::MayNotAssume);
    }
    draft.add(Event::AttemptAssumedDead {
        seq,
        at_risk: attempt.cost,
        waited_ms,
    });
    Ok(())
}

fn is_quiet(attempt: &Attempt, facts: Facts<'_>) -> bool {
    let says_not_found = match &attempt.state {
        AttemptState::Unknown { doubt, .. } => *doubt == Doubt::NotFound,
        AttemptState::Sent
        | AttemptState::Accepted
        | AttemptState::Won { .. }
        | AttemptState::Dead { .. }
        | AttemptState::Excess { .. }
        | AttemptState::Late { .. } => false,
    };
    let fewest = facts.policy.not_found_before_resubmit.max(FEWEST_NOT_FOUND);
    says_not_found && attempt.not_found >= fewest && !attempt.is_known_there && !next::is_awaited(attempt)
}
