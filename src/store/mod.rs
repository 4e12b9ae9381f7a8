//! What must survive: orders, events, money, evidence, deliveries, callbacks, cases, catalog.
//!
//! There is one way to write: `commit`. Commands that wait together share one transaction; each is
//! admitted or refused by the same pure function on every store, so that a conflict inside a batch
//! has the same answer everywhere. A commit is answered only when its outcome is certain, and says
//! so (`Unknown`) when it is not.
//!
//! Invariants: a read after an answer sees the answer; one bad command never fails its neighbours;
//! no balance is cached. Deliberately absent: deciding. The store admits, it never judges.

pub mod admit;
pub mod archive;
pub mod chain;
pub mod faults;
pub mod handover;
pub mod memory;
mod numbering;
pub mod seal;
pub mod signer;
pub mod sqlite;
pub mod statement;

pub use faults::{Fault, Faults};
pub use handover::{Fresh, Queued};
pub use memory::MemoryStore;
pub use seal::SealKey;
pub use signer::Signer;
pub use sqlite::SqliteStore;

use crate::domain::callback::Callback;
use crate::domain::case::{CaseKind, NewCase};
use crate::domain::desk::Deed;
use crate::domain::effect::Change;
use crate::domain::event::Recorded;
use crate::domain::ids::{EvidenceId, OrderId, Seq, SettingsDigest, ShopId, ShopOrderNo, SupplierId};
use crate::domain::ledger::{Account, Posting};
use crate::domain::money::{Currency, Money};
use crate::domain::offer::Offer;
use crate::domain::order::{Fingerprint, Order};
use crate::domain::outcome::{Delivery, Via};
use crate::domain::product::Product;
use crate::domain::recipient::Inputs;
use crate::domain::shop::Shop;
use crate::seams::BoxFuture;

/// Something to be written, all of it or nothing.
#[derive(Debug, Clone)]
pub enum Command {
    /// A decision about an order, with the evidence it rests on.
    Decide(Box<Decision>),
    /// Money from or to outside: a shop's credit. The posting's key makes it happen once.
    Post(Posting),
    /// An authenticated notification about a number that is not ours: kept, and a case.
    Orphan {
        /// The case; its key makes it happen once.
        case: NewCase,
        /// What arrived.
        evidence: Evidence,
    },
    /// Something that a person must look at, and that no decision carries. Its key makes it happen once.
    OpenCase(NewCase),
    /// Something done at the desk that no order's decision carries. A case that it closes must be open.
    Deed(Deed),
    /// What became of one try to reach a shop. Losing it only repeats a callback.
    CallbackTried(CallbackTried),
}

/// A change with what the change itself may not hold.
#[derive(Debug, Clone)]
pub struct Decision {
    /// What was decided, and on which version.
    pub change: Change,
    /// What the buyer entered; only with the change that creates the order.
    pub inputs: Option<Inputs>,
    /// The answers the decision rests on.
    pub evidence: Vec<Evidence>,
}

/// A supplier's raw words, sealed at rest, hashed and capped.
#[derive(Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Its id, named by the event it supports.
    pub id: EvidenceId,
    /// About which order, if known.
    pub order: Option<OrderId>,
    /// About which attempt, if known.
    pub seq: Option<Seq>,
    /// From whom.
    pub supplier: SupplierId,
    /// How it reached us.
    pub via: Via,
    /// HTTP status of a reply.
    pub status: Option<u16>,
    /// The body, at most `Evidence::MAX_BYTES`.
    pub body: Vec<u8>,
    /// When it arrived, UTC milliseconds.
    pub at_ms: i64,
}

impl Evidence {
    /// Longer bodies are cut here.
    pub const MAX_BYTES: usize = 16 * 1024;

    /// The part of the body that is kept: whoever forgot to cut it, the store does not.
    #[must_use]
    pub fn kept(&self) -> &[u8] {
        self.body.get(..Self::MAX_BYTES).unwrap_or(&self.body)
    }
}

impl std::fmt::Debug for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Evidence({}, {} bytes hidden)", self.id.0, self.body.len())
    }
}

/// What became of one try to deliver a callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackTried {
    /// Which callback.
    pub id: String,
    /// Its state from now on.
    pub state: CallbackState,
    /// Tries so far, this one included.
    pub tries: u32,
    /// When it was tried, UTC milliseconds.
    pub at_ms: i64,
    /// What the shop answered or how the send failed: short, printable, without secrets.
    pub result: String,
}

/// Where a callback stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallbackState {
    /// To be tried at this time, UTC milliseconds.
    Due(i64),
    /// The shop acknowledged it.
    Delivered,
    /// Given up after the last rung; visible, redelivered only by hand.
    Parked,
}

/// A callback as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCallback {
    /// What is to be told, byte for byte.
    pub callback: Callback,
    /// Where it stands.
    pub state: CallbackState,
    /// Tries so far.
    pub tries: u32,
    /// What became of the latest try.
    pub last_result: Option<String>,
}

/// How a command ended. There are exactly these five answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Written and durable.
    Done,
    /// The order is no longer at the version that was decided on: reload, decide again.
    Stale,
    /// Not written, for a reason that is an answer.
    Refused(Refused),
    /// Provably not written, for a reason outside: try later.
    Outage(String),
    /// It may or may not be written: send nothing, read again.
    Unknown,
}

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The hold would push the account below its floor.
    NoFunds {
        /// What is available.
        available: Money,
    },
    /// The shop has used this number before.
    Exists {
        /// For this order.
        order: OrderId,
        /// Whose request had this fingerprint.
        fingerprint: Fingerprint,
    },
    /// A posting or case with this key was written before, or the case is not open any more.
    Repeated,
}

/// The database did not answer a read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the database is not available: {0}")]
pub struct Outage(pub String);

/// The result of a read.
pub type Read<'a, T> = BoxFuture<'a, Result<T, Outage>>;

/// What a shop has and what is reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShopBalance {
    /// What it may still spend (its credit line not included).
    pub available: Money,
    /// What its open orders hold.
    pub held: Money,
}

/// One account's balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountBalance {
    /// Which account.
    pub account: Account,
    /// In which currency.
    pub currency: Currency,
    /// Minor units.
    pub minor: i64,
}

/// A case as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCase {
    /// What was found.
    pub case: NewCase,
    /// When a person closed it, UTC milliseconds.
    pub closed_at_ms: Option<i64>,
}

/// A link of an order's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkKept {
    /// The number of its commit's first event.
    pub number: u32,
    /// When that was decided, UTC milliseconds.
    pub at_ms: i64,
    /// The link.
    pub link: chain::Link,
}

/// Where a scan of the schedule stands: the last row seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScheduleCursor {
    /// Due time of the last row, UTC milliseconds.
    pub at_ms: i64,
    /// Its order.
    pub order: OrderId,
}

/// What a supplier had in a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Had {
    /// Attempts that may have left this machine.
    pub orders: u64,
    /// What those cost that were not refused, in minor units of the supplier's currency.
    pub cost_minor: i64,
}

/// When an order's request was stamped last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentAt {
    /// Which order.
    pub order: OrderId,
    /// When, UTC milliseconds.
    pub at_ms: i64,
}

/// A shop with its secrets, for signing and verifying.
#[derive(Debug, Clone)]
pub struct ShopRecord {
    /// The shop.
    pub shop: Shop,
    /// Secrets that sign requests to us; the newest first, older ones still accepted.
    pub request_secrets: Vec<secrecy::SecretString>,
    /// Secrets that sign callbacks; all are used at once while rotating.
    pub callback_secrets: Vec<secrecy::SecretString>,
}

/// Everything that shops, products and offers are, read at start and after each change.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// All shops.
    pub shops: Vec<ShopRecord>,
    /// All products.
    pub products: Vec<Product>,
    /// All offers.
    pub offers: Vec<Offer>,
}

/// Counts that operators and the demo look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Census {
    /// All orders.
    pub orders: u64,
    /// Orders without a verdict.
    pub open_orders: u64,
    /// Orders without a verdict, a next action and an open case: must be 0 (I17).
    pub lost_orders: u64,
    /// Callbacks not yet delivered or parked.
    pub callbacks_due: u64,
    /// Callbacks delivered.
    pub callbacks_delivered: u64,
    /// Callbacks parked.
    pub callbacks_parked: u64,
    /// Cases open.
    pub open_cases: u64,
}

/// The seam behind which every database stands.
pub trait Store: Send + Sync {
    /// Writes one command; the answer comes after its transaction ended.
    fn commit(&self, command: Command) -> BoxFuture<'_, Answer>;
    /// Writes several commands in one transaction, answered in the same order. A decision may rest
    /// on a stored order, or on the result of an earlier command of the same list; if that one
    /// loses, so do all that rest on it.
    fn commit_all(&self, commands: Vec<Command>) -> BoxFuture<'_, Vec<Answer>>;

    /// An order as it stands.
    fn order(&self, id: OrderId) -> Read<'_, Option<Order>>;
    /// The order a shop submitted under a number.
    fn order_by_shop_no(&self, shop: ShopId, number: ShopOrderNo) -> Read<'_, Option<Order>>;
    /// An order as it stands, with what the buyer entered.
    fn order_with_inputs(&self, id: OrderId) -> Read<'_, Option<(Order, Inputs)>>;
    /// What the buyer entered.
    fn inputs(&self, id: OrderId) -> Read<'_, Option<Inputs>>;
    /// Everything that happened to an order, oldest first.
    fn history(&self, id: OrderId) -> Read<'_, Vec<Recorded>>;
    /// What was handed over.
    fn deliveries(&self, id: OrderId) -> Read<'_, Vec<Delivery>>;
    /// The raw answers about an order, oldest first.
    fn evidence(&self, id: OrderId) -> Read<'_, Vec<Evidence>>;
    /// The callbacks of an order, oldest first.
    fn callbacks_of(&self, id: OrderId) -> Read<'_, Vec<StoredCallback>>;
    /// Orders with a next action, by due time, after `after`; at most `limit`.
    fn schedule(&self, after: Option<ScheduleCursor>, limit: u32) -> Read<'_, Vec<ScheduleCursor>>;
    /// Callbacks that are due at or before `until_ms`, oldest order first; at most `limit`.
    fn callbacks_due(&self, until_ms: i64, limit: u32) -> Read<'_, Vec<StoredCallback>>;
    /// Callbacks given up after their last try, by id; at most `limit`.
    fn callbacks_parked(&self, limit: u32) -> Read<'_, Vec<StoredCallback>>;
    /// A shop's balance.
    fn balance(&self, shop: ShopId, currency: Currency) -> Read<'_, ShopBalance>;
    /// Every account, for the sum that must be zero.
    fn balances(&self) -> Read<'_, Vec<AccountBalance>>;
    /// A case by its key.
    fn case(&self, key: String) -> Read<'_, Option<StoredCase>>;
    /// What arrived at this time and is about no order of ours: UTC milliseconds.
    fn stray_evidence(&self, at_ms: i64) -> Read<'_, Vec<Evidence>>;
    /// What was done at the desk about subjects that begin with this text, newest first; at most `limit`.
    fn deeds(&self, subject: String, limit: u32) -> Read<'_, Vec<Deed>>;
    /// Cases still open, oldest first; at most `limit`.
    fn open_cases(&self, limit: u32) -> Read<'_, Vec<StoredCase>>;
    /// Counts.
    fn census(&self) -> Read<'_, Census>;

    /// What a supplier had: attempts opened from `from_ms` on and before `until_ms`, among the orders with
    /// this id or a later one.
    fn had(&self, supplier: SupplierId, first: OrderId, from_ms: i64, until_ms: i64) -> Read<'_, Had>;
    /// The orders with this id or a later one of which a request to this supplier was stamped from `from_ms`
    /// on, by that moment.
    fn sent_since(&self, supplier: SupplierId, first: OrderId, from_ms: i64) -> Read<'_, Vec<SentAt>>;

    /// Shops, products and offers.
    fn catalog(&self) -> Read<'_, Catalog>;
    /// Adds or replaces a shop; a new one (id 0) is given its number, which is returned.
    fn put_shop(&self, record: ShopRecord) -> Read<'_, ShopId>;
    /// Adds or replaces products by sku; new ones (sku_no 0) are given their number. All or none.
    fn put_products(&self, products: Vec<Product>) -> Read<'_, ()>;
    /// Adds or replaces offers by (supplier, sku, face). All or none.
    fn put_offers(&self, offers: Vec<Offer>) -> Read<'_, ()>;
    /// Keeps a version of a supplier's settings and dialect; the same digest twice is one.
    fn put_settings(&self, digest: SettingsDigest, supplier: SupplierId, body: String) -> Read<'_, ()>;
    /// A version kept earlier.
    fn settings(&self, digest: SettingsDigest) -> Read<'_, Option<String>>;

    /// The latest orders with this id or a later one, newest first; at most `limit`. A store that keeps no
    /// order of ids has none.
    fn orders_from(&self, from: OrderId, limit: u32) -> Read<'_, Vec<OrderId>> {
        let _ = (from, limit);
        Box::pin(async { Ok(Vec::new()) })
    }

    /// The links of an order's history, oldest first; a store that keeps no chain has none.
    fn links(&self, id: OrderId) -> Read<'_, Vec<LinkKept>> {
        let _ = id;
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Suppliers' statements beside the orders; a store that keeps none has none.
    fn statements(&self) -> Option<&dyn statement::Statements> {
        None
    }

    /// The callbacks that commits have queued since this was last asked; waits until there are some.
    fn queued_callbacks(&self) -> BoxFuture<'_, Queued>;
    /// Whether commands can be written at this moment.
    fn is_writable(&self) -> bool;
}

/// The kind of a case, for stores that keep it as a word.
#[must_use]
pub fn case_kind(word: &str) -> Option<CaseKind> {
    CaseKind::ALL.into_iter().find(|kind| kind.word() == word)
}
