//! The calls and replies as data: one JSON object each, the same on the socket and for `--json`.
//!
//! Amounts are decimal text with their currency beside them; times are UTC milliseconds. Both sides
//! are meant to be the same build; a call that is not understood says so.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::ids::{OrderId, ShopId, ShopOrderNo, SupplierId};
use crate::domain::limits::Limits;
use crate::domain::money::Currency;
use crate::domain::order::NextAction;
use crate::domain::policy::Promises;

/// What an operator asks for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case", deny_unknown_fields)]
pub enum AdminCall {
    /// Adds a shop and makes its secrets.
    ShopAdd {
        /// Shown to operators; no two shops share one.
        name: String,
        /// Of its balance.
        currency: Currency,
        /// Decimal: how far below zero its balance may go; absent is prepaid only.
        credit_limit: Option<String>,
    },
    /// Books money a shop brought in or, negative, was paid back.
    ShopCredit {
        /// Which shop.
        shop: ShopId,
        /// Decimal, in the shop's currency.
        amount: String,
        /// The bank's or the operator's reference: the same one twice is booked once.
        reference: String,
    },
    /// All shops with their balances.
    ShopList,
    /// Adds or replaces products.
    ProductImport(CatalogFile),
    /// Adds or replaces offers.
    OfferImport(CatalogFile),
    /// All suppliers.
    SupplierList,
    /// Asks one supplier, or all, for our balance there.
    SupplierCheck {
        /// Which; absent is all.
        name: Option<String>,
    },
    /// Everything about one order.
    OrderShow(OrderKey),
    /// Sends a parked or delivered callback once more.
    CallbackRedeliver {
        /// The callback's id: `evt_…`.
        id: String,
    },
    /// All cases still open.
    CaseList,
}

/// How an order is named.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum OrderKey {
    /// By our id, or by the number a supplier saw.
    Id {
        /// Digits.
        id: String,
    },
    /// By the number its shop gave it.
    ShopNo {
        /// Whose number.
        shop: ShopId,
        /// The number.
        number: ShopOrderNo,
    },
}

/// A file of products or offers, as text.
#[derive(Clone, Serialize, Deserialize)]
pub struct CatalogFile {
    /// How the text is written.
    pub format: FileFormat,
    /// All of it, UTF-8, without a byte order mark.
    pub text: String,
    /// Only say what would happen.
    pub dry_run: bool,
}

impl fmt::Debug for CatalogFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CatalogFile({:?}, {} bytes)", self.format, self.text.len())
    }
}

/// How a catalog file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// Comma-separated, the first line names the columns.
    Csv,
    /// `[[product]]` or `[[offer]]` tables.
    Toml,
}

/// What became of a call.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub enum AdminReply {
    /// The shop stands; its secrets are shown this once.
    ShopAdded(NewShop),
    /// Booked, now or before; the shop's balance.
    ShopCredited {
        /// Whether this reference had been booked before, so that nothing was booked now.
        already_booked: bool,
        /// The shop as it stands.
        shop: ShopLine,
    },
    /// All shops.
    Shops {
        /// By number.
        shops: Vec<ShopLine>,
    },
    /// Imported, or what an import would do.
    Imported(ImportReport),
    /// Nothing was imported, because of these.
    NotImported {
        /// In the order of the file.
        problems: Vec<Problem>,
    },
    /// All suppliers.
    Suppliers {
        /// By name.
        suppliers: Vec<SupplierLine>,
    },
    /// The suppliers that were checked.
    SupplierChecks {
        /// By name.
        checks: Vec<SupplierCheck>,
    },
    /// Everything about an order.
    Order(Box<Dossier>),
    /// The callback is due again.
    CallbackDue {
        /// Its id.
        id: String,
    },
    /// All cases still open.
    Cases {
        /// Oldest first.
        cases: Vec<CaseLine>,
    },
    /// Nothing was done.
    Failed(Trouble),
}

/// Why nothing was done, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Trouble {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl Trouble {
    /// With what is wrong and what to do.
    pub fn new(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            remedy: remedy.into(),
        }
    }
}

/// A text that is shown once and never printed by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Once(pub String);

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Once(hidden)")
    }
}

/// A shop that was just added, with what it needs to sign and to verify.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewShop {
    /// Its number.
    pub shop: ShopId,
    /// Its name.
    pub name: String,
    /// What `X-Shop-Key` carries.
    pub key: String,
    /// Signs its requests; the text itself is the key, it is not decoded.
    pub request_secret: Once,
    /// Verifies our callbacks, in the form of Standard Webhooks.
    pub callback_secret: Once,
}

/// A shop in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopLine {
    /// Its number.
    pub shop: ShopId,
    /// Its name.
    pub name: String,
    /// What `X-Shop-Key` carries.
    pub key: String,
    /// Of all amounts.
    pub currency: Currency,
    /// Decimal: what it may still spend, its credit line not included.
    pub available: String,
    /// Decimal: what its open orders hold.
    pub held: String,
    /// Decimal: how far below zero it may go.
    pub credit_limit: String,
    /// Whether it may submit orders.
    pub active: bool,
}

/// What an import did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ImportReport {
    /// `products` or `offers`.
    pub what: String,
    /// Names of those that are new.
    pub added: Vec<String>,
    /// Names of those that differ from before.
    pub changed: Vec<String>,
    /// How many are as they were.
    pub unchanged: u32,
    /// What was imported all the same, but should be looked at.
    pub warnings: Vec<String>,
    /// Nothing was written.
    pub is_dry_run: bool,
}

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Where it begins, in bytes from the start of the text.
    pub offset: usize,
    /// How long the place is, in bytes.
    pub len: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

/// A supplier in a list: what adapters.toml says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplierLine {
    /// Its name.
    pub id: SupplierId,
    /// Shown to people.
    pub label: String,
    /// Which dialect it speaks.
    pub dialect: String,
    /// Whether it is tried, paused or drained.
    pub state: String,
    /// Where its offers stand that name no priority; lower is tried first.
    pub default_priority: u16,
    /// What may be sent.
    pub limits: Limits,
    /// What it guarantees.
    pub promises: Promises,
    /// Digest of this version of its settings and dialect.
    pub digest: String,
}

/// What a check of a supplier found. It was loaded, so its dialect's samples read as they should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplierCheck {
    /// The supplier.
    pub supplier: SupplierLine,
    /// Decimal: our balance there, where it could be asked.
    pub balance: Option<String>,
    /// Of the balance.
    pub currency: Option<Currency>,
    /// Why there is no balance.
    pub trouble: Option<String>,
}

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
    /// Whether a person still has to look at it.
    pub is_open: bool,
}
