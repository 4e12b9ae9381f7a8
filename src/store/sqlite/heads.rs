//! Reading what admission needs, for a whole batch in one statement that also opens the
//! transaction: keys go in as JSON arrays, so the text never changes and stays prepared.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row};

use super::trouble::Trouble;
use super::words::{self, Spelt};
use crate::domain::effect::Effect;
use crate::domain::ids::{OrderId, ShopId, ShopOrderNo};
use crate::domain::ledger::{Account, Posting};
use crate::domain::money::Currency;
use crate::domain::order::Fingerprint;
use crate::store::Command;
use crate::store::admit::{Heads, closes, postings};
use crate::store::chain::{Link, START};

/// Takes the write lock, then answers six questions in one row, each with a JSON array: a row of
/// its own for every head would cost more than finding it. The order of each cross join is fixed:
/// from the few keys asked for to the index; a list behind `IN` would be copied into a table of its own first.
const BEGIN_AND_LOOK: &str = "BEGIN IMMEDIATE;
SELECT (SELECT json_group_array(json_array(o.id, o.version, hex(o.link))) FROM json_each(?) AS k CROSS JOIN orders AS o ON o.id = k.value) AS versions,
(SELECT json_group_array(json_array(o.shop_id, o.shop_order_no, o.id, h.events ->> '$[0].terms.fingerprint')) FROM json_each(?) AS s
    CROSS JOIN json_each(s.value) AS n CROSS JOIN orders AS o ON o.shop_id = CAST(s.key AS BIGINT) AND o.shop_order_no = n.value
    CROSS JOIN history AS h ON h.order_id = o.id AND h.number = 1) AS numbers,
(SELECT json_group_array(p.key) FROM json_each(?) AS k CROSS JOIN postings AS p ON p.key = k.value) AS postings,
(SELECT json_group_array(h.postings) FROM json_each(?) AS k CROSS JOIN history AS h ON h.order_id = k.value
    WHERE h.postings IS NOT NULL) AS booked,
(SELECT json_group_array(json_array(c.key, c.closed_at_ms IS NULL)) FROM json_each(?) AS k CROSS JOIN cases AS c ON c.key = k.value) AS cases,
(SELECT json_group_array(json_array(c.account, c.currency, c.balance_minor)) FROM json_each(?) AS k
    CROSS JOIN json_each(k.value) AS a CROSS JOIN accounts AS c ON c.account = a.value AND c.currency = k.key) AS balances";

/// The keys that a batch touches. One that two commands touch is asked for twice, which harms nothing;
/// only accounts are few and touched by all.
#[derive(Debug, Default)]
struct Wanted<'c> {
    orders: Vec<i64>,
    /// By shop.
    numbers: BTreeMap<i64, Vec<&'c str>>,
    postings: Vec<&'c str>,
    /// Old orders that a command books for: their earlier postings are in their history.
    booked: Vec<i64>,
    cases: Vec<&'c str>,
    /// By currency.
    accounts: BTreeMap<&'static str, BTreeSet<Spelt<'c>>>,
}

impl<'c> Wanted<'c> {
    fn of(commands: &'c [Command]) -> Self {
        let mut wanted = Self::default();
        for command in commands {
            match command {
                Command::Decide(decision) => {
                    let change = &decision.change;
                    wanted.orders.push(change.order.get());
                    if change.expected_version == 0 {
                        let terms = &change.after.terms;
                        let numbers = wanted.numbers.entry(terms.shop.0).or_default();
                        numbers.push(terms.shop_order_no.as_str());
                    }
                    if change.expected_version > 0 && postings(change).next().is_some() {
                        wanted.booked.push(change.order.get());
                    }
                    for effect in &change.effects {
                        match effect {
                            Effect::Post(posting) => wanted.post(posting),
                            Effect::OpenCase(case) => {
                                wanted.cases.push(case.key.as_str());
                            }
                            Effect::Record(deed) => wanted.cases.extend(closes(deed)),
                            Effect::Tell(_) | Effect::Keep { .. } | Effect::Transmit { .. } => {}
                        }
                    }
                }
                Command::Post(posting) => {
                    wanted.post(posting);
                    wanted.booked.extend(posting.order.map(OrderId::get));
                }
                Command::Orphan { case, .. } | Command::OpenCase(case) => {
                    wanted.cases.push(case.key.as_str());
                }
                Command::Deed(deed) => wanted.cases.extend(closes(deed)),
                Command::CallbackTried(_) => {}
            }
        }
        wanted
    }

    fn post(&mut self, posting: &'c Posting) {
        self.postings.push(posting.key.as_str());
        let entries = posting.entries.iter().map(|entry| &entry.account);
        let guard = posting.guard.iter().map(|guard| &guard.account);
        let accounts = self.accounts.entry(posting.currency.code()).or_default();
        accounts.extend(entries.chain(guard).map(Spelt));
    }
}

/// What was found under the keys of a batch.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Of each order its version, and the last link of its history.
    orders: BTreeMap<OrderId, (u32, Link)>,
    numbers: BTreeMap<(ShopId, ShopOrderNo), (OrderId, Fingerprint)>,
    postings: BTreeSet<String>,
    /// By key, and whether it is open.
    cases: BTreeMap<String, bool>,
    balances: BTreeMap<(Account, Currency), i64>,
}

impl Found {
    /// Opens the transaction and looks up everything that `commands` touch.
    pub(super) async fn begin(connection: &mut SqliteConnection, commands: &[Command]) -> Result<Self, Trouble> {
        let wanted = Wanted::of(commands);
        let query = sqlx::query(AssertSqlSafe(BEGIN_AND_LOOK))
            .bind(serde_json::to_string(&wanted.orders)?)
            .bind(serde_json::to_string(&wanted.numbers)?)
            .bind(serde_json::to_string(&wanted.postings)?)
            .bind(serde_json::to_string(&wanted.booked)?)
            .bind(serde_json::to_string(&wanted.cases)?)
            .bind(serde_json::to_string(&wanted.accounts)?);
        let row = query.fetch_one(connection).await?;
        let mut found = Self::default();
        for (id, version, link) in list::<(i64, u32, &str)>(&row, "versions")? {
            let link = words::link(link).ok_or_else(|| damaged("versions"))?;
            found.orders.insert(order_id(id)?, (version, link));
        }
        for (shop, number, id, fingerprint) in list::<(i64, ShopOrderNo, i64, Fingerprint)>(&row, "numbers")? {
            found.numbers.insert((ShopId(shop), number), (order_id(id)?, fingerprint));
        }
        found.postings.extend(list::<String>(&row, "postings")?);
        for postings in list::<String>(&row, "booked")? {
            found.postings.extend(words::keys(&postings)?);
        }
        for (key, is_open) in list::<(String, u8)>(&row, "cases")? {
            found.cases.insert(key, is_open == 1);
        }
        for (account, currency, minor) in list::<(String, String, i64)>(&row, "balances")? {
            let account = words::account(&account).ok_or_else(|| damaged("balances"))?;
            let currency = Currency::from_code(&currency).ok_or_else(|| damaged("balances"))?;
            found.balances.insert((account, currency), minor);
        }
        Ok(found)
    }
}

impl Found {
    /// The last link of an order's history; of a new order, where it starts.
    pub(super) fn link(&self, order: OrderId) -> Link {
        self.orders.get(&order).map_or(START, |(_, link)| *link)
    }
}

/// What one of the questions found.
fn list<'r, T: Deserialize<'r>>(row: &'r SqliteRow, question: &'static str) -> Result<Vec<T>, Trouble> {
    serde_json::from_str(row.try_get(question)?).map_err(|_| damaged(question))
}

impl Heads for Found {
    fn version(&self, order: OrderId) -> Option<u32> {
        self.orders.get(&order).map(|(version, _)| *version)
    }

    fn numbered(&self, shop: ShopId, number: &ShopOrderNo) -> Option<(OrderId, Fingerprint)> {
        self.numbers.get(&(shop, number.clone())).cloned()
    }

    fn balance(&self, account: &Account, currency: Currency) -> i64 {
        self.balances.get(&(account.clone(), currency)).copied().unwrap_or(0)
    }

    fn has_posting(&self, key: &str) -> bool {
        self.postings.contains(key)
    }

    fn has_case(&self, key: &str) -> bool {
        self.cases.contains_key(key)
    }

    fn is_case_open(&self, key: &str) -> bool {
        self.cases.get(key).copied().unwrap_or(false)
    }
}

fn order_id(raw: i64) -> Result<OrderId, Trouble> {
    OrderId::from_stored(raw).ok_or_else(|| damaged("orders"))
}

fn damaged(question: &str) -> Trouble {
    Trouble::Fatal(format!(
        "the answer about {question} holds what was never written: the file is damaged"
    ))
}
