//! What shops buy: a product, its face values with their prices, and the inputs it needs.

use serde::{Deserialize, Serialize};

use super::ids::Sku;
use super::money::{Currency, Money};

/// What success hands over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProductKind {
    /// Credit arrives at the recipient; success needs no delivery, though a receipt may come.
    TopUp,
    /// Card secrets come back; success without a secret for each piece is not yet success.
    Card,
}

/// One thing a product asks the buyer for, checked at accept and part of the order's fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputField {
    /// The key in `inputs`, such as `account`.
    pub key: String,
    /// Absent means required.
    #[serde(default = "yes")]
    pub required: bool,
    /// Accepted characters.
    #[serde(default)]
    pub charset: Charset,
    /// Shortest accepted value, in characters.
    #[serde(default = "one")]
    pub min_len: u16,
    /// Longest accepted value, in characters.
    #[serde(default = "sixty_four")]
    pub max_len: u16,
    /// The main field: what is topped up. At most one a product; a card needs none.
    #[serde(default)]
    pub is_recipient: bool,
}

/// Which characters an input may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Charset {
    /// ASCII digits only: phone numbers, QQ numbers.
    Digits,
    /// A mobile number of mainland China: 11 digits, the first a 1. As the recipient it is looked up among
    /// the number segments.
    Phone,
    /// ASCII letters, digits and `._-@+`: accounts and addresses of mail.
    Account,
    /// Any printable character, no control characters.
    #[default]
    Text,
}

impl Charset {
    /// Whether every character of `value` may stand in such an input.
    #[must_use]
    pub fn admits(self, value: &str) -> bool {
        match self {
            Self::Digits => value.bytes().all(|b| b.is_ascii_digit()),
            Self::Phone => value.len() == 11 && value.starts_with('1') && value.bytes().all(|b| b.is_ascii_digit()),
            Self::Account => value.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-@+".contains(&b)),
            Self::Text => !value.chars().any(char::is_control),
        }
    }
}

/// A face value on sale and what the shop pays for one piece of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denomination {
    /// What is delivered, in minor units of the product's currency.
    pub face_minor: i64,
    /// What the shop pays for one piece, in minor units of the product's currency.
    pub price_minor: i64,
}

/// When, and up to which price, the operator's risk account stands in for an order in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvanceTerms {
    /// How long an order must have been in doubt, in seconds.
    pub after_seconds: u32,
    /// The dearest order that it is done for, in minor units of the product's currency; absent is any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_price_minor: Option<i64>,
}

impl AdvanceTerms {
    /// After how long an order of this price is advanced, in milliseconds.
    #[must_use]
    pub fn after_ms(self, price_minor: i64) -> Option<i64> {
        let is_within = self.max_price_minor.is_none_or(|most| price_minor <= most);
        is_within.then(|| i64::from(self.after_seconds).saturating_mul(1_000))
    }
}

/// A product: stable code, numeric twin for shop protocols that need integers, and its rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Stable code, 1-64 of `[A-Za-z0-9._-]`.
    pub sku: Sku,
    /// The sku's numeric twin: unique, given when the product is first imported.
    pub sku_no: u32,
    /// Shown to people.
    pub name: String,
    /// What success hands over.
    pub kind: ProductKind,
    /// Currency of faces and prices.
    pub currency: Currency,
    /// Face values on sale, at least one, ascending.
    pub denominations: Vec<Denomination>,
    /// What the buyer is asked for.
    pub inputs: Vec<InputField>,
    /// Most pieces in one order.
    pub max_quantity: u32,
    /// Default and longest time from accept to verdict while nothing has been sent, in seconds.
    pub deadline_seconds: u32,
    /// When the shop gets its money back from the risk account while an order is in doubt; absent is never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advance: Option<AdvanceTerms>,
    /// Whether an order may be placed with a supplier whose cost is above the price.
    pub may_lose_money: bool,
    /// Whether shops can buy it now.
    pub on_sale: bool,
}

impl Product {
    /// The denomination with this face value; without one, the only denomination there is.
    #[must_use]
    pub fn denomination(&self, face: Option<Money>) -> Option<&Denomination> {
        match (face, self.denominations.as_slice()) {
            (Some(face), all) if face.currency == self.currency => all.iter().find(|d| d.face_minor == face.minor),
            (None, [only]) => Some(only),
            (Some(_) | None, _) => None,
        }
    }

    /// The input that is topped up, if the product has one.
    #[must_use]
    pub fn recipient_field(&self) -> Option<&InputField> {
        self.inputs.iter().find(|field| field.is_recipient)
    }
}

fn yes() -> bool {
    true
}

fn one() -> u16 {
    1
}

fn sixty_four() -> u16 {
    64
}
