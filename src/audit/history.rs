//! The history against itself, and the order's row against its history.

use super::{Check, Findings, Opened};
use crate::domain::event::{Event, Recorded};
use crate::domain::evolve::replay;
use crate::domain::order::{Order, Verdict};
use crate::store::archive::{CommitKept, Dossier};
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
            sealed_deliveries: kept.sealed_deliveries.as_deref(),
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
        match read(kept) {
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

fn read(kept: &CommitKept) -> Result<Vec<Event>, String> {
    if kept.form_version == Event::VERSION {
        return serde_json::from_str(&kept.events).map_err(|error| error.to_string());
    }
    let bodies: Vec<serde_json::Value> = serde_json::from_str(&kept.events).map_err(|error| error.to_string())?;
    let events = bodies.iter().map(|body| Event::upcast(kept.form_version, &body.to_string()));
    events.collect::<Result<_, _>>().map_err(|error| error.to_string())
}

/// The stored state, if it can be read.
pub(super) fn state(dossier: &Dossier, findings: &mut Findings) -> Option<Order> {
    let kept = dossier.order.as_ref()?;
    match serde_json::from_str(&kept.state) {
        Ok(order) => Some(order),
        Err(error) => {
            findings.add(Check::Readable, format!("its state cannot be read: {error}"));
            None
        }
    }
}

/// State and columns say what the history makes of the order.
pub(super) fn agrees(opened: &Opened<'_>, findings: &mut Findings) {
    let (order, Some(kept)) = (opened.order, &opened.dossier.order) else {
        return;
    };
    let count = opened.events.last().map_or(0, |last| last.number);
    findings.unless(order.version == count, Check::Numbers, || {
        format!("its version is {} and its history has {count} events", order.version)
    });
    // What comes next is scheduled by each decision anew and is no fact.
    let made = replay(opened.events).map(|made| Order {
        next_action: order.next_action,
        ..made
    });
    findings.unless(made.as_ref() == Some(order), Check::State, || {
        "its state is not what its history makes of it".to_owned()
    });
    let verdicts = opened.events.iter().filter(|recorded| is_verdict(&recorded.event)).count();
    findings.unless(verdicts <= 1, Check::Verdict, || format!("it got {verdicts} verdicts"));
    let terms = &order.terms;
    let columns = [
        ("id", order.id.get() == opened.dossier.id),
        ("version", kept.version == order.version),
        ("shop_id", kept.shop == terms.shop.0),
        ("shop_order_no", kept.shop_order_no == terms.shop_order_no.as_str()),
        ("finished_at_ms", kept.finished_at_ms == order.verdict.as_ref().map(Verdict::at_ms)),
        (
            "next_action_at_ms",
            kept.next_action_at_ms == order.next_action.map(|next| next.at_ms),
        ),
    ];
    for (column, agrees) in columns {
        findings.unless(agrees, Check::Columns, || {
            format!("the column {column} does not say what the state says")
        });
    }
    findings.unless(kept.inputs_open == Some(true), Check::Sealed, || {
        "what the buyer entered is missing, or does not open".to_owned()
    });
}

fn is_verdict(event: &Event) -> bool {
    matches!(event.subject(), crate::domain::event::Subject::Verdict(_))
}
