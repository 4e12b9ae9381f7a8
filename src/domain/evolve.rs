//! Making an event part of an order. Total and pure: replaying an order's events from nothing
//! gives the stored order again, which the store's tests and the auditor compare.

use std::sync::Arc;

use super::attempt::{Attempt, AttemptState, Extent, Fate, Proof, Transmission};
use super::event::{Event, Recorded};
use super::ids::Seq;
use super::order::{Advance, Order, Verdict};
use super::outcome::{Doubt, Via};

/// The order after `event`. The first event of an order creates it; events that do not fit (which
/// `decide` never makes) leave everything but the version as it was.
#[must_use]
pub fn evolve(order: Option<Order>, event: &Event, at_ms: i64) -> Option<Order> {
    match (order, event) {
        (None, Event::OrderAccepted { id, terms }) => Some(Order {
            id: *id,
            version: 1,
            terms: Arc::clone(terms),
            accepted_at_ms: at_ms,
            attempts: Vec::new(),
            verdict: None,
            is_overdue: false,
            waits_until_ms: None,
            cases: Vec::new(),
            refunds: Vec::new(),
            charges: Vec::new(),
            recovered: Vec::new(),
            advance: None,
            next_action: None,
        }),
        (None, _) => None,
        (Some(mut order), event) => {
            advance(&mut order, event, at_ms);
            Some(order)
        }
    }
}

/// Makes `event` part of an order that stands, in place.
pub(super) fn advance(order: &mut Order, event: &Event, at_ms: i64) {
    order.version = order.version.saturating_add(1);
    apply(order, event, at_ms);
}

/// The order that a whole history makes; `None` for an empty or headless one.
#[must_use]
pub fn replay(history: &[Recorded]) -> Option<Order> {
    history
        .iter()
        .fold(None, |order, recorded| evolve(order, &recorded.event, recorded.at_ms))
}

fn apply(order: &mut Order, event: &Event, at_ms: i64) {
    match event {
        Event::OrderAccepted { .. } => {}
        Event::OrderWaiting { until_ms, .. } => order.waits_until_ms = Some(*until_ms),
        Event::AttemptOpened {
            seq,
            supplier,
            settings,
            code,
            cost,
            skipped: _,
            process,
            choice: _,
        } => {
            order.waits_until_ms = None;
            // Most orders have one attempt, and wait with it in memory.
            order.attempts.reserve_exact(1);
            order.attempts.push(Attempt {
                seq: *seq,
                supplier: supplier.clone(),
                settings: settings.clone(),
                code: Arc::clone(code),
                cost: *cost,
                opened_at_ms: at_ms,
                transmissions: vec![Transmission {
                    n: 1,
                    stamped_at_ms: at_ms,
                    process: *process,
                    fate: Fate::Stamped,
                }],
                state: AttemptState::Sent,
                supplier_ref: None,
                queries: 0,
                not_found: 0,
                recalls: 0,
                is_hinted: false,
                is_known_there: false,
            });
        }
        Event::AttemptResubmitted { seq, n, process } => with(order, *seq, |attempt| {
            attempt.transmissions.push(Transmission {
                n: *n,
                stamped_at_ms: at_ms,
                process: *process,
                fate: Fate::Stamped,
            });
            attempt.not_found = 0;
            attempt.queries = 0;
        }),
        Event::AttemptAccepted {
            seq,
            via,
            supplier_ref,
            evidence: _,
        } => with(order, *seq, |attempt| {
            answered(attempt, *via);
            if attempt.state == AttemptState::Accepted {
                attempt.queries = attempt.queries.saturating_add(1);
            } else {
                attempt.queries = 0;
            }
            attempt.state = AttemptState::Accepted;
            attempt.is_known_there = true;
            attempt.not_found = 0;
            name(attempt, supplier_ref.as_ref());
        }),
        Event::AttemptDoubted {
            seq,
            via,
            doubt,
            evidence: _,
        } => with(order, *seq, |attempt| doubted(attempt, *via, doubt, at_ms)),
        Event::AttemptHinted { seq } => with(order, *seq, |attempt| attempt.is_hinted = true),
        Event::AttemptConfirmed { seq } => with(order, *seq, |attempt| {
            attempt.is_hinted = false;
            attempt.queries = attempt.queries.saturating_add(1);
        }),
        Event::AttemptWon {
            seq,
            via,
            extent,
            cost,
            supplier_ref,
            ..
        } => with(order, *seq, |attempt| {
            answered(attempt, *via);
            name(attempt, supplier_ref.as_ref());
            attempt.cost = *cost;
            attempt.state = AttemptState::Won { at_ms, extent: *extent };
        }),
        Event::AttemptRefused {
            seq,
            via,
            refusal,
            evidence,
        } => with(order, *seq, |attempt| {
            answered(attempt, *via);
            let proof = Proof::Refused {
                refusal: refusal.clone(),
                via: *via,
                evidence: evidence.clone(),
            };
            attempt.state = AttemptState::Dead { at_ms, proof };
        }),
        Event::AttemptNotSent { seq, why } => with(order, *seq, |attempt| {
            settle_transmission(attempt, Fate::NotSent);
            attempt.state = AttemptState::Dead {
                at_ms,
                proof: Proof::NotSent { why: *why },
            };
        }),
        Event::AttemptExcess { seq, via, cost, .. } => with(order, *seq, |attempt| {
            answered(attempt, *via);
            attempt.cost = *cost;
            attempt.state = AttemptState::Excess { at_ms };
        }),
        Event::AttemptLate { seq, via, cost, .. } => with(order, *seq, |attempt| {
            answered(attempt, *via);
            attempt.cost = *cost;
            attempt.state = AttemptState::Late { at_ms };
        }),
        Event::AttemptAssumedDead { seq, at_risk, waited_ms } => with(order, *seq, |attempt| {
            let proof = Proof::Assumed {
                at_risk: *at_risk,
                waited_ms: *waited_ms,
            };
            attempt.is_hinted = false;
            attempt.state = AttemptState::Dead { at_ms, proof };
        }),
        Event::AttemptGivenUp {
            seq,
            at_risk,
            signed,
            evidence,
        } => with(order, *seq, |attempt| {
            let proof = Proof::Attested {
                signed: signed.clone(),
                at_risk: *at_risk,
                evidence: evidence.clone(),
            };
            attempt.is_hinted = false;
            attempt.state = AttemptState::Dead { at_ms, proof };
        }),
        Event::CostRecovered { seq, amount, signed: _ } => order.recovered.push((*seq, *amount)),
        Event::OrderRefunded { key, amount, signed: _ } => order.refunds.push((key.clone(), *amount)),
        Event::OrderCharged { key, amount, .. } => order.charges.push((key.clone(), *amount)),
        Event::AttemptContradicted { seq, via, .. } => with(order, *seq, |attempt| answered(attempt, *via)),
        Event::OrderSucceeded { seq } => end(order, Verdict::Succeeded { seq: *seq, at_ms }),
        Event::OrderPartiallySucceeded { seq, delivered, captured } => {
            let extent = Extent::Partial { delivered: *delivered };
            end(order, Verdict::won(*seq, at_ms, extent, *captured));
        }
        Event::OrderFailed { failure } => end(
            order,
            Verdict::Failed {
                failure: failure.clone(),
                at_ms,
            },
        ),
        Event::OrderCancelled => end(order, Verdict::Cancelled { at_ms }),
        Event::OrderAdvanced { .. } => order.advance = Some(Advance::Given { at_ms }),
        Event::AdvanceDeclined { until_ms } => order.advance = Some(Advance::Declined { until_ms: *until_ms }),
        Event::OrderOverdue => order.is_overdue = true,
        Event::CaseOpened { kind, seq } => order.cases.push((*kind, *seq)),
    }
}

fn with(order: &mut Order, seq: Seq, change: impl FnOnce(&mut Attempt)) {
    if let Some(attempt) = order.attempts.iter_mut().find(|attempt| attempt.seq == seq) {
        change(attempt);
    }
}

fn end(order: &mut Order, verdict: Verdict) {
    if order.verdict.is_none() {
        order.verdict = Some(verdict);
        order.waits_until_ms = None;
    }
}

fn name(attempt: &mut Attempt, supplier_ref: Option<&String>) {
    if let Some(supplier_ref) = supplier_ref {
        attempt.supplier_ref = Some(supplier_ref.clone());
    }
}

fn doubted(attempt: &mut Attempt, via: Via, doubt: &Doubt, at_ms: i64) {
    match via {
        Via::Submit if *doubt == Doubt::EarlierTransmission => settle_transmission(attempt, Fate::NotSent),
        Via::Submit => settle_transmission(attempt, Fate::Lost),
        Via::Query => {
            attempt.is_hinted = false;
            attempt.queries = attempt.queries.saturating_add(1);
            if *doubt == Doubt::NotFound {
                attempt.not_found = attempt.not_found.saturating_add(1);
            }
        }
        Via::Recall => recalled(attempt),
        Via::Notification | Via::Attestation | Via::Statement => {}
    }
    attempt.is_known_there |= shows_the_number(doubt);
    match &mut attempt.state {
        AttemptState::Sent => {
            attempt.state = AttemptState::Unknown {
                since_ms: at_ms,
                doubt: doubt.clone(),
            }
        }
        // A supplier that works on it and then cannot answer one query still works on it; one that knows
        // nothing of it any more, or says that it failed, does not.
        AttemptState::Accepted if !matches!(doubt, Doubt::NotFound | Doubt::FailureNotFinal) => {}
        AttemptState::Accepted => {
            attempt.state = AttemptState::Unknown {
                since_ms: at_ms,
                doubt: doubt.clone(),
            }
        }
        AttemptState::Unknown { doubt: latest, .. } => *latest = doubt.clone(),
        // Delivered after all, but what was bought is not here yet: it may not be bought again.
        AttemptState::Dead { .. } if *doubt == Doubt::DeliveriesMissing => {
            attempt.state = AttemptState::Unknown {
                since_ms: at_ms,
                doubt: doubt.clone(),
            }
        }
        AttemptState::Won { .. } | AttemptState::Dead { .. } | AttemptState::Excess { .. } | AttemptState::Late { .. } => {}
    }
}

/// Whether an answer that concludes nothing still shows that the supplier has the number.
fn shows_the_number(doubt: &Doubt) -> bool {
    match doubt {
        Doubt::UnlistedCode { .. }
        | Doubt::OrderExists
        | Doubt::NotOurs { .. }
        | Doubt::DeliveriesMissing
        | Doubt::FailureNotFinal
        | Doubt::RecallAsked => true,
        Doubt::Timeout
        | Doubt::ConnectionBroken
        | Doubt::ReplyTooLarge
        | Doubt::HttpStatus { .. }
        | Doubt::EmptyReply
        | Doubt::Unreadable { .. }
        | Doubt::BadSignature
        | Doubt::NotFound
        | Doubt::Interrupted
        | Doubt::EarlierTransmission
        | Doubt::QueryNotSent => false,
    }
}

fn answered(attempt: &mut Attempt, via: Via) {
    match via {
        Via::Submit => settle_transmission(attempt, Fate::Answered),
        Via::Query => attempt.is_hinted = false,
        Via::Recall => recalled(attempt),
        Via::Notification | Via::Statement => {}
        Via::Attestation => attempt.is_hinted = false,
    }
}

/// It is asked again soon what came of it.
fn recalled(attempt: &mut Attempt) {
    attempt.recalls = attempt.recalls.saturating_add(1);
    attempt.queries = 0;
}

fn settle_transmission(attempt: &mut Attempt, fate: Fate) {
    if let Some(last) = attempt.transmissions.last_mut() {
        last.fate = fate;
    }
}
