//! The history against itself, and the order's row against its history.

use super::{Check, Findings, Opened};
use crate::domain::event::{Event, Recorded};
use crate::domain::evolve::replay;
use crate::domain::order::{NextAction, Order, Verdict};
use crate::store::archive::Dossier;
use crate::store::chain::{Commit, Link, START};

/// Each row follows from the one before, and the order's row names the last.
pub(super) fn chain(dossier: &Dossier, findings: &mut Findings) {
    let mut before = START;
    for kept in &dossier.history {
        let commit = Commit {
            order: dossier.id,
            number: kept.number,
            at_ms: kept.at_ms,
            form_version: kept.form_version,
            events: &kept.events,
            postings: kept.postings.as_deref(),
            evidence: kept.evidence.as_deref(),
            sealed: kept.sealed.as_deref(),
        };
        findings.unless(commit.link(&before).as_slice() == kept.link, Check::Chain, || {
            format!(
                "the commit that begins with event {} is not what was written, or the one before it is missing or changed",
                kept.number
            )
        });
        // Going on from what the row says finds the next broken place, not all that follow this one.
        before = Link::try_from(kept.link.as_slice()).unwrap_or(START);
    }
    match &dossier.order {
        Some(order) => findings.unless(order.link == before, Check::LastLink, || {
            "the history does not end where the order's row says: commits were cut off, or added".to_owned()
        }),
        None => findings.add(Check::Stray, "there are rows of it, but there is no such order"),
    }
    findings.unless(!dossier.history.is_empty(), Check::Stray, || "it has no history".to_owned());
}

/// All events that can be read, numbered as they lie there.
pub(super) fn events(dossier: &Dossier, findings: &mut Findings) -> Vec<Recorded> {
    let mut recorded = Vec::new();
    let mut next = 1;
    for kept in &dossier.history {
        findings.unless(kept.number == next, Check::Numbers, || {
            format!("a commit begins with event {} where event {next} was to come", kept.number)
        });
        match Event::upcast(kept.form_version, &kept.events) {
            Ok(events) => {
                next = kept.number.saturating_add(u32::try_from(events.len()).unwrap_or(u32::MAX));
                recorded.extend((kept.number..).zip(events).map(|(number, event)| Recorded {
                    number,
                    at_ms: kept.at_ms,
                    event,
                }));
            }
            Err(why) => findings.add(Check::Readable, format!("the events from {} on cannot be read: {why}", kept.number)),
        }
    }
    recorded
}

/// The order that its history makes, with what its row says comes next.
pub(super) fn order(dossier: &Dossier, events: &[Recorded], findings: &mut Findings) -> Option<Order> {
    let kept = dossier.order.as_ref()?;
    let made = replay(events);
    findings.unless(made.is_some(), Check::State, || "its history does not make an order".to_owned());
    let step = kept.next_step.as_deref().map(serde_json::from_str).transpose();
    let step = step.unwrap_or_else(|error| {
        findings.add(Check::Readable, format!("what comes next cannot be read: {error}"));
        None
    });
    made.map(|made| Order {
        next_action: kept.next_action_at_ms.zip(step).map(|(at_ms, step)| NextAction { at_ms, step }),
        ..made
    })
}

/// The columns say what the history makes of the order.
pub(super) fn agrees(opened: &Opened<'_>, findings: &mut Findings) {
    let (order, Some(kept)) = (opened.order, &opened.dossier.order) else {
        return;
    };
    let count = opened.events.last().map_or(0, |last| last.number);
    findings.unless(kept.version == count, Check::Numbers, || {
        format!("its version is {} and its history has {count} events", kept.version)
    });
    let verdicts = opened.events.iter().filter(|recorded| is_verdict(&recorded.event)).count();
    findings.unless(verdicts <= 1, Check::Verdict, || format!("it got {verdicts} verdicts"));
    let terms = &order.terms;
    let is_over = order.verdict.is_some() && !order.attempts.iter().any(|attempt| attempt.is_open() || attempt.is_hinted);
    let columns = [
        ("id", order.id.get() == opened.dossier.id),
        ("shop_id", kept.shop == terms.shop.0),
        ("shop_order_no", kept.shop_order_no == terms.shop_order_no.as_str()),
        ("finished_at_ms", kept.finished_at_ms == order.verdict.as_ref().map(Verdict::at_ms)),
        ("next_action_at_ms", kept.next_action_at_ms.is_none() || !is_over),
        ("next_step", kept.next_step.is_some() == kept.next_action_at_ms.is_some()),
    ];
    for (column, agrees) in columns {
        findings.unless(agrees, Check::Columns, || {
            format!("the column {column} does not say what the history says")
        });
    }
    findings.unless(kept.inputs_open == Some(true), Check::Sealed, || {
        "what the buyer entered is missing, or does not open".to_owned()
    });
}

fn is_verdict(event: &Event) -> bool {
    matches!(event.subject(), crate::domain::event::Subject::Verdict(_))
}
