//! One order's attempts: who was asked, when, on what proof the next one was, and who was told.

use std::collections::BTreeSet;

use super::{Check, Findings, Opened};
use crate::domain::attempt::{Attempt, AttemptState, Proof};
use crate::domain::event::Event;
use crate::domain::evolve::evolve;
use crate::domain::ids::EvidenceId;
use crate::domain::order::{Order, Verdict};

pub(super) fn check(opened: &Opened<'_>, findings: &mut Findings) {
    sequence(opened, findings);
    overlap(opened, findings);
    rows(opened, findings);
    verdict(opened, findings);
    evidence(opened, findings);
    stuck(opened, findings);
}

/// I7, I8.
fn sequence(opened: &Opened<'_>, findings: &mut Findings) {
    let attempts = &opened.order.attempts;
    let is_dense = (1..).zip(attempts).all(|(place, attempt): (u8, _)| attempt.seq == place);
    findings.unless(is_dense, Check::Sequence, || "its attempts are not numbered 1, 2, 3".to_owned());
    let open = attempts.iter().filter(|attempt| attempt.is_open()).count();
    findings.unless(open <= 1, Check::Sequence, || format!("{open} of its attempts are open at once"));
    let won = attempts.iter().filter(|attempt| attempt.is_won()).count();
    findings.unless(won <= 1, Check::Sequence, || format!("{won} of its attempts are won"));
    for attempt in attempts {
        if let AttemptState::Dead {
            proof: Proof::NotSent { .. },
            ..
        } = attempt.state
        {
            findings.unless(attempt.transmissions.len() == 1, Check::Death, || {
                format!(
                    "attempt {} is said never to have been sent, but it was transmitted before",
                    attempt.seq
                )
            });
        }
    }
}

/// I9: at the moment an attempt is opened, no earlier one is.
fn overlap(opened: &Opened<'_>, findings: &mut Findings) {
    let mut order: Option<Order> = None;
    for recorded in opened.events {
        if let (Event::AttemptOpened { seq, .. }, Some(order)) = (&recorded.event, &order) {
            findings.unless(order.attempts.iter().all(is_dead), Check::Overlap, || {
                format!("attempt {seq} was opened before every earlier one was dead")
            });
        }
        order = evolve(order, &recorded.event, recorded.at_ms);
    }
}

fn is_dead(attempt: &Attempt) -> bool {
    !attempt.is_open() && !attempt.is_won()
}

/// The tables of attempts and stamps against the history (I6).
fn rows(opened: &Opened<'_>, findings: &mut Findings) {
    let attempts = &opened.order.attempts;
    let rows = &opened.dossier.attempts;
    let agree = attempts.len() == rows.len()
        && attempts.iter().zip(rows).all(|(attempt, row)| {
            attempt.seq == row.seq
                && attempt.supplier.as_str() == row.supplier
                && attempt.word() == row.state
                && attempt.cost.minor == row.cost_minor
                && attempt.opened_at_ms == row.opened_at_ms
        });
    findings.unless(agree, Check::Attempts, || {
        "the table of attempts does not say what the history says".to_owned()
    });
    let sent = attempts.iter().flat_map(|attempt| {
        let transmissions = attempt.transmissions.iter();
        transmissions.map(|transmission| (attempt.seq, transmission.n, transmission.stamped_at_ms))
    });
    let stamped: BTreeSet<(u8, u8, i64)> = opened
        .dossier
        .stamps
        .iter()
        .map(|stamp| (stamp.seq, stamp.n, stamp.at_ms))
        .collect();
    let sent: BTreeSet<(u8, u8, i64)> = sent.collect();
    findings.unless(sent == stamped, Check::Stamps, || {
        format!(
            "{} transmissions are recorded and {} stamps kept, or not at the same times",
            sent.len(),
            stamped.len()
        )
    });
}

/// I2, I3, I11.
fn verdict(opened: &Opened<'_>, findings: &mut Findings) {
    let order = opened.order;
    let won = order.won_attempt();
    match &order.verdict {
        None => findings.unless(won.is_none(), Check::Verdict, || {
            "an attempt is won, but the order has no verdict".to_owned()
        }),
        Some(Verdict::Succeeded { .. } | Verdict::PartiallySucceeded { .. }) => {
            let proof = won.and_then(|won| winning(opened, won.seq));
            findings.unless(proof.is_some(), Check::Captured, || {
                "money was taken, but there is no attempt that is won with evidence".to_owned()
            });
        }
        Some(Verdict::Failed { .. } | Verdict::Cancelled { .. }) => {
            findings.unless(won.is_none(), Check::Released, || {
                "its hold was given back, but an attempt is won: a supplier charged for it".to_owned()
            });
            findings.unless(order.open_attempt().is_none(), Check::Released, || {
                "its hold was given back while an attempt was open: a supplier may charge for it".to_owned()
            });
        }
    }
    let (callbacks, wanted) = (&opened.dossier.callbacks, order.terms.callback_url.is_some());
    findings.unless(order.verdict.is_none() || !wanted || !callbacks.is_empty(), Check::Callback, || {
        "it has a verdict, but its shop is not told".to_owned()
    });
    for callback in callbacks {
        let is_known = ["due", "delivered", "parked"].contains(&callback.state.as_str());
        findings.unless(callback.is_whole && is_known, Check::Callback, || {
            format!("the callback {} does not open, or stands nowhere", callback.number)
        });
    }
}

/// The evidence on which an attempt was won.
fn winning<'o>(opened: &Opened<'o>, wanted: u8) -> Option<&'o EvidenceId> {
    opened.events.iter().find_map(|recorded| {
        let is_it = matches!(&recorded.event, Event::AttemptWon { seq, .. } if *seq == wanted);
        recorded.event.evidence().filter(|_| is_it)
    })
}

/// I13: what events rest on is there, and is what it was.
fn evidence(opened: &Opened<'_>, findings: &mut Findings) {
    let kept: BTreeSet<&str> = opened.dossier.evidence.iter().map(|evidence| evidence.id.as_str()).collect();
    for recorded in opened.events {
        if let Some(id) = recorded.event.evidence() {
            findings.unless(kept.contains(&*id.0), Check::Evidence, || {
                format!("event {} rests on evidence {}, which is gone", recorded.number, id.0)
            });
        }
    }
    for evidence in opened.dossier.evidence.iter().filter(|evidence| !evidence.is_whole) {
        findings.add(
            Check::EvidenceWhole,
            format!("the evidence {} does not open, or is not what it was", evidence.id),
        );
    }
}

/// I17.
fn stuck(opened: &Opened<'_>, findings: &mut Findings) {
    let order = opened.order;
    let is_unfinished = order.verdict.is_none() || order.open_attempt().is_some();
    let is_watched = order.next_action.is_some() || opened.dossier.cases.iter().any(|case| case.is_open);
    findings.unless(!is_unfinished || is_watched, Check::Stuck, || {
        "it is not finished, nothing is scheduled for it, and no case is open".to_owned()
    });
}
