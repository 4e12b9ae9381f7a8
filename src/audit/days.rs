//! Each day's history, signed: the links of all commits of a day, and the day before, under one
//! signature, so that a history rewritten from its beginning does not fit what was signed and printed
//! into the log long ago.
//!
//! Days are UTC. What was committed before midnight and after the last seal belongs to a day; one
//! without a commit has no row.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Check, Finding};
use crate::domain::report::rfc3339;
use crate::store::archive::DayKept;
use crate::store::signer::{PublicKey, verify};
use crate::store::sqlite::Archive;
use crate::store::{Outage, Signer};

/// What the signature's header says it is.
pub const KIND: &str = "recharge-day+json";

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    /// Of this form.
    version: u8,
    /// The UTC date.
    pub day: String,
    /// The first row of the history that belongs to it.
    from_row: i64,
    /// The last.
    until_row: i64,
    /// SHA-256 over all links of these rows, one after the other.
    pub links: String,
    /// SHA-256 of the seal before; zeros for the first.
    before: String,
}

const DAY_MS: i64 = 86_400_000;

/// The seal of the day before `now_ms`, over everything committed since the last seal and before
/// midnight; `None` if that day has its row already, or nothing was committed.
///
/// # Errors
/// When the database does not answer.
pub async fn close(archive: &mut Archive, signer: &Signer, now_ms: i64) -> Result<Option<DayKept>, Outage> {
    let midnight_ms = now_ms.div_euclid(DAY_MS).saturating_mul(DAY_MS);
    let day: String = rfc3339(midnight_ms.saturating_sub(1)).chars().take_while(|c| *c != 'T').collect();
    let days = archive.days().await?;
    let last = days.last();
    if last.is_some_and(|last| last.day >= day) {
        return Ok(None);
    }
    let after = last.map_or(0, |last| last.until_row);
    let until_row = archive.last_row_before(midnight_ms).await?;
    if until_row <= after {
        return Ok(None);
    }
    let sealed = Day {
        version: 1,
        day: day.clone(),
        from_row: after.saturating_add(1),
        until_row,
        links: links(archive, after, until_row).await?,
        before: last.map_or_else(|| "0".repeat(64), |last| hash(&last.seal)),
    };
    let text = serde_json::to_string(&sealed).map_err(|error| Outage(error.to_string()))?;
    let seal = signer.sign(KIND, &text);
    Ok(Some(DayKept { day, until_row, seal }))
}

/// Every day's seal against the history as it lies there now.
pub(super) async fn check(archive: &mut Archive) -> Result<Vec<Finding>, Outage> {
    let key = archive.key().clone();
    let mut findings = Vec::new();
    let (mut after, mut before) = (0, "0".repeat(64));
    for kept in archive.days().await? {
        match opened(&kept, &key) {
            Ok(day) => {
                let links = links(archive, after, kept.until_row).await?;
                let fits = day.day == kept.day
                    && (day.from_row, day.until_row) == (after.saturating_add(1), kept.until_row)
                    && (day.links, day.before) == (links, before);
                if !fits {
                    findings.push(finding(&kept, "its seal does not fit the history as it is now"));
                }
            }
            Err(why) => findings.push(finding(&kept, &why)),
        }
        (after, before) = (kept.until_row, hash(&kept.seal));
    }
    Ok(findings)
}

fn opened(kept: &DayKept, key: &PublicKey) -> Result<Day, String> {
    let verified = verify(&kept.seal, Some(key)).map_err(|why| why.to_string())?;
    if verified.kind != KIND {
        return Err("this is signed, but it is no day's seal".to_owned());
    }
    serde_json::from_str(&verified.payload).map_err(|error| error.to_string())
}

fn finding(kept: &DayKept, saw: &str) -> Finding {
    Finding {
        check: Check::Day,
        order: None,
        saw: format!("{}: {saw}", kept.day),
    }
}

/// Rows read together.
const PAGE: i64 = 20_000;

async fn links(archive: &mut Archive, after: i64, until: i64) -> Result<String, Outage> {
    let mut hasher = Sha256::new();
    let mut from = after;
    while from < until {
        let to = until.min(from.saturating_add(PAGE));
        for link in archive.links(from, to).await? {
            hasher.update(link);
        }
        from = to;
    }
    Ok(hex::encode(hasher.finalize()))
}

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}
