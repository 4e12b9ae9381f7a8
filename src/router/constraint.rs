//! Who may not be tried at all, and why: what no strategy and no score can change.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::attempt::{Attempt, AttemptState, NotSentReason, Proof};
use crate::domain::ids::AttemptId;
use crate::domain::money::Money;
use crate::domain::offer::Offer;
use crate::domain::order::Terms;
use crate::domain::outcome::RefusalKind;
use crate::domain::plan::SkipReason;
use crate::domain::policy::Policy;
use crate::domain::steering::{Consistency, ProductSteering};

use super::snapshot::{SupplierState, SupplierView, Switch, View};

/// An order that asks who may be tried.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    pub terms: &'a Terms,
    pub attempts: &'a [Attempt],
    pub offers: &'a [Offer],
    pub view: &'a View<'a>,
    pub product: &'a ProductSteering,
}

impl<'a> Asking<'a> {
    /// The offer's supplier and what the whole order costs there, if it may be tried. Reasons that last
    /// come before those that pass, so that nobody waits for a supplier that will still be out of the
    /// question afterwards.
    pub fn judge(&self, offer: &Offer, view: Option<&'a SupplierView>) -> Result<(&'a SupplierView, Money), SkipReason> {
        let view = view.ok_or(SkipReason::SupplierAbsent)?;
        switched(offer, view)?;
        self.wanted(offer, view)?;
        let there = || self.attempts.iter().filter(|attempt| attempt.supplier == offer.supplier);
        if let Some(refused) = there().find(|attempt| is_refused(attempt, view)) {
            return Err(SkipReason::AlreadyRefused { seq: refused.seq });
        }
        let cost = self.affordable(offer, view)?;
        self.passing(offer, view, there())?;
        self.has_room(offer, cost)?;
        Ok((view, cost))
    }

    /// What steering asks of a supplier.
    fn wanted(&self, offer: &Offer, view: &SupplierView) -> Result<(), SkipReason> {
        let supplier = self.view.steering.supplier.get(&offer.supplier);
        let shops = supplier.map(|supplier| &supplier.shops).filter(|shops| !shops.is_empty());
        if shops.is_some_and(|shops| !shops.contains(self.view.shop)) {
            return Err(SkipReason::NotForShop);
        }
        self.serves_number(offer)?;
        let promises = || view.promises.permit_resubmit() && view.answers_queries;
        match self.product.class {
            Consistency::Strict if !promises() => Err(SkipReason::NotStrict),
            Consistency::Strict | Consistency::Fast => Ok(()),
        }
    }

    /// Whether steering sends numbers of this carrier and region there. A segment is a hint: once a supplier
    /// has refused the recipient, its number may have been carried along to any carrier.
    fn serves_number(&self, offer: &Offer) -> Result<(), SkipReason> {
        let (Some(steered), Some(segment)) = (self.product.supplier.get(&offer.supplier), &self.terms.segment) else {
            return Ok(());
        };
        let is_kept_out = |names: &BTreeSet<String>, name: &Arc<str>| !names.is_empty() && !names.contains(&**name);
        if is_kept_out(&steered.carriers, &segment.carrier) && !self.attempts.iter().any(refused_recipient) {
            let of = Arc::clone(&segment.carrier);
            return Err(SkipReason::NotForNumber { of });
        }
        match &segment.region {
            Some(region) if is_kept_out(&steered.regions, region) => Err(SkipReason::NotForNumber { of: Arc::clone(region) }),
            Some(_) | None => Ok(()),
        }
    }

    /// The whole order's cost, if the product may be sold at it. A cost beyond 64 bits never may.
    fn affordable(&self, offer: &Offer, view: &SupplierView) -> Result<Money, SkipReason> {
        let piece = Money::new(offer.cost_minor, view.currency);
        let ceiling = self.product.cost_ceiling.as_deref();
        let ceiling = ceiling.and_then(|text| Money::parse(text, view.currency).ok());
        if ceiling.is_some_and(|ceiling| piece.minor > ceiling.minor) {
            return Err(SkipReason::CostAboveCeiling { cost: piece });
        }
        let (terms, too_dear) = (self.terms, |cost| Err(SkipReason::CostAbovePrice { cost }));
        match piece.times(terms.quantity) {
            None => too_dear(Money::new(i64::MAX, view.currency)),
            Some(cost) if terms.may_lose_money => Ok(cost),
            Some(cost) if cost.currency == terms.price.currency && cost.minor <= terms.price.minor => Ok(cost),
            Some(cost) => too_dear(cost),
        }
    }

    /// What bars a supplier only for a time.
    fn passing<'t>(&self, offer: &Offer, view: &SupplierView, there: impl Iterator<Item = &'t Attempt>) -> Result<(), SkipReason> {
        let View { policy, now_ms, .. } = *self.view;
        // What never left costs nobody anything: it does not use up the order's tries, only its numbers.
        let sent = self.attempts.iter().filter(|attempt| not_sent_at_ms(attempt).is_none()).count();
        if sent >= usize::from(policy.max_attempts) {
            return Err(SkipReason::AttemptsExhausted);
        }
        if self.attempts.len() >= usize::from(AttemptId::MAX_SEQ) {
            let until_ms = self.terms.deadline_ms;
            return Err(SkipReason::Unreachable { until_ms });
        }
        let until_ms = reachable_again_ms(there, policy, now_ms);
        if let Some(until_ms) = until_ms.filter(|until_ms| *until_ms > now_ms) {
            return Err(SkipReason::Unreachable { until_ms });
        }
        let windows = self.view.steering.supplier.get(&offer.supplier).map(|supplier| &supplier.window);
        for window in windows.into_iter().flatten() {
            if let Some(until_ms) = window.out_until_ms(now_ms, view.zone_offset_s) {
                let why = window.reason.clone();
                return Err(SkipReason::Calendar { until_ms, why });
            }
        }
        Ok(())
    }

    /// What it takes of orders: so many and for so much in a day, and of one recipient only so often.
    fn has_room(&self, offer: &Offer, cost: Money) -> Result<(), SkipReason> {
        let Some(load) = self.view.loads.get(&offer.supplier) else {
            return Ok(());
        };
        let until_ms = load.day_ends_ms;
        if load.orders_left == Some(0) {
            return Err(SkipReason::DailyOrders { until_ms });
        }
        if load.cost_left_minor.is_some_and(|left| cost.minor > left) {
            return Err(SkipReason::DailyCost { until_ms });
        }
        let until_ms = load.recipient_until_ms;
        if until_ms > self.view.now_ms {
            return Err(SkipReason::RecipientTooSoon { until_ms });
        }
        Ok(())
    }
}

/// What operators have switched.
fn switched(offer: &Offer, view: &SupplierView) -> Result<(), SkipReason> {
    match (view.state, view.switch) {
        (SupplierState::Paused, _) => Err(SkipReason::SupplierPaused),
        (SupplierState::Draining, _) => Err(SkipReason::SupplierAbsent),
        (SupplierState::Active, Switch::ForcedOpen) => Err(SkipReason::ForcedOpen),
        (SupplierState::Active, Switch::None) if !offer.enabled => Err(SkipReason::OfferDisabled),
        (SupplierState::Active, Switch::None) => Ok(()),
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

pub(super) fn not_sent_at_ms(attempt: &Attempt) -> Option<i64> {
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

fn refused_recipient(attempt: &Attempt) -> bool {
    if let AttemptState::Dead {
        proof: Proof::Refused { refusal, .. },
        ..
    } = &attempt.state
    {
        refusal.kind == RefusalKind::Recipient
    } else {
        false
    }
}
