//! Rows for the auditor, each as it lies there; what is sealed is opened only to see whether it does.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::evidence;
use super::parcel::{Opened, Part};
use super::reads::Unread;
use crate::domain::ids::OrderId;
use crate::store::archive::{AttemptKept, CallbackKept, CaseKept, CommitKept, EvidenceKept, OrderKept, StampKept, StatedKept};
use crate::store::seal::Sealer;

pub(super) fn order_of(id: i64, row: &SqliteRow, sealer: &Sealer) -> Result<OrderKept, Unread> {
    let sealed: Option<&[u8]> = row.try_get("sealed_inputs")?;
    Ok(OrderKept {
        version: row.try_get("version")?,
        shop: row.try_get("shop_id")?,
        shop_order_no: row.try_get("shop_order_no")?,
        finished_at_ms: row.try_get("finished_at_ms")?,
        next_action_at_ms: row.try_get("next_action_at_ms")?,
        next_step: row.try_get("next_step")?,
        held_minor: row.try_get("held_minor")?,
        captured_minor: row.try_get("captured_minor")?,
        released_minor: row.try_get("released_minor")?,
        link: row.try_get("link")?,
        inputs_open: sealed.map(|sealed| sealer.open("orders", &id.to_string(), sealed).is_ok()),
    })
}

pub(super) fn commit_of(row: &SqliteRow) -> Result<CommitKept, Unread> {
    Ok(CommitKept {
        number: row.try_get("number")?,
        at_ms: row.try_get("at_ms")?,
        form_version: row.try_get("form_version")?,
        events: row.try_get("events")?,
        postings: row.try_get("postings")?,
        evidence: row.try_get("evidence")?,
        sealed: row.try_get("sealed")?,
        link: row.try_get("link")?,
    })
}

pub(super) fn attempt_of(row: &SqliteRow) -> Result<AttemptKept, Unread> {
    Ok(AttemptKept {
        seq: row.try_get("seq")?,
        supplier: row.try_get("supplier")?,
        state: row.try_get("state")?,
        cost_minor: row.try_get("cost_minor")?,
        opened_at_ms: row.try_get("opened_at_ms")?,
    })
}

/// What the commit rests on; a list that cannot be read names nothing.
pub(super) fn evidence_of(order: i64, commit: &CommitKept, sealer: &Sealer) -> Vec<EvidenceKept> {
    let parcel = opened(order, commit.number, commit.sealed.as_deref(), sealer);
    let notes = commit.evidence.as_deref().map(evidence::notes).and_then(Result::ok);
    let kept = notes.into_iter().flatten().map(|note| {
        let body = parcel.as_ref().and_then(|parcel| parcel.part(Part::Evidence(&note.id)));
        EvidenceKept {
            is_whole: body.is_some_and(|body| note.has_hash_of(body)),
            id: note.id.into_owned(),
        }
    });
    kept.collect()
}

pub(super) fn callback_of(order: i64, row: &SqliteRow, sealer: &Sealer) -> Result<CallbackKept, Unread> {
    let number = row.try_get("number")?;
    let parcel = opened(order, row.try_get("history_number")?, row.try_get("sealed")?, sealer);
    Ok(CallbackKept {
        number,
        state: row.try_get("state")?,
        is_whole: parcel.is_some_and(|parcel| parcel.part(Part::Callback(number)).is_some()),
    })
}

fn opened(order: i64, number: u32, sealed: Option<&[u8]>, sealer: &Sealer) -> Option<Opened> {
    Opened::open(sealer, OrderId::from_stored(order)?, number, sealed?).ok()
}

pub(super) fn stamp_of(row: &SqliteRow) -> Result<StampKept, Unread> {
    Ok(StampKept {
        seq: row.try_get("seq")?,
        n: row.try_get("n")?,
        at_ms: row.try_get("stamped_at_ms")?,
    })
}

pub(super) fn stated_of(row: &SqliteRow) -> Result<StatedKept, Unread> {
    Ok(StatedKept {
        statement: row.try_get("statement")?,
        supplier: row.try_get("supplier")?,
        seq: row.try_get("seq")?,
        said: row.try_get("said")?,
        found: row.try_get("found")?,
        has_case: row.try_get("has_case")?,
        is_case_open: row.try_get("is_case_open")?,
    })
}

pub(super) fn case_of(row: &SqliteRow) -> Result<CaseKept, Unread> {
    Ok(CaseKept {
        kind: row.try_get("kind")?,
        key: row.try_get("key")?,
        is_open: row.try_get::<Option<i64>, _>("closed_at_ms")?.is_none(),
    })
}
