//! What suppliers said: about an order it lies in its history, the words sealed and all else as JSON; about no
//! order of ours it has a table of its own.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::sqlite::SqlitePool;

use super::parcel::{Opened, Part};
use super::reads::{Unread, damaged};
use super::words;
use crate::domain::ids::{EvidenceId, OrderId, Seq, SupplierId};
use crate::store::Evidence;
use crate::store::seal::{SealBroken, Sealer};

/// A piece of evidence without its body, as the history keeps it: the view `evidence` reads it.
#[derive(Serialize, Deserialize)]
pub(super) struct Note<'e> {
    #[serde(borrow)]
    pub(super) id: Cow<'e, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<Seq>,
    #[serde(borrow)]
    supplier: Cow<'e, str>,
    #[serde(borrow)]
    via: Cow<'e, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_status: Option<u16>,
    body_sha256: String,
    at_ms: i64,
}

impl<'e> Note<'e> {
    fn of(evidence: &'e Evidence) -> Self {
        Self {
            id: Cow::Borrowed(&evidence.id.0),
            seq: evidence.seq,
            supplier: Cow::Borrowed(evidence.supplier.as_str()),
            via: Cow::Borrowed(words::via_word(evidence.via)),
            http_status: evidence.status,
            body_sha256: hash(evidence.kept()),
            at_ms: evidence.at_ms,
        }
    }

    /// Whether this is the body it was kept with.
    pub(super) fn has_hash_of(&self, body: &[u8]) -> bool {
        self.body_sha256 == hash(body)
    }

    fn with(self, order: Option<OrderId>, body: &[u8]) -> Option<Evidence> {
        Some(Evidence {
            id: EvidenceId(self.id.as_ref().into()),
            order,
            seq: self.seq,
            supplier: SupplierId::from(self.supplier.as_ref()),
            via: words::via(&self.via)?,
            status: self.http_status,
            body: body.to_vec(),
            at_ms: self.at_ms,
        })
    }
}

/// The hash of a body, in hexadecimal digits.
pub(super) fn hash(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
}

/// The evidence of one commit; of two with the same id the first.
pub(super) fn each_once(all: &[Evidence]) -> impl Iterator<Item = &Evidence> {
    all.iter().enumerate().filter_map(|(place, evidence)| {
        let is_first = all.iter().position(|earlier| earlier.id == evidence.id) == Some(place);
        is_first.then_some(evidence)
    })
}

/// The notes on the evidence of one commit, as a JSON array; nothing if it rests on none.
///
/// # Errors
/// When a value cannot be written as JSON.
pub(super) fn listed(all: &[Evidence]) -> Result<Option<String>, serde_json::Error> {
    let notes: Vec<Note<'_>> = each_once(all).map(Note::of).collect();
    (!notes.is_empty()).then(|| words::json(&notes, 256)).transpose()
}

/// The notes in such an array.
///
/// # Errors
/// When it is not one.
pub(super) fn notes(listed: &str) -> Result<Vec<Note<'_>>, serde_json::Error> {
    serde_json::from_str(listed)
}

/// A piece that an earlier commit names already is that piece.
pub(super) async fn of_order(pool: &SqlitePool, sealer: &Sealer, order: OrderId) -> Result<Vec<Evidence>, Unread> {
    let query = sqlx::query("SELECT number, evidence, sealed FROM history WHERE order_id = ? AND evidence IS NOT NULL ORDER BY number");
    let mut all: Vec<Evidence> = Vec::new();
    for row in query.bind(order.get()).fetch_all(pool).await? {
        let (number, sealed): (u32, Option<&[u8]>) = (row.try_get("number")?, row.try_get("sealed")?);
        let unread = || damaged("evidence", format!("{order}/{number}"));
        let parcel = sealed.and_then(|sealed| Opened::open(sealer, order, number, sealed).ok());
        for note in notes(row.try_get("evidence")?).map_err(|_| unread())? {
            let body = parcel.as_ref().and_then(|parcel| parcel.part(Part::Evidence(&note.id)));
            if all.iter().all(|earlier| *earlier.id.0 != *note.id) {
                let evidence = body.and_then(|body| note.with(Some(order), body));
                all.push(evidence.ok_or_else(unread)?);
            }
        }
    }
    all.sort_by(|a, b| (a.at_ms, &a.id.0).cmp(&(b.at_ms, &b.id.0)));
    Ok(all)
}

const STRAYS: &str = "stray_evidence";

/// # Errors
/// As the sealer's.
pub(super) fn seal_stray(stray: &Evidence, sealer: &Sealer) -> Result<Vec<u8>, SealBroken> {
    sealer.seal(STRAYS, &stray.id.0, stray.kept())
}

pub(super) async fn strays(pool: &SqlitePool, sealer: &Sealer, at_ms: i64) -> Result<Vec<Evidence>, Unread> {
    let query = sqlx::query("SELECT id, supplier, via, http_status, body_sha256, sealed FROM stray_evidence WHERE at_ms = ? ORDER BY id");
    let rows = query.bind(at_ms).fetch_all(pool).await?;
    let strays = rows.iter().map(|row| {
        let id: &str = row.try_get("id")?;
        let note = Note {
            id: Cow::Borrowed(id),
            seq: None,
            supplier: Cow::Borrowed(row.try_get("supplier")?),
            via: Cow::Borrowed(row.try_get("via")?),
            http_status: row.try_get("http_status")?,
            body_sha256: row.try_get("body_sha256")?,
            at_ms,
        };
        let body = sealer.open(STRAYS, id, row.try_get("sealed")?).ok();
        let body = body.filter(|body| note.has_hash_of(body));
        body.and_then(|body| note.with(None, &body)).ok_or_else(|| damaged(STRAYS, id))
    });
    strays.collect()
}
