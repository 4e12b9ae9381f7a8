//! R18: an order has an attempt again that was opened before the database was lost.
//!
//! Nobody sends it, and nobody may say that it never left: it is in doubt until its supplier says more.

use super::super::event::Event;
use super::super::ids::AttemptId;
use super::super::outcome::{Doubt, Via};
use super::super::plan::Candidate;
use super::{Draft, Refusal};

pub(super) fn adopt(draft: &mut Draft, known: Candidate) -> Result<(), Refusal> {
    if draft.order.verdict.is_some() {
        return Err(Refusal::Ended);
    }
    if draft.order.open_attempt().is_some() {
        return Err(Refusal::AttemptOpen);
    }
    let next = draft.order.attempts.len().saturating_add(1);
    let seq = u8::try_from(next)
        .ok()
        .filter(|seq| *seq <= AttemptId::MAX_SEQ)
        .ok_or(Refusal::NoSuchAttempt)?;
    draft.add(Event::AttemptOpened {
        seq,
        supplier: known.supplier,
        settings: known.settings,
        code: known.code,
        cost: known.cost,
        skipped: Vec::new(),
        process: None,
        choice: None,
    });
    draft.add(Event::AttemptDoubted {
        seq,
        via: Via::Query,
        doubt: Doubt::Interrupted,
        evidence: None,
    });
    Ok(())
}
