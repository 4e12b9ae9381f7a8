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
use super::super::outcome::{Delivery, Doubt, Outcome, Reading, Refusal as SupplierRefusal, RefusalKind, Via};
use super::route::settle;
use super::{Draft, Facts, Refusal, watch};

/// A bill above this is a misprint, not a cost; believed, a few of them would fill an account's 64
/// bits, and no later success could be booked.
const MOST_COST_MINOR: i64 = 1_000_000_000_000;

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
        .filter(|cost| cost.currency == attempt.cost.currency && (1..=MOST_COST_MINOR).contains(&cost.minor))
        .unwrap_or(attempt.cost);
    let broken = watch::broken(draft, &attempt, (via, &reading), facts);
    let heard = Heard {
        via,
        evidence,
        supplier_ref: reading.supplier_ref,
        cost,
    };
    let told = match reading.outcome {
        Outcome::Succeeded { deliveries } => success(draft, &attempt, Extent::Full, deliveries, heard, facts),
        Outcome::Partial { delivered, deliveries } => match extent_of(draft, delivered) {
            Some(extent) => success(draft, &attempt, extent, deliveries, heard, facts),
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
    };
    if let (Ok(()), Some(promise)) = (&told, broken) {
        watch::stop(draft, &attempt, promise);
    }
    match told {
        // The question that a hint raised has been answered; without this it would be asked for ever.
        Err(Refusal::NothingNew) if via == Via::Query && attempt.is_hinted => {
            draft.add(Event::AttemptConfirmed { seq });
            Ok(())
        }
        Ok(()) | Err(_) => told,
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

fn success(
    draft: &mut Draft,
    attempt: &Attempt,
    extent: Extent,
    deliveries: Vec<Delivery>,
    heard: Heard,
    facts: Facts<'_>,
) -> Result<(), Refusal> {
    match &attempt.state {
        AttemptState::Won { extent: known, .. } if *known == extent => Err(Refusal::NothingNew),
        AttemptState::Won { .. } => contradicted(draft, attempt, heard),
        AttemptState::Excess { .. } | AttemptState::Late { .. } => Err(Refusal::NothingNew),
        AttemptState::Sent | AttemptState::Accepted | AttemptState::Unknown { .. } | AttemptState::Dead { .. } => {
            let is_second = draft.order.won_attempt().is_some();
            match (&draft.order.verdict, is_second) {
                (Some(Verdict::Failed { .. } | Verdict::Cancelled { .. }), _) => late(draft, attempt, heard),
                (Some(Verdict::Succeeded { .. } | Verdict::PartiallySucceeded { .. }), _) | (None, true) => excess(draft, attempt, heard),
                (None, false) if is_incomplete(draft, extent, &deliveries) => incomplete(draft, attempt, heard, facts),
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

/// The supplier has delivered, so nothing may be bought elsewhere, and nothing is won before the
/// secrets are here. A dead attempt is in doubt again, unless another is open meanwhile (R5): then
/// its supplier is asked again and again, at growing intervals, until the two can be told apart.
fn incomplete(draft: &mut Draft, attempt: &Attempt, heard: Heard, facts: Facts<'_>) -> Result<(), Refusal> {
    let seq = attempt.seq;
    let is_askable = facts.rules.of(&attempt.supplier).answers_queries;
    let is_pushed = heard.via != Via::Query;
    let may_be_open = attempt.is_open() || draft.order.open_attempt().is_none();
    if may_be_open {
        draft.add(Event::AttemptDoubted {
            seq,
            via: heard.via,
            doubt: Doubt::DeliveriesMissing,
            evidence: heard.evidence,
        });
        if is_pushed && is_askable && !attempt.is_hinted {
            draft.add(Event::AttemptHinted { seq });
        }
        Ok(())
    } else if is_askable {
        if !is_pushed {
            draft.add(Event::AttemptConfirmed { seq });
        }
        if !is_pushed || !attempt.is_hinted {
            draft.add(Event::AttemptHinted { seq });
            return Ok(());
        }
        Err(Refusal::NothingNew)
    } else {
        contradicted(draft, attempt, heard)
    }
}

/// R11: the attempt is won; the order succeeds, captures and tells its shop in this change.
fn win(draft: &mut Draft, attempt: &Attempt, extent: Extent, deliveries: Vec<Delivery>, heard: Heard) -> Result<(), Refusal> {
    let seq = attempt.seq;
    let (order, terms) = (draft.order.id, &draft.order.terms);
    let price = terms.price;
    let captured = match extent {
        Extent::Full => price,
        Extent::Partial { delivered } => {
            let whole = terms.whole_face().map_or(0, |face| face.minor);
            price.portion(delivered.minor, whole).unwrap_or(Money::new(0, price.currency))
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
    settle(draft, captured.minor);
    if heard.cost.minor != 0 {
        draft.effect(Effect::Post(Posting::cost(order, seq, &attempt.supplier, heard.cost)));
    }
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
    if cost.minor != 0 {
        draft.effect(Effect::Post(Posting::loss(draft.order.id, attempt.seq, &attempt.supplier, cost)));
    }
    draft.open_case(case, attempt);
    Ok(())
}

/// R7: a failure closes an open attempt only if nothing sent under its number can still charge, or
/// has charged already.
fn refused(draft: &mut Draft, attempt: &Attempt, refusal: SupplierRefusal, heard: Heard, facts: Facts<'_>) -> Result<(), Refusal> {
    let is_only_transmission = attempt.transmissions.len() == 1;
    // The reply to a repeated submit may come from a gate in front of the order book (limits, balance,
    // credentials): it then says that the repetition was not taken, and nothing of the first one.
    let is_of_the_number = is_only_transmission || heard.via != Via::Submit || refusal.kind == RefusalKind::Failed;
    match &attempt.state {
        AttemptState::Sent | AttemptState::Accepted | AttemptState::Unknown { .. } => {
            let promises = facts.rules.of(&attempt.supplier).promises;
            let is_proof = if is_only_transmission {
                heard.via == Via::Submit || promises.failed_is_final
            } else {
                is_of_the_number && promises.failed_is_final && promises.keeps_failed_ids
            };
            // A number may be withdrawn before its request arrives, so it takes a promise of its own.
            let is_withdrawn = promises.recall_is_final && refusal.kind == RefusalKind::Failed;
            let is_proof = if heard.via == Via::Recall { is_withdrawn } else { is_proof };
            if is_proof {
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
        AttemptState::Won { .. } if is_of_the_number => contradicted(draft, attempt, heard),
        AttemptState::Won { .. } | AttemptState::Dead { .. } | AttemptState::Excess { .. } | AttemptState::Late { .. } => {
            Err(Refusal::NothingNew)
        }
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
    if !attempt.is_open() || (is_repeat && heard.via != Via::Query) {
        return Err(Refusal::NothingNew);
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
    // A reply to our own submit may be overtaken by better knowledge.
    let is_overtaken = heard.via == Via::Submit && attempt.state == AttemptState::Accepted;
    if !attempt.is_open() || is_overtaken {
        return Err(Refusal::NothingNew);
    }
    draft.add(Event::AttemptDoubted {
        seq: attempt.seq,
        via: heard.via,
        doubt: reason,
        evidence: heard.evidence,
    });
    Ok(())
}
