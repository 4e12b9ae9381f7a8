//! What is kept of an order, row by row and as it lies there: for the auditor, who believes nothing.
//!
//! Deliberately absent: understanding. A row that cannot be read as what it should be is a finding,
//! so texts stay texts here and numbers numbers.

/// Everything kept under one order's id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dossier {
    /// The order's id.
    pub id: i64,
    /// The order's own row.
    pub order: Option<OrderKept>,
    /// Its history, in the order of its numbers.
    pub history: Vec<CommitKept>,
    /// Its attempts, in the order of their sequence.
    pub attempts: Vec<AttemptKept>,
    /// The stamps of its transmissions.
    pub stamps: Vec<StampKept>,
    /// What suppliers said.
    pub evidence: Vec<EvidenceKept>,
    /// What its shop is told.
    pub callbacks: Vec<CallbackKept>,
    /// What a person must look at.
    pub cases: Vec<CaseKept>,
    /// What suppliers' statements say of its attempts.
    pub stated: Vec<StatedKept>,
}

/// An order's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderKept {
    /// How many events there are.
    pub version: u32,
    /// Whose it is.
    pub shop: i64,
    /// The shop's number for it.
    pub shop_order_no: String,
    /// When it got its verdict.
    pub finished_at_ms: Option<i64>,
    /// When it is looked at next.
    pub next_action_at_ms: Option<i64>,
    /// For what, as JSON.
    pub next_step: Option<String>,
    /// What was held.
    pub held_minor: i64,
    /// What of it was taken.
    pub captured_minor: Option<i64>,
    /// What of it was given back.
    pub released_minor: Option<i64>,
    /// The last link of its history.
    pub link: Vec<u8>,
    /// Whether what the buyer entered opens; absent where nothing is kept.
    pub inputs_open: Option<bool>,
}

/// A row of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitKept {
    /// The number of its first event.
    pub number: u32,
    /// When it was decided, UTC milliseconds.
    pub at_ms: i64,
    /// The form its events are written in.
    pub form_version: i32,
    /// Its events, as JSON.
    pub events: String,
    /// What it moved, as JSON.
    pub postings: Option<String>,
    /// The evidence it rests on, as JSON.
    pub evidence: Option<String>,
    /// What may not lie readable.
    pub sealed: Option<Vec<u8>>,
    /// Its link.
    pub link: Vec<u8>,
}

/// An attempt's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptKept {
    /// Its sequence.
    pub seq: u8,
    /// At which supplier.
    pub supplier: String,
    /// The word for its state.
    pub state: String,
    /// What it costs.
    pub cost_minor: i64,
    /// When it was opened, UTC milliseconds.
    pub opened_at_ms: i64,
}

/// A stamp's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StampKept {
    /// Of which attempt.
    pub seq: u8,
    /// Of which transmission.
    pub n: u8,
    /// When, UTC milliseconds.
    pub at_ms: i64,
}

/// A piece of evidence, its body looked at but not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceKept {
    /// Its id.
    pub id: String,
    /// Whether its body opens and has the hash it was kept with.
    pub is_whole: bool,
}

/// A callback's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackKept {
    /// The number in its id.
    pub number: u32,
    /// Where it stands.
    pub state: String,
    /// Whether its payload opens.
    pub is_whole: bool,
}

/// A case's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseKept {
    /// The word for its kind.
    pub kind: String,
    /// Its key.
    pub key: String,
    /// Whether it waits for a person still.
    pub is_open: bool,
}

/// What a line of a supplier's statement says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedKept {
    /// The statement's key.
    pub statement: String,
    /// Whose it is.
    pub supplier: String,
    /// About which attempt.
    pub seq: u8,
    /// What it says: `delivered`, `not_delivered` or `unlisted`.
    pub said: String,
    /// The word for what the check found of it.
    pub found: String,
    /// Whether the statement's differences became a case.
    pub has_case: bool,
    /// Whether that case waits for a person still.
    pub is_case_open: bool,
}

/// A day's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayKept {
    /// The UTC date.
    pub day: String,
    /// The last row of the history that belongs to it.
    pub until_row: i64,
    /// The signature, with what is signed.
    pub seal: String,
}
