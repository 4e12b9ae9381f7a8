//! Rows for the auditor, each as it lies there; what is sealed is opened only to see whether it does.

use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::reads::Unread;
use super::words;
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
        sealed_deliveries: row.try_get("sealed_deliveries")?,
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

pub(super) fn evidence_of(row: &SqliteRow, sealer: &Sealer) -> Result<EvidenceKept, Unread> {
    let (id, hash): (String, &[u8]) = (row.try_get("id")?, row.try_get("body_sha256")?);
    let body = sealer.open("evidence", &id, row.try_get("sealed")?);
    let is_whole = body.is_ok_and(|body| Sha256::digest(&body).as_slice() == hash);
    Ok(EvidenceKept { id, is_whole })
}

pub(super) fn callback_of(order: i64, row: &SqliteRow, sealer: &Sealer) -> Result<CallbackKept, Unread> {
    let number = row.try_get("number")?;
    let id = OrderId::from_stored(order).map(|order| words::callback_id(order, number));
    let sealed: &[u8] = row.try_get("sealed")?;
    Ok(CallbackKept {
        number,
        state: row.try_get("state")?,
        is_whole: id.is_some_and(|id| sealer.open("callbacks", &id, sealed).is_ok()),
    })
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
