//! Everything about one order as plain lines: what the dossier gathers and every face shows.
//!
//! Amounts are signed or plain decimal text in the order's currency; times are UTC milliseconds.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{OrderId, ShopId, ShopOrderNo, SupplierId};
use crate::domain::money::Currency;
use crate::domain::order::NextAction;
use crate::domain::plan::Choice;

/// Everything about one order that may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dossier {
    /// Our id.
    pub id: OrderId,
    /// Number of events so far.
    pub version: u32,
    /// Who ordered.
    pub shop: ShopId,
    /// The shop's name, if it is still known.
    pub shop_name: Option<String>,
    /// The shop's number for the order.
    pub shop_order_no: ShopOrderNo,
    /// What.
    pub sku: String,
    /// How many pieces.
    pub quantity: u32,
    /// Of all amounts.
    pub currency: Currency,
    /// Decimal: face value of one piece.
    pub face_value: String,
    /// Decimal: what is or was held.
    pub price: String,
    /// What the buyer entered, masked.
    pub inputs: Vec<InputLine>,
    /// When it was accepted, UTC milliseconds.
    pub accepted_at_ms: i64,
    /// Until when it may wait for a supplier, UTC milliseconds.
    pub deadline_ms: i64,
    /// How it ended, in words; absent while it has not.
    pub verdict: Option<String>,
    /// When it ended, UTC milliseconds.
    pub ended_at_ms: Option<i64>,
    /// Whether a supplier may have been charged and nobody knows.
    pub is_in_doubt: bool,
    /// Whether its deadline passed while an attempt was open.
    pub is_overdue: bool,
    /// What happens next, and when.
    pub next_action: Option<NextAction>,
    /// Every try.
    pub attempts: Vec<AttemptLine>,
    /// Everything that happened, in words.
    pub events: Vec<EventLine>,
    /// What its events moved. Told from the events; the auditor compares them with the books.
    pub ledger: Vec<LedgerLine>,
    /// The answers it rests on, without their bodies.
    pub evidence: Vec<EvidenceLine>,
    /// How many deliveries are kept under seal.
    pub deliveries: usize,
    /// What the shop was, or is to be, told.
    pub callbacks: Vec<CallbackLine>,
    /// What needed or needs a person.
    pub cases: Vec<CaseLine>,
}

/// One thing the buyer entered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputLine {
    /// Its key.
    pub key: String,
    /// Its value, the middle hidden.
    pub masked: String,
}

/// One try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptLine {
    /// The number its supplier sees.
    pub id: String,
    /// Its place.
    pub seq: u8,
    /// Where.
    pub supplier: SupplierId,
    /// The state's word.
    pub state: String,
    /// The state in words: what is known, and why.
    pub meaning: String,
    /// Decimal: what it costs.
    pub cost: String,
    /// The supplier's code for the product.
    pub code: String,
    /// The supplier's own number, once known.
    pub supplier_ref: Option<String>,
    /// Which version of the supplier's settings wrote the request.
    pub settings: String,
    /// Queries since the state last changed.
    pub queries: u16,
    /// When it was opened, UTC milliseconds.
    pub opened_at_ms: i64,
    /// Every sending of its bytes.
    pub transmissions: Vec<TransmissionLine>,
}

/// One sending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransmissionLine {
    /// Its place.
    pub n: u8,
    /// When it was stamped, UTC milliseconds.
    pub stamped_at_ms: i64,
    /// What became of it, in words.
    pub fate: String,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventLine {
    /// Its place.
    pub number: u32,
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// Its kind's word in storage.
    pub kind: String,
    /// In words.
    pub words: String,
    /// Why this supplier, where an attempt was opened and there was a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<Choice>,
}

/// One posting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerLine {
    /// Its key in the books.
    pub key: String,
    /// The event it belongs to.
    pub event: u32,
    /// Account and signed decimal amount.
    pub entries: Vec<(String, String)>,
}

/// One stored answer, without its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceLine {
    /// Its id.
    pub id: String,
    /// About which attempt.
    pub seq: Option<u8>,
    /// From whom.
    pub supplier: SupplierId,
    /// How it reached us, in words.
    pub via: String,
    /// HTTP status of a reply.
    pub status: Option<u16>,
    /// Bytes kept under seal.
    pub bytes: usize,
    /// Start of the body's SHA-256, to tell two answers apart.
    pub digest: String,
    /// When it arrived, UTC milliseconds.
    pub at_ms: i64,
}

/// One callback, without its payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackLine {
    /// Its id.
    pub id: String,
    /// Where to: scheme, host and path.
    pub url: String,
    /// Where it stands: `due`, `delivered` or `parked`.
    pub state: String,
    /// When it is tried next, UTC milliseconds.
    pub due_at_ms: Option<i64>,
    /// Tries so far.
    pub tries: u32,
    /// What became of the latest try.
    pub last_result: Option<String>,
    /// When it was decided, UTC milliseconds.
    pub created_at_ms: i64,
}

/// One case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseLine {
    /// Its key.
    pub key: String,
    /// Its kind's word.
    pub kind: String,
    /// What it means, in words.
    pub meaning: String,
    /// Of which order.
    pub order: Option<OrderId>,
    /// What may be lost, with its currency.
    pub at_risk: Option<String>,
    /// When it was found, UTC milliseconds; absent where only the order remembers it.
    pub opened_at_ms: Option<i64>,
    /// How long it has been open, or was until it was closed, in milliseconds.
    pub age_ms: Option<i64>,
    /// Whether a person still has to look at it.
    pub is_open: bool,
}
