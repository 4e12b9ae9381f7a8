//! What a supplier's answer does to an attempt, and what that does to the order's money.
//!
//! Success is a fact from anyone, whatever we believed before (R11, R12). Failure counts only where
//! the supplier's promises make it final. Repeating a fact changes nothing (I13).

use super::super::attempt::{Attempt, AttemptState, Extent};
use super::super::callback::Callback;
use super::super::case::CaseKind;
use super::super::effect::Effect;
use super::super::event::Event;
use super::super::ids::{EvidenceId, Seq};
use super::super::ledger::Posting;
use super::super::money::Money;
use super::super::order::Verdict;
use super::super::outcome::{Delivery, Doubt, Outcome, Reading, Refusal as SupplierRefusal, Via};
use super::{Draft, Facts, Refusal};

/// How one answer reached us, passed along together.
struct Heard {
    via: Via,
    evidence: Option<EvidenceId>,
    supplier_ref: Option<String>,
    cost: Money,
}

pub(super) fn fact(
    draft: &mut Draft,
    seq: Seq,
    via: Via,
    reading: Reading,
    evidence: Option<EvidenceId>,
    facts: Facts<'_>,
) -> Result<(), Refusal> {
    let attempt = draft.attempt(seq)?;
    let cost = reading
        .cost
        .filter(|cost| cost.currency == attempt.cost.currency)
        .unwrap_or(attempt.cost);
    let heard = Heard {
        via,
        evidence,
        supplier_ref: reading.supplier_ref,
        cost,
    };
    match reading.outcome {
        Outcome::Succeeded { deliveries } => success(draft, &attempt, Extent::Full, deliveries, heard),
        Outcome::Partial { delivered, deliveries } => match extent_of(draft, delivered) {
            Some(extent) => success(draft, &attempt, extent, deliveries, heard),
            None => doubt(
                draft,
                &attempt,
                Doubt::NotOurs {
                    field: "delivered amount".to_owned(),
                },
                heard,
            ),
        },
        Outcome::Refused(refusal) => refused(draft, &attempt, refusal, heard, facts),
        Outcome::Accepted => accepted(draft, &attempt, heard),
        Outcome::NotFound => doubt(draft, &attempt, Doubt::NotFound, heard),
        Outcome::Unknown(reason) => doubt(draft, &attempt, reason, heard),
    }
}

/// A delivered amount strictly between nothing and everything is partial; all of it is full;
/// anything else is not about this order.
fn extent_of(draft: &Draft, delivered: Money) -> Option<Extent> {
    let whole = draft.order.terms.whole_face()?;
    if delivered.currency != whole.currency || delivered.minor <= 0 || delivered.minor > whole.minor {
        None
    } else if delivered.minor == whole.minor {
        Some(Extent::Full)
    } else {
        Some(Extent::Partial { delivered })
    }
}

fn success(draft: &mut Draft, attempt: &Attempt, extent: Extent, deliveries: Vec<Delivery>, heard: Heard) -> Result<(), Refusal> {
    match &attempt.state {
        AttemptState::Won { extent: known, .. } if *known == extent => Err(Refusal::NothingNew),
        AttemptState::Won { .. } => contradicted(draft, attempt, heard),
        AttemptState::Excess { .. } | AttemptState::Late { .. } => Err(Refusal::NothingNew),
        AttemptState::Sent | AttemptState::Accepted | AttemptState::Unknown { .. } | AttemptState::Dead { .. } => {
            let is_second = draft.order.won_attempt().is_some();
            match (&draft.order.verdict, is_second) {
                (Some(Verdict::Failed { .. } | Verdict::Cancelled { .. }), _) => late(draft, attempt, heard),
                (Some(Verdict::Succeeded { .. } | Verdict::PartiallySucceeded { .. }), _) | (None, true) => excess(draft, attempt, heard),
                (None, false) if is_incomplete(draft, extent, &deliveries) => incomplete(draft, attempt, heard),
                (None, false) => win(draft, attempt, extent, deliveries, heard),
            }
        }
    }
}

/// A card order is delivered only when its secrets are here; a success without them means: ask.
fn is_incomplete(draft: &Draft, extent: Extent, deliveries: &[Delivery]) -> bool {
    let cards = deliveries.iter().filter(|delivery| delivery.is_card()).count();
    let due = usize::try_from(draft.order.terms.cards_due()).unwrap_or(usize::MAX);
    match extent {
        Extent::Full => cards < due,
        Extent::Partial { .. } => due > 0 && cards == 0,
    }
}

fn incomplete(draft: &mut Draft, attempt: &Attempt, heard: Heard) -> Result<(), Refusal> {
    let is_pushed = heard.via != Via::Query;
    if attempt.is_open() {
        doubt(draft, attempt, Doubt::DeliveriesMissing, heard)?;
    }
    if is_pushed && !attempt.is_hinted {
        draft.add(Event::AttemptHinted { seq: attempt.seq });
    }
    Ok(())
}

/// R11: the attempt is won; the order succeeds, captures and tells its shop in this change.
fn win(draft: &mut Draft, attempt: &Attempt, extent: Extent, deliveries: Vec<Delivery>, heard: Heard) -> Result<(), Refusal> {
    let seq = attempt.seq;
    let (order, terms) = (draft.order.id, draft.order.terms.clone());
    let captured = match extent {
        Extent::Full => terms.price,
        Extent::Partial { delivered } => {
            let whole = terms.whole_face().map_or(0, |face| face.minor);
            terms
                .price
                .portion(delivered.minor, whole)
                .unwrap_or(Money::new(0, terms.price.currency))
        }
    };
    draft.add(Event::AttemptWon {
        seq,
        via: heard.via,
        extent,
        cost: heard.cost,
        supplier_ref: heard.supplier_ref,
        deliveries: u32::try_from(deliveries.len()).unwrap_or(u32::MAX),
        evidence: heard.evidence,
    });
    draft.add(match extent {
        Extent::Full => Event::OrderSucceeded { seq },
        Extent::Partial { delivered } => Event::OrderPartiallySucceeded { seq, delivered, captured },
    });
    draft.effect(Effect::Post(Posting::settle(order, terms.shop, terms.price, captured.minor)));
    draft.effect(Effect::Post(Posting::cost(order, seq, &attempt.supplier, heard.cost)));
    if let Some(callback) = Callback::of_verdict(&draft.order, &deliveries, draft.now_ms) {
        draft.effect(Effect::Tell(callback));
    }
    if !deliveries.is_empty() {
        draft.effect(Effect::Keep { seq, deliveries });
    }
    Ok(())
}

/// R12: the verdict stands; the cost is our loss until a person recovers it.
fn late(draft: &mut Draft, attempt: &Attempt, heard: Heard) -> Result<(), Refusal> {
    let event = Event::AttemptLate {
        seq: attempt.seq,
        via: heard.via,
        cost: heard.cost,
        evidence: heard.evidence,
    };
    lose(draft, attempt, event, CaseKind::LateSuccess, heard.cost)
}

/// R11: a second success is our loss and a case; the order's success stands as it is.
fn excess(draft: &mut Draft, attempt: &Attempt, heard: Heard) -> Result<(), Refusal> {
    let event = Event::AttemptExcess {
        seq: attempt.seq,
        via: heard.via,
        cost: heard.cost,
        evidence: heard.evidence,
    };
    lose(draft, attempt, event, CaseKind::DoubleDelivery, heard.cost)
}

fn lose(draft: &mut Draft, attempt: &Attempt, event: Event, case: CaseKind, cost: Money) -> Result<(), Refusal> {
    draft.add(event);
    draft.effect(Effect::Post(Posting::loss(draft.order.id, attempt.seq, &attempt.supplier, cost)));
    draft.open_case(case, attempt);
    Ok(())
}

/// R7: a failure closes an open attempt only if nothing sent under its number can still charge.
fn refused(draft: &mut Draft, attempt: &Attempt, refusal: SupplierRefusal, heard: Heard, facts: Facts<'_>) -> Result<(), Refusal> {
    match &attempt.state {
        AttemptState::Sent | AttemptState::Accepted | AttemptState::Unknown { .. } => {
            let promises = facts.rules.of(&attempt.supplier).promises;
            let is_final = heard.via == Via::Submit || promises.failed_is_final;
            let is_only_transmission = attempt.transmissions.len() == 1;
            if is_final && (is_only_transmission || promises.keeps_failed_ids) {
                draft.add(Event::AttemptRefused {
                    seq: attempt.seq,
                    via: heard.via,
                    refusal,
                    evidence: heard.evidence,
                });
                Ok(())
            } else {
                doubt(draft, attempt, Doubt::FailureNotFinal, heard)
            }
        }
        AttemptState::Won { .. } => contradicted(draft, attempt, heard),
        AttemptState::Dead { .. } | AttemptState::Excess { .. } | AttemptState::Late { .. } => Err(Refusal::NothingNew),
    }
}

/// R13: nothing moves; one case, once.
fn contradicted(draft: &mut Draft, attempt: &Attempt, heard: Heard) -> Result<(), Refusal> {
    if draft.order.has_case(CaseKind::Contradiction, attempt.seq) {
        return Err(Refusal::NothingNew);
    }
    draft.add(Event::AttemptContradicted {
        seq: attempt.seq,
        via: heard.via,
        evidence: heard.evidence,
    });
    draft.open_case(CaseKind::Contradiction, attempt);
    Ok(())
}

fn accepted(draft: &mut Draft, attempt: &Attempt, heard: Heard) -> Result<(), Refusal> {
    let is_repeat = attempt.state == AttemptState::Accepted;
    let is_news = attempt.is_open() && (!is_repeat || heard.via == Via::Query);
    if !is_news {
        return clear_hint(draft, attempt, heard.via);
    }
    draft.add(Event::AttemptAccepted {
        seq: attempt.seq,
        via: heard.via,
        supplier_ref: heard.supplier_ref,
        evidence: heard.evidence,
    });
    Ok(())
}

fn doubt(draft: &mut Draft, attempt: &Attempt, reason: Doubt, heard: Heard) -> Result<(), Refusal> {
    // A reply to our own submit that is overtaken by better knowledge, or a push that says nothing.
    let is_news = attempt.is_open() && !(heard.via == Via::Submit && attempt.state == AttemptState::Accepted);
    if !is_news {
        return clear_hint(draft, attempt, heard.via);
    }
    draft.add(Event::AttemptDoubted {
        seq: attempt.seq,
        via: heard.via,
        doubt: reason,
        evidence: heard.evidence,
    });
    Ok(())
}

/// A closed attempt that was hinted has now been asked about; the answer changed nothing else.
fn clear_hint(draft: &mut Draft, attempt: &Attempt, via: Via) -> Result<(), Refusal> {
    if via == Via::Query && attempt.is_hinted {
        draft.add(Event::AttemptDoubted {
            seq: attempt.seq,
            via,
            doubt: Doubt::NotFound,
            evidence: None,
        });
        return Ok(());
    }
    Err(Refusal::NothingNew)
}
