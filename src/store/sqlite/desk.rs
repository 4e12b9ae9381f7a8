//! Reading what was done at the desk, and what arrived about no order of ours.

use sqlx::Row;
use sqlx::sqlite::SqlitePool;

use super::reads::{Unread, damaged, evidence_of};
use crate::domain::desk::Deed;
use crate::store::Evidence;
use crate::store::seal::Sealer;

/// Persons do little in a day, so the index on subjects is small enough to be walked.
pub(super) async fn deeds(pool: &SqlitePool, subject: String, limit: u32) -> Result<Vec<Deed>, Unread> {
    let query = sqlx::query("SELECT place, body FROM deeds WHERE substr(subject, 1, length(?1)) = ?1 ORDER BY place DESC LIMIT ?2");
    let rows = query.bind(subject).bind(limit).fetch_all(pool).await?;
    let deeds = rows.iter().map(|row| {
        let place: i64 = row.try_get("place")?;
        serde_json::from_str(row.try_get("body")?).map_err(|_| damaged("deed", place))
    });
    deeds.collect()
}

pub(super) async fn stray_evidence(pool: &SqlitePool, sealer: &Sealer, at_ms: i64) -> Result<Vec<Evidence>, Unread> {
    let query =
        sqlx::query("SELECT id, seq, supplier, via, http_status, sealed, at_ms FROM evidence WHERE order_id = 0 AND at_ms = ? ORDER BY id");
    let rows = query.bind(at_ms).fetch_all(pool).await?;
    rows.iter().map(|row| evidence_of(row, sealer, None)).collect()
}
