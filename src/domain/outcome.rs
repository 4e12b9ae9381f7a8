//! What a supplier's answer means, in our words.
//!
//! Unknown is an answer like the others: whatever cannot be read with certainty is `Unknown`, never
//! an error and never a failure (R7). Only `Refused` and success prove anything about money.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::money::Money;

/// What one answer says about one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Delivered in full; the supplier bills it.
    Succeeded {
        /// What came with it: receipts, vouchers, card secrets.
        deliveries: Vec<Delivery>,
    },
    /// Taken, being worked on; it may still succeed or fail.
    Accepted,
    /// Finished with less than was asked for; the supplier bills that part.
    Partial {
        /// The face value that was delivered.
        delivered: Money,
        /// What came with it.
        deliveries: Vec<Delivery>,
    },
    /// Definitely not delivered and never will be, by the dialect's allow-list.
    Refused(Refusal),
    /// The supplier says it knows no such number; by itself this proves nothing.
    NotFound,
    /// Nothing can be concluded; money may have moved.
    Unknown(Doubt),
}

/// One reading of an answer: its outcome and what else it told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What it means.
    pub outcome: Outcome,
    /// The supplier's own number for the attempt.
    pub supplier_ref: Option<String>,
    /// What the supplier says it bills for the whole attempt.
    pub cost: Option<Money>,
}

impl Reading {
    /// A reading that concludes nothing.
    #[must_use]
    pub fn unknown(doubt: Doubt) -> Self {
        Self {
            outcome: Outcome::Unknown(doubt),
            supplier_ref: None,
            cost: None,
        }
    }
}

/// How an answer reached us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// The reply to our own submit, bound by the connection we opened.
    Submit,
    /// The reply to our query.
    Query,
    /// The supplier's push to us.
    Notification,
    /// The reply to our recall: we had asked the supplier to withdraw the attempt.
    Recall,
    /// A person's word, with a reason and a second person (R8).
    Attestation,
    /// The supplier's own books of a stretch of time, read in a statement check (R11, R20).
    Statement,
}

/// How far an operation's answers may be believed, declared by the dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// The deciding fields are covered by a keyed hash or by our own connection.
    Fact,
    /// Anyone could have said it: only a reason to query.
    Trigger,
}

/// Why a supplier definitely did not deliver. `code` is the supplier's own, shortened and printable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The kind of refusal, in our words.
    pub kind: RefusalKind,
    /// The supplier's code, at most 32 printable characters.
    pub code: String,
}

/// Kinds of refusal; the kind decides nothing about money (all are definite), only what people are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// The recipient is wrong or barred.
    Recipient,
    /// The product is not sold (any more) or not for this recipient.
    Product,
    /// No stock left.
    Stock,
    /// Our prepaid balance at the supplier is too low.
    SupplierBalance,
    /// The supplier or the operator behind it is under maintenance.
    Maintenance,
    /// The cost is above the limit we sent along.
    Price,
    /// Our credentials, address or signature were refused.
    Credentials,
    /// Too many requests, said by the supplier before taking the order.
    Limit,
    /// The supplier calls the request malformed.
    Parameters,
    /// Taken first, then failed or cancelled by the supplier.
    Failed,
}

impl RefusalKind {
    /// Every kind, for tables that must be complete.
    pub const ALL: [Self; 10] = [
        Self::Recipient,
        Self::Product,
        Self::Stock,
        Self::SupplierBalance,
        Self::Maintenance,
        Self::Price,
        Self::Credentials,
        Self::Limit,
        Self::Parameters,
        Self::Failed,
    ];

    /// The word used in dialect files, events and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Recipient => "recipient",
            Self::Product => "product",
            Self::Stock => "stock",
            Self::SupplierBalance => "supplier_balance",
            Self::Maintenance => "maintenance",
            Self::Price => "price",
            Self::Credentials => "credentials",
            Self::Limit => "limit",
            Self::Parameters => "parameters",
            Self::Failed => "failed",
        }
    }
}

/// Why nothing can be concluded. `detail` texts are short, printable and free of secrets and recipients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Doubt {
    /// No complete answer in time.
    Timeout,
    /// The connection broke after it stood.
    ConnectionBroken,
    /// The answer was longer than allowed.
    ReplyTooLarge,
    /// A status outside 2xx that the dialect does not list.
    HttpStatus {
        /// The HTTP status code.
        status: u16,
    },
    /// An empty body.
    EmptyReply,
    /// Not in the dialect's format, charset or shape.
    Unreadable {
        /// What was wrong with it.
        detail: String,
    },
    /// A status or code the dialect does not list.
    UnlistedCode {
        /// The code, at most 32 printable characters.
        value: String,
    },
    /// "Order already exists": somebody sent this number before, so ask.
    OrderExists,
    /// The answer names another number or amount than ours.
    NotOurs {
        /// Which field differed.
        field: String,
    },
    /// The answer's signature is wrong or missing.
    BadSignature,
    /// The supplier knows no such number (after we sent it).
    NotFound,
    /// Success was said without the card secrets that are part of it.
    DeliveriesMissing,
    /// Failure was said by a supplier whose failures are not final, or of a number sent more than once.
    FailureNotFinal,
    /// Our process ended between the stamp and the outcome.
    Interrupted,
    /// Nothing left on this transmission, but an earlier one of the same attempt may have arrived.
    EarlierTransmission,
    /// The query could not be sent.
    QueryNotSent,
    /// The supplier has taken our recall and says later what became of it.
    RecallAsked,
}

/// Something handed over with a success. Secrets are sealed at rest and hidden from debug output.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Delivery {
    /// A proof of the top-up (凭证): a receipt, a supplier's voucher for it, the carrier's serial number.
    Receipt {
        /// The receipt's text.
        text: String,
    },
    /// What the buyer bought: a card, or a voucher code, which is a card without a number.
    Card {
        /// The card's number, where it has one.
        #[serde(skip_serializing_if = "Option::is_none")]
        number: Option<String>,
        /// The card's secret.
        secret: String,
    },
}

impl Delivery {
    /// Whether this is a card, the thing itself, rather than a proof.
    #[must_use]
    pub fn is_card(&self) -> bool {
        match self {
            Self::Card { .. } => true,
            Self::Receipt { .. } => false,
        }
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_card() { "Card(hidden)" } else { "Receipt(hidden)" })
    }
}

/// A supplier's answer to "how much money do we have with you".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BalanceReading {
    /// The prepaid balance.
    Balance(Money),
    /// The answer could not be read, and why; nothing follows from it for any order.
    Unreadable(Doubt),
}

/// Shortens a text from outside to 32 printable characters, so that it may stand in events and logs.
#[must_use]
pub fn printable_code(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(32).collect()
}
