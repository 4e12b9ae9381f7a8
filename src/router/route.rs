//! The plan for one order at one moment.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::domain::attempt::{Attempt, AttemptState, NotSentReason, Proof};
use crate::domain::ids::{AttemptId, SupplierId};
use crate::domain::money::Money;
use crate::domain::offer::Offer;
use crate::domain::order::Terms;
use crate::domain::plan::{Candidate, Plan, Skip, SkipReason, Stands};
use crate::domain::policy::Policy;
use crate::domain::steering;

use super::snapshot::{SupplierState, SupplierView, View};

/// Plans the next attempt of an order with these terms and the attempts it has had so far (none at
/// accept). Lower priority is tried first, ties go to the lower cost, then to the name. Offers of
/// other products or face values are not looked at.
///
/// An offer's cost is in the currency that the supplier bills in. If that is not the price's, the
/// two cannot be compared, and the supplier is left out as too dear unless the product may lose money.
#[must_use]
pub fn route(terms: &Terms, attempts: &[Attempt], offers: &[Offer], view: &View<'_>) -> Plan {
    let View {
        suppliers, policy, now_ms, ..
    } = *view;
    let mut ranked: Vec<(Rank, SupplierId, Result<Candidate, SkipReason>)> = one_offer_each(terms, offers)
        .into_iter()
        .map(|(supplier, offer)| {
            let view = suppliers.get(supplier);
            let rank = Rank::of(offer, view);
            (rank, supplier.clone(), judge(terms, attempts, offer, view, policy, now_ms))
        })
        .collect();
    ranked.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    let mut plan = Plan {
        strategy: view
            .steering
            .of(&terms.sku)
            .map_or(steering::Strategy::Priority, |product| product.strategy),
        steering: view.version,
        ..Plan::default()
    };
    for (_, supplier, judged) in ranked {
        match judged {
            Ok(candidate) => plan.candidates.push(candidate),
            Err(reason) => plan.skipped.push(Skip { supplier, reason }),
        }
    }
    plan
}

/// Where a supplier stands before names are compared; the lowest is tried first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    priority: u16,
    cost_minor: i64,
}

impl Rank {
    fn of(offer: &Offer, view: Option<&SupplierView>) -> Self {
        let default = view.map_or(u16::MAX, |view| view.default_priority);
        Self {
            priority: offer.priority.unwrap_or(default),
            cost_minor: offer.cost_minor,
        }
    }
}

/// The store keeps one offer for each (supplier, product, face); should there ever be more, the
/// enabled and cheapest one speaks for its supplier, whatever order they came in.
fn one_offer_each<'a>(terms: &Terms, offers: &'a [Offer]) -> BTreeMap<&'a SupplierId, &'a Offer> {
    let preference = |offer: &Offer| (Reverse(offer.enabled), offer.cost_minor, offer.priority, offer.code.clone());
    let mut chosen: BTreeMap<&SupplierId, &Offer> = BTreeMap::new();
    for offer in offers.iter().filter(|o| o.sku == terms.sku && o.face_minor == terms.face.minor) {
        let known = chosen.entry(&offer.supplier).or_insert(offer);
        if preference(offer) < preference(known) {
            *known = offer;
        }
    }
    chosen
}

/// Reasons that last come before those that pass, so that nobody waits for a supplier that will
/// still be out of the question afterwards.
fn judge(
    terms: &Terms,
    attempts: &[Attempt],
    offer: &Offer,
    view: Option<&SupplierView>,
    policy: &Policy,
    now_ms: i64,
) -> Result<Candidate, SkipReason> {
    let view = view.ok_or(SkipReason::SupplierAbsent)?;
    match view.state {
        SupplierState::Active => {}
        SupplierState::Paused => return Err(SkipReason::SupplierPaused),
        SupplierState::Draining => return Err(SkipReason::SupplierAbsent),
    }
    if !offer.enabled {
        return Err(SkipReason::OfferDisabled);
    }
    let there = || attempts.iter().filter(|attempt| attempt.supplier == offer.supplier);
    if let Some(refused) = there().find(|attempt| is_refused(attempt, view)) {
        return Err(SkipReason::AlreadyRefused { seq: refused.seq });
    }
    let cost = affordable(terms, offer, view)?;
    // What never left costs nobody anything: it does not use up the order's tries, only its numbers.
    let sent = attempts.iter().filter(|attempt| not_sent_at_ms(attempt).is_none()).count();
    if sent >= usize::from(policy.max_attempts) {
        return Err(SkipReason::AttemptsExhausted);
    }
    if attempts.len() >= usize::from(AttemptId::MAX_SEQ) {
        let until_ms = terms.deadline_ms;
        return Err(SkipReason::Unreachable { until_ms });
    }
    let until_ms = reachable_again_ms(there(), policy, now_ms);
    if let Some(until_ms) = until_ms.filter(|until_ms| *until_ms > now_ms) {
        return Err(SkipReason::Unreachable { until_ms });
    }
    Ok(Candidate {
        supplier: offer.supplier.clone(),
        settings: view.settings.clone(),
        code: offer.code.clone(),
        cost,
        stands: Stands::default(),
    })
}

/// The whole order's cost, if the product may be sold at it. A cost beyond 64 bits never may.
fn affordable(terms: &Terms, offer: &Offer, view: &SupplierView) -> Result<Money, SkipReason> {
    let piece = Money::new(offer.cost_minor, view.currency);
    let too_dear = |cost| Err(SkipReason::CostAbovePrice { cost });
    match piece.times(terms.quantity) {
        None => too_dear(Money::new(i64::MAX, view.currency)),
        Some(cost) if terms.may_lose_money => Ok(cost),
        Some(cost) if cost.currency == terms.price.currency && cost.minor <= terms.price.minor => Ok(cost),
        Some(cost) => too_dear(cost),
    }
}

/// Until when a supplier is left alone that could not be reached: the pause doubles with every try
/// that did not leave, so that an order waits out a long outage without using up its numbers.
fn reachable_again_ms<'a>(there: impl Iterator<Item = &'a Attempt>, policy: &Policy, now_ms: i64) -> Option<i64> {
    let failures: Vec<i64> = there.filter_map(not_sent_at_ms).collect();
    let last_ms = failures.iter().copied().max()?;
    let doublings = u32::try_from(failures.len().saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    let pause_ms = policy.unreachable_pause_ms.saturating_mul(1_i64 << doublings);
    let pause_ms = pause_ms.min(policy.unreachable_pause_max_ms.max(policy.unreachable_pause_ms));
    // A clock that went back must not stretch the pause.
    Some(last_ms.min(now_ms).saturating_add(pause_ms))
}

/// Definitely refused there; or not even writable in its dialect, which the same settings repeat.
fn is_refused(attempt: &Attempt, view: &SupplierView) -> bool {
    match &attempt.state {
        AttemptState::Dead { proof, .. } => match proof {
            Proof::Refused { .. } | Proof::Assumed { .. } | Proof::Attested { .. } => true,
            Proof::NotSent { why } => *why == NotSentReason::Encoding && attempt.settings == view.settings,
        },
        AttemptState::Sent
        | AttemptState::Accepted
        | AttemptState::Unknown { .. }
        | AttemptState::Won { .. }
        | AttemptState::Excess { .. }
        | AttemptState::Late { .. } => false,
    }
}

fn not_sent_at_ms(attempt: &Attempt) -> Option<i64> {
    match &attempt.state {
        AttemptState::Dead {
            at_ms,
            proof: Proof::NotSent { .. },
        } => Some(*at_ms),
        AttemptState::Dead {
            proof: Proof::Refused { .. } | Proof::Assumed { .. } | Proof::Attested { .. },
            ..
        }
        | AttemptState::Sent
        | AttemptState::Accepted
        | AttemptState::Unknown { .. }
        | AttemptState::Won { .. }
        | AttemptState::Excess { .. }
        | AttemptState::Late { .. } => None,
    }
}

#[cfg(test)]
mod tests;
