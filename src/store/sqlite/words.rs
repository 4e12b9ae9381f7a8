//! How our enums are spelt in columns, both ways. Spellings are for ever: rows outlive programs.

use serde::{Deserialize, Serialize, Serializer};

use super::trouble::Trouble;
use crate::domain::ids::{OrderId, ShopId, SupplierId};
use crate::domain::ledger::{Account, Entry, Posting};
use crate::domain::outcome::Via;
use crate::store::chain::{Link, START};

/// The account with this spelling, the one that its `Display` writes.
pub(super) fn account(text: &str) -> Option<Account> {
    let shop = |number: &str| number.parse().ok().map(ShopId);
    match text.split_once(':') {
        Some(("shop_available", number)) => shop(number).map(Account::ShopAvailable),
        Some(("shop_held", number)) => shop(number).map(Account::ShopHeld),
        Some(("supplier_payable", name)) => Some(Account::SupplierPayable(SupplierId::from(name))),
        Some(("supplier_clearing", name)) => Some(Account::SupplierClearing(SupplierId::from(name))),
        Some(_) => None,
        None => match text {
            "revenue" => Some(Account::Revenue),
            "loss_in_dispute" => Some(Account::LossInDispute),
            "risk" => Some(Account::Risk),
            "rounding" => Some(Account::Rounding),
            "funding" => Some(Account::Funding),
            _ => None,
        },
    }
}

/// An account as JSON: the text that its `Display` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spelt<'a>(pub(super) &'a Account);

impl Serialize for Spelt<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}

pub(super) fn via_word(via: Via) -> &'static str {
    match via {
        Via::Submit => "submit",
        Via::Query => "query",
        Via::Notification => "notification",
        Via::Recall => "recall",
        Via::Attestation => "attestation",
        Via::Statement => "statement",
    }
}

pub(super) fn via(word: &str) -> Option<Via> {
    let all = [
        Via::Submit,
        Via::Query,
        Via::Notification,
        Via::Recall,
        Via::Attestation,
        Via::Statement,
    ];
    all.into_iter().find(|via| via_word(*via) == word)
}

/// A posting as it is kept: the view `entries` reads it.
#[derive(Serialize)]
struct Booked<'p> {
    key: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<i64>,
    currency: &'static str,
    #[serde(serialize_with = "entries")]
    entries: &'p [Entry],
}

fn entries<S: Serializer>(entries: &[Entry], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(entries.iter().map(|entry| (Spelt(&entry.account), entry.minor)))
}

impl<'p> Booked<'p> {
    fn of(posting: &'p Posting) -> Self {
        Self {
            key: &posting.key,
            order: posting.order.map(OrderId::get),
            currency: posting.currency.code(),
            entries: &posting.entries,
        }
    }
}

/// A value as JSON, in a text that begins with room for `usual` bytes: one that grows step by step is copied
/// at each of them.
pub(super) fn json<T: Serialize + ?Sized>(value: &T, usual: usize) -> Result<String, serde_json::Error> {
    let mut bytes = Vec::with_capacity(usual);
    serde_json::to_writer(&mut bytes, value)?;
    String::from_utf8(bytes).map_err(serde::ser::Error::custom)
}

/// One posting as JSON.
pub(super) fn posting(posting: &Posting) -> Result<String, serde_json::Error> {
    json(&Booked::of(posting), 256)
}

/// The postings of one commit as a JSON array.
pub(super) fn postings(postings: &[&Posting]) -> Result<String, serde_json::Error> {
    let booked: Vec<Booked<'_>> = postings.iter().map(|posting| Booked::of(posting)).collect();
    json(&booked, 512)
}

/// The keys in such an array.
pub(super) fn keys(postings: &str) -> Result<impl Iterator<Item = String>, Trouble> {
    #[derive(Deserialize)]
    struct Keyed {
        key: String,
    }
    let keyed: Vec<Keyed> = serde_json::from_str(postings).map_err(|_| Trouble::Backstop("kept postings are damaged".to_owned()))?;
    Ok(keyed.into_iter().map(|keyed| keyed.key))
}

/// A link as SQLite's `hex` writes it.
pub(super) fn link(text: &str) -> Option<Link> {
    let mut link = START;
    hex::decode_to_slice(text, &mut link).ok()?;
    Some(link)
}

/// The order and the number that a callback's id is made of; `None` for any other text.
pub(super) fn callback_key(id: &str) -> Option<(OrderId, u32)> {
    let (order, number) = id.strip_prefix("evt_")?.split_once('_')?;
    let is_canonical = number.bytes().all(|b| b.is_ascii_digit()) && !number.starts_with('0');
    let number = number.parse().ok().filter(|_| is_canonical)?;
    Some((order.parse().ok()?, number))
}

/// The id of the callback with this key.
pub(super) fn callback_id(order: OrderId, number: u32) -> String {
    format!("evt_{order}_{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_is_read_back_as_it_was_written() {
        let odd = SupplierId::from("a:b");
        for written in [
            Account::ShopAvailable(ShopId(7)),
            Account::ShopHeld(ShopId(i64::MAX)),
            Account::Revenue,
            Account::SupplierPayable(odd.clone()),
            Account::SupplierClearing(odd),
            Account::LossInDispute,
            Account::Risk,
            Account::Rounding,
            Account::Funding,
        ] {
            assert_eq!(account(&written.to_string()), Some(written));
        }
        assert_eq!(account("shop_available:x"), None);
        assert_eq!(account("profit"), None);
    }

    #[test]
    fn a_callbacks_id_is_its_key_and_nothing_else_is() {
        let order = OrderId::from_stored(42).unwrap();
        assert_eq!(callback_key(&callback_id(order, 7)), Some((order, 7)));
        for text in [
            "",
            "evt_",
            "evt_42",
            "evt_42_",
            "evt_42_07",
            "evt_42_+7",
            "evt_042_7",
            "evt_42_7_1",
            "42_7",
            "evt_42_4294967296",
        ] {
            assert_eq!(callback_key(text), None, "{text:?}");
        }
    }
}
