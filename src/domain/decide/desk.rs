//! What a person's word does to an order: an attempt in doubt ends by attestation (R8), a supplier's
//! cost is recovered (R12), a capture is given back (R14).
//!
//! Each is a decision like any other: on one version, with its evidence, and written with the deed
//! that says on whose word. A verdict never changes by it (I10), and no refund exceeds the capture.

use super::super::attempt::{Attempt, AttemptState};
use super::super::callback::Callback;
use super::super::desk::{Deed, DeedKind, Finding, Signature};
use super::super::effect::Effect;
use super::super::event::Event;
use super::super::ids::{EvidenceId, Seq};
use super::super::ledger::Posting;
use super::super::money::Money;
use super::super::outcome::{Outcome, Reading, Via};
use super::{Draft, Facts, Refusal, fact, next};

/// A finding about an attempt, signed, with what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attested {
    /// The case that it closes.
    pub case: String,
    /// Which attempt.
    pub seq: Seq,
    /// What was found.
    pub found: Finding,
    /// On whose word.
    pub signed: Signature,
    /// Where the attestation is stored.
    pub evidence: EvidenceId,
}

pub(super) fn attested(draft: &mut Draft, attested: Attested, facts: Facts<'_>) -> Result<(), Refusal> {
    let attempt = draft.attempt(attested.seq)?;
    match &attested.found {
        Finding::NotDelivered => give_up(draft, &attempt, &attested)?,
        Finding::Delivered { face } => delivered(draft, &attempt, *face, &attested, facts)?,
        Finding::Recovered { amount } => recover(draft, &attempt, *amount, &attested)?,
        // What moves nothing closes its case without the order; refunds are no finding of an attempt.
        Finding::Explained | Finding::Refunded { .. } | Finding::Charged { .. } | Finding::Genuine => return Err(Refusal::MayNotAttest),
    }
    draft.effect(Effect::Record(Deed {
        subject: Deed::about_case(&attested.case),
        kind: DeedKind::CaseClosed {
            case: attested.case,
            found: attested.found,
        },
        signed: attested.signed,
        at_ms: draft.now_ms,
    }));
    Ok(())
}

/// While a reply to its latest transmission may still come, nobody can know better.
fn may_be_attested(attempt: &Attempt) -> bool {
    attempt.is_open() && !next::is_awaited(attempt)
}

fn give_up(draft: &mut Draft, attempt: &Attempt, attested: &Attested) -> Result<(), Refusal> {
    if !may_be_attested(attempt) {
        return Err(Refusal::MayNotAttest);
    }
    draft.add(Event::AttemptGivenUp {
        seq: attempt.seq,
        at_risk: attempt.cost,
        signed: attested.signed.clone(),
        evidence: attested.evidence.clone(),
    });
    Ok(())
}

/// Success is a fact from anyone (R11); but a person's word brings no card secrets, and a shop does
/// not pay for cards it cannot hand over.
fn delivered(draft: &mut Draft, attempt: &Attempt, face: Option<Money>, attested: &Attested, facts: Facts<'_>) -> Result<(), Refusal> {
    if !may_be_attested(attempt) || draft.order.terms.cards_due() > 0 {
        return Err(Refusal::MayNotAttest);
    }
    let whole = draft.order.terms.whole_face();
    let is_of_the_order = face.is_none_or(|face| {
        let within = |whole: Money| face.currency == whole.currency && (1..=whole.minor).contains(&face.minor);
        whole.is_some_and(within)
    });
    if !is_of_the_order {
        return Err(Refusal::MayNotAttest);
    }
    let deliveries = Vec::new();
    let outcome = match face {
        Some(delivered) => Outcome::Partial { delivered, deliveries },
        None => Outcome::Succeeded { deliveries },
    };
    let reading = Reading {
        outcome,
        supplier_ref: None,
        cost: None,
    };
    fact::fact(
        draft,
        attempt.seq,
        Via::Attestation,
        reading,
        Some(attested.evidence.clone()),
        facts,
    )
}

/// Once an attempt, and never more than it cost.
fn recover(draft: &mut Draft, attempt: &Attempt, amount: Money, attested: &Attested) -> Result<(), Refusal> {
    let seq = attempt.seq;
    let is_loss = match &attempt.state {
        AttemptState::Excess { .. } | AttemptState::Late { .. } => true,
        AttemptState::Won { .. } => false,
        AttemptState::Sent | AttemptState::Accepted | AttemptState::Unknown { .. } | AttemptState::Dead { .. } => {
            return Err(Refusal::MayNotAttest);
        }
    };
    let is_within = amount.currency == attempt.cost.currency && (1..=attempt.cost.minor).contains(&amount.minor);
    let is_second = draft.order.recovered.iter().any(|(known, _)| *known == seq);
    if !is_within || is_second {
        return Err(Refusal::MayNotAttest);
    }
    let posting = Posting::recovery(draft.order.id, seq, &attempt.supplier, amount, is_loss);
    draft.add(Event::CostRecovered {
        seq,
        amount,
        signed: attested.signed.clone(),
    });
    draft.effect(Effect::Post(posting));
    Ok(())
}

/// R14: only what was captured, under a key of its own, and never more than is left of it. The shop
/// is told in the same change.
pub(super) fn refund(draft: &mut Draft, key: &str, amount: Money, signed: Signature) -> Result<(), Refusal> {
    unused(&draft.order.refunds, key, amount)?;
    let captured = draft.order.captured();
    let left = captured.minor.saturating_sub(draft.order.refunded_minor());
    if amount.currency != captured.currency || !(1..=left).contains(&amount.minor) {
        return Err(Refusal::MoreThanCaptured);
    }
    let (order, shop) = (draft.order.id, draft.order.terms.shop);
    draft.add(Event::OrderRefunded {
        key: key.to_owned(),
        amount,
        signed: signed.clone(),
    });
    draft.effect(Effect::Post(Posting::refund(order, shop, key, amount)));
    if let Some(callback) = Callback::of_refund(&draft.order, draft.now_ms) {
        draft.effect(Effect::Tell(callback));
    }
    draft.effect(Effect::Record(Deed {
        subject: Deed::about_refund(order, key),
        kind: DeedKind::Refunded { order, amount },
        signed,
        at_ms: draft.now_ms,
    }));
    Ok(())
}

/// R12: a late delivery is charged only with the shop's consent, under a key of its own, and never for more
/// than the order's price. The verdict stands; the shop is told in the same change.
pub(super) fn charge(draft: &mut Draft, key: &str, amount: Money, consent: String, signed: Signature) -> Result<(), Refusal> {
    unused(&draft.order.charges, key, amount)?;
    let price = draft.order.terms.price;
    let left = price.minor.saturating_sub(draft.order.charged_later_minor());
    if !draft.order.has_unrecovered_late_delivery() || amount.currency != price.currency || !(1..=left).contains(&amount.minor) {
        return Err(Refusal::NothingToCharge);
    }
    let (order, shop) = (draft.order.id, draft.order.terms.shop);
    draft.add(Event::OrderCharged {
        key: key.to_owned(),
        amount,
        consent: consent.clone(),
        signed: signed.clone(),
    });
    draft.effect(Effect::Post(Posting::charge(order, shop, key, amount)));
    if let Some(callback) = Callback::of_charge(&draft.order, draft.now_ms) {
        draft.effect(Effect::Tell(callback));
    }
    draft.effect(Effect::Record(Deed {
        subject: Deed::about_charge(order, key),
        kind: DeedKind::Charged { order, amount, consent },
        signed,
        at_ms: draft.now_ms,
    }));
    Ok(())
}

/// The same key twice is one deed, and never another.
fn unused(known: &[(String, Money)], key: &str, amount: Money) -> Result<(), Refusal> {
    match known.iter().find(|(known, _)| known == key) {
        None => Ok(()),
        Some((_, known)) if *known == amount => Err(Refusal::NothingNew),
        Some(_) => Err(Refusal::KeyUsed),
    }
}
