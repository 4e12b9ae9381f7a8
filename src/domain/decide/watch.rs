//! R21: what a supplier promises is watched while its answers are read.
//!
//! An answer that cannot be true if a promise was kept pauses the supplier in the very commit that
//! records it, and calls a person. Only what one order shows is seen here; that is enough for the
//! promises on which a second sending or a second supplier rests.

use super::super::attempt::{Attempt, AttemptState, Proof};
use super::super::case::CaseKind;
use super::super::desk::{Deed, Promise};
use super::super::effect::Effect;
use super::super::outcome::{Outcome, Reading, Via};
use super::{Draft, Facts};

/// Which promise this reading shows to be broken, `attempt` being as it was before.
pub(super) fn broken(draft: &Draft, attempt: &Attempt, (via, reading): (Via, &Reading), facts: Facts<'_>) -> Option<Promise> {
    let is_success = match &reading.outcome {
        Outcome::Succeeded { .. } | Outcome::Partial { .. } => true,
        Outcome::Accepted | Outcome::Refused(_) | Outcome::NotFound | Outcome::Unknown(_) => false,
    };
    let refused = match &attempt.state {
        AttemptState::Dead { proof, .. } => match proof {
            Proof::Refused { via: Via::Recall, .. } => Some(Promise::RecallIsFinal),
            Proof::Refused { .. } => Some(Promise::FailedIsFinal),
            Proof::NotSent { .. } | Proof::Assumed { .. } | Proof::Attested { .. } => None,
        },
        AttemptState::Sent
        | AttemptState::Accepted
        | AttemptState::Unknown { .. }
        | AttemptState::Won { .. }
        | AttemptState::Excess { .. }
        | AttemptState::Late { .. } => None,
    };
    if let Some(promise) = refused.filter(|_| is_success) {
        return Some(promise);
    }
    if via == Via::Query && reading.outcome == Outcome::NotFound && is_remembered(draft, attempt, facts) {
        return Some(Promise::QueryConsistent);
    }
    let names_another = attempt
        .supplier_ref
        .as_ref()
        .zip(reading.supplier_ref.as_ref())
        .is_some_and(|(known, said)| known != said);
    let is_repeated = attempt.transmissions.len() > 1 && names_another;
    (is_repeated && facts.rules.of(&attempt.supplier).promises.deduplicates).then_some(Promise::Deduplicates)
}

/// Whether its supplier has shown that it took the number, and promises that queries find it now.
fn is_remembered(draft: &Draft, attempt: &Attempt, facts: Facts<'_>) -> bool {
    let promises = facts.rules.of(&attempt.supplier).promises;
    let age_ms = draft.now_ms.saturating_sub(attempt.first_stamp_ms());
    let is_within = promises.horizon_ms == 0 || age_ms < promises.horizon_ms;
    let is_taken = attempt.state == AttemptState::Accepted || attempt.supplier_ref.is_some();
    promises.query_consistent && is_taken && is_within
}

/// Once an attempt: the supplier is paused, and a person is called.
pub(super) fn stop(draft: &mut Draft, attempt: &Attempt, promise: Promise) {
    if draft.order.has_case(CaseKind::PromiseBroken, attempt.seq) {
        return;
    }
    let deed = Deed::broken_promise(&attempt.supplier, promise, draft.order.id, attempt.seq, draft.now_ms);
    draft.open_case(CaseKind::PromiseBroken, attempt);
    draft.effect(Effect::Record(deed));
}
