//! The calls and replies as data: one JSON object each, the same on the socket and for `--json`.
//!
//! Amounts are decimal text with their currency beside them; times are UTC milliseconds. Both sides
//! are meant to be the same build; a call that is not understood says so.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::asked::{CaseFile, CaseFinding, ChargeAsked, DeedLine, DeskReply, OperatorLine, RefundAsked, Signing, SupplierWord};
use super::drafts::{DraftAsked, DraftLine};
use super::files::{CatalogFile, ImportReport, Problem};
use super::lines::{CallbackLine, CaseLine, Dossier};
use super::replay::{ReplayAsked, ReplayLine};
use super::statements::{StatementAsked, StatementReport};
use super::steering::{ExplainAsked, Explained, FlawLine, PinWord, PublishAsked, SteeringVersion};
use super::suppliers::{SupplierCheck, SupplierLine};
use crate::dispatch::NamedCard;
use crate::domain::ids::{ShopId, ShopOrderNo};
use crate::domain::money::Currency;

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
    /// All callbacks that were given up.
    CallbackList,
    /// Sends a parked or delivered callback once more.
    CallbackRedeliver {
        /// The callback's id: `evt_…`.
        id: String,
    },
    /// All cases still open.
    CaseList,
    /// Everything about one case.
    CaseShow {
        /// Its key.
        key: String,
    },
    /// Says what a case comes to, and closes it once enough persons have said so.
    CaseResolve(CaseFinding),
    /// Gives back to a shop a part or all of what an order cost it.
    OrderRefund(RefundAsked),
    /// Charges a shop, by its consent, for what was delivered after its order had ended.
    OrderCharge(ChargeAsked),
    /// Keeps new attempts away from a supplier.
    SupplierPause(SupplierWord),
    /// Lets new attempts come to a supplier again.
    SupplierResume(SupplierWord),
    /// Holds a supplier's circuit open.
    SupplierForceOpen(SupplierWord),
    /// Settles what is open at a supplier and opens nothing new there.
    SupplierDrain(SupplierWord),
    /// Sends products to one supplier and no other.
    SupplierPin(PinWord),
    /// Steers products like others again.
    SupplierUnpin(PinWord),
    /// How a supplier is doing.
    SupplierScorecard {
        /// Which.
        name: String,
    },
    /// A link under which a supplier sees its own scorecard.
    SupplierLink {
        /// Which.
        name: String,
        /// For how many days.
        days: u32,
    },
    /// The latest versions of the steering document.
    RouteVersions,
    /// A steering document's text.
    RouteShow {
        /// Which version; absent is the one in force.
        version: Option<u32>,
    },
    /// What is wrong with a steering document; changes nothing.
    RouteCheck {
        /// All of it, TOML.
        text: String,
    },
    /// Keeps a steering document as a draft.
    RouteDraft(DraftAsked),
    /// The drafts that are kept.
    RouteDrafts,
    /// Decides past orders again under a steering document; changes nothing.
    RouteReplay(ReplayAsked),
    /// Puts a steering document in force.
    RoutePublish(PublishAsked),
    /// Puts an earlier version's text in force again.
    RouteRollBack {
        /// Which version.
        version: u32,
        /// Who says so, and why.
        signing: Signing,
    },
    /// Who would get an order now; changes nothing.
    RouteExplain(ExplainAsked),
    /// Holds a supplier's statement against our books.
    StatementCheck(StatementAsked),
    /// Begins a recovery on a restored database; before the server starts.
    RecoveryBegin,
    /// Says that a restored backup's gap is covered.
    RecoveryEnd {
        /// Who says so, and why.
        signing: Signing,
    },
    /// Lets a person sign; the first one needs no signature.
    OperatorAdd {
        /// The new operator.
        name: String,
        /// Who lets this one in, and why.
        signing: Option<Signing>,
    },
    /// Lets a person sign no more.
    OperatorRemove {
        /// Who.
        name: String,
        /// Who says so, and why.
        signing: Signing,
    },
    /// All who may sign.
    OperatorList,
    /// What was done at the desk.
    Deeds {
        /// Only about subjects that begin with this text: `case:`, `supplier:alpha`.
        subject: Option<String>,
    },
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
    /// Callbacks that were given up.
    Callbacks {
        /// By id.
        callbacks: Vec<CallbackLine>,
    },
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
    /// Everything about a case.
    Case(Box<CaseFile>),
    /// What became of a word at the desk.
    Desk(DeskReply),
    /// The operator may sign; the pass is shown this once.
    OperatorAdded {
        /// Who.
        name: String,
        /// `name:token`.
        pass: Once,
    },
    /// All who may sign.
    Operators {
        /// By name.
        operators: Vec<OperatorLine>,
    },
    /// How a supplier is doing.
    Scorecard(Box<NamedCard>),
    /// The latest versions of the steering document.
    SteeringVersions {
        /// Newest first.
        versions: Vec<SteeringVersion>,
    },
    /// A steering document.
    Steering {
        /// Its version; 0 is the one that is built in.
        version: u32,
        /// All of it, TOML.
        text: String,
    },
    /// What is wrong with a steering document: nothing was changed.
    SteeringChecked {
        /// Everything; empty if nothing is.
        flaws: Vec<FlawLine>,
    },
    /// A link for a supplier.
    Link {
        /// The whole address.
        url: String,
        /// Until when it shows anything, UTC milliseconds.
        until_ms: i64,
    },
    /// The drafts of steering documents.
    SteeringDrafts {
        /// The latest first.
        drafts: Vec<DraftLine>,
    },
    /// What came of deciding past orders again.
    Replayed(Box<ReplayLine>),
    /// Who would get an order.
    Explained(Explained),
    /// What a statement check came to.
    Statement(Box<StatementReport>),
    /// What was done at the desk.
    Deeds {
        /// Newest first.
        deeds: Vec<DeedLine>,
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
