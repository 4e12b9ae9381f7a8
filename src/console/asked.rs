//! What operators ask for at the desk, and what they are answered, as data.
//!
//! Whoever asks signs: with a name and a token of their own, and a reason. Tokens are never printed.

use serde::{Deserialize, Serialize};

use super::calls::{Once, OrderKey};
use super::lines::{CaseLine, EvidenceLine};
use crate::domain::ids::SupplierId;

/// Who asks, and why.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Signing {
    /// `name:token`, as it was shown when the operator was added.
    pub pass: Once,
    /// Why; kept for ever.
    pub reason: String,
}

/// A finding about a case.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CaseFinding {
    /// The case's key.
    pub key: String,
    /// What was found.
    pub found: FindingWord,
    /// Decimal: the face value that arrived (`delivered`, absent is all of it), or what the supplier
    /// gave back (`recovered`).
    pub amount: Option<String>,
    /// Who says so, and why.
    pub signing: Signing,
}

/// What can be said about a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingWord {
    /// Looked at and understood; nothing moves.
    Explained,
    /// The attempt in doubt did not deliver and never will.
    NotDelivered,
    /// The attempt in doubt delivered.
    Delivered,
    /// The supplier gave back what it had cost.
    Recovered,
}

/// Money that goes back to a shop.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RefundAsked {
    /// Of which order.
    pub order: OrderKey,
    /// Decimal, in the order's currency.
    pub amount: String,
    /// The operator's own key: the same one twice is one refund.
    pub key: String,
    /// Who says so, and why.
    pub signing: Signing,
}

/// Money that a shop agrees to pay for what was delivered after its order had ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChargeAsked {
    /// For which order.
    pub order: OrderKey,
    /// Decimal, in the order's currency.
    pub amount: String,
    /// The operator's own key: the same one twice is one charge.
    pub key: String,
    /// Who agreed at the shop, and where that is written.
    pub consent: String,
    /// Who says so, and why.
    pub signing: Signing,
}

/// A word about a supplier.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SupplierWord {
    /// Which.
    pub supplier: SupplierId,
    /// Who says so, and why.
    pub signing: Signing,
}

/// What became of a word at the desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskReply {
    /// What about.
    pub subject: String,
    /// Where it stands.
    pub standing: DeskStanding,
    /// In words, with what comes next.
    pub words: String,
}

/// Where a word at the desk stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeskStanding {
    /// Written down; a second person, or time, is needed. Nothing has moved.
    Proposed,
    /// Carried out now.
    Done,
    /// Had been carried out before; nothing moved now.
    DoneBefore,
}

/// Everything about one case that may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseFile {
    /// The case.
    pub case: CaseLine,
    /// When it was closed, UTC milliseconds.
    pub closed_at_ms: Option<i64>,
    /// The supplier it is about, where it is about one attempt.
    pub supplier: Option<SupplierId>,
    /// Where that attempt stands now, in words.
    pub attempt: Option<String>,
    /// What is held of the shop's money until it is settled, with its currency.
    pub held: Option<String>,
    /// What can be said about it now.
    pub findings: Vec<FindingWord>,
    /// The answers it rests on, without their bodies.
    pub evidence: Vec<EvidenceLine>,
    /// What was done about it, oldest first.
    pub deeds: Vec<DeedLine>,
}

/// One deed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeedLine {
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// What about.
    pub subject: String,
    /// Its kind's word.
    pub deed: String,
    /// What was done, in words.
    pub words: String,
    /// On whose word, and why.
    pub signed: String,
    /// Whether one person moved money alone.
    pub is_solo: bool,
}

/// One who may sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorLine {
    /// The name.
    pub name: String,
    /// Since when, UTC milliseconds.
    pub since_ms: i64,
}
