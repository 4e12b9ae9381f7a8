//! What an error of the database means for the commands at hand: certainly not written, perhaps
//! written, refused by a backstop, or reason to stop the process.
//!
//! Invariant: no text made here holds a value of a row.

use crate::store::seal::SealBroken;

/// How a transaction went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Certainly not written; later it may go well.
    Outage(String),
    /// Certainly not written, because of what was to be written: the schema refused it, or it cannot
    /// be put into a row. Admission or a caller has a bug; neighbours in the batch must not suffer.
    Backstop(String),
    /// Perhaps written.
    Unknown(String),
    /// Perhaps written, and the file can no longer be trusted by this process.
    Fatal(String),
}

/// When in a transaction the error came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Before COMMIT was asked for.
    Before,
    /// COMMIT itself.
    Commit,
}

impl Trouble {
    pub(super) fn of(error: &sqlx::Error, phase: Phase) -> Self {
        let text = error.to_string();
        match (primary_code(error), phase) {
            (Some(SQLITE_IOERR | SQLITE_CORRUPT | SQLITE_NOTADB), _) => Self::Fatal(text),
            (Some(SQLITE_BUSY), _) => Self::Outage(text),
            (Some(_) | None, Phase::Commit) => Self::Unknown(text),
            (Some(SQLITE_CONSTRAINT | SQLITE_ERROR | SQLITE_TOOBIG | SQLITE_MISMATCH | SQLITE_RANGE), Phase::Before) => {
                Self::Backstop(text)
            }
            (Some(_) | None, Phase::Before) => Self::Outage(text),
        }
    }
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        Self::of(&error, Phase::Before)
    }
}

impl From<SealBroken> for Trouble {
    fn from(broken: SealBroken) -> Self {
        Self::Backstop(broken.to_string())
    }
}

impl From<serde_json::Error> for Trouble {
    fn from(_: serde_json::Error) -> Self {
        Self::Backstop("a value cannot be written as JSON".to_owned())
    }
}

const SQLITE_ERROR: u32 = 1;
const SQLITE_BUSY: u32 = 5;
const SQLITE_IOERR: u32 = 10;
const SQLITE_CORRUPT: u32 = 11;
const SQLITE_TOOBIG: u32 = 18;
const SQLITE_CONSTRAINT: u32 = 19;
const SQLITE_MISMATCH: u32 = 20;
const SQLITE_RANGE: u32 = 25;
const SQLITE_NOTADB: u32 = 26;

/// Whether another connection's lock was in the way.
pub(super) fn is_locked(error: &sqlx::Error) -> bool {
    primary_code(error) == Some(SQLITE_BUSY)
}

/// SQLite's primary result code: the low byte of the extended one.
fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let code = error.as_database_error()?.code()?;
    code.parse::<u32>().ok().map(|extended| extended & 0xff)
}
