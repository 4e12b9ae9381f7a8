//! Reading what was done at the desk.

use sqlx::Row;
use sqlx::sqlite::SqlitePool;

use super::reads::{Unread, damaged};
use crate::domain::desk::Deed;

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
