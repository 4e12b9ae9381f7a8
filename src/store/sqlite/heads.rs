//! Reading what admission needs, for a whole batch in one statement that also opens the
//! transaction: keys go in as JSON arrays, so the text never changes and stays prepared.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row};

use super::trouble::Trouble;
use crate::domain::effect::Effect;
use crate::domain::ids::{OrderId, ShopId, ShopOrderNo};
use crate::domain::ledger::{Account, Posting};
use crate::domain::money::Currency;
use crate::domain::order::Fingerprint;
use crate::store::Command;
use crate::store::admit::Heads;

/// Takes the write lock, then answers five questions at once. The order of each cross join is
/// fixed: from the few keys asked for to the index.
const BEGIN_AND_LOOK: &str = "BEGIN IMMEDIATE;
SELECT 1 AS head, id AS a, version AS b, NULL AS t, NULL AS u FROM orders WHERE id IN (SELECT value FROM json_each(?))
UNION ALL SELECT 2, o.id, o.shop_id, o.shop_order_no, o.fingerprint FROM json_each(?) AS k
    CROSS JOIN orders AS o ON o.shop_id = json_extract(k.value, '$[0]') AND o.shop_order_no = json_extract(k.value, '$[1]')
UNION ALL SELECT 3, NULL, NULL, key, NULL FROM postings WHERE key IN (SELECT value FROM json_each(?))
UNION ALL SELECT 4, NULL, NULL, key, NULL FROM cases WHERE key IN (SELECT value FROM json_each(?))
UNION ALL SELECT 5, c.balance_minor, NULL, c.account, c.currency FROM json_each(?) AS k
    CROSS JOIN accounts AS c ON c.account = json_extract(k.value, '$[0]') AND c.currency = json_extract(k.value, '$[1]')";

/// The keys that a batch touches.
#[derive(Debug, Default)]
struct Wanted {
    orders: BTreeSet<i64>,
    numbers: BTreeSet<(i64, String)>,
    postings: BTreeSet<String>,
    cases: BTreeSet<String>,
    accounts: BTreeSet<(String, &'static str)>,
}

impl Wanted {
    fn of(commands: &[Command]) -> Self {
        let mut wanted = Self::default();
        for command in commands {
            match command {
                Command::Decide(decision) => {
                    let change = &decision.change;
                    wanted.orders.insert(change.order.get());
                    if change.expected_version == 0 {
                        let terms = &change.after.terms;
                        wanted.numbers.insert((terms.shop.0, terms.shop_order_no.as_str().to_owned()));
                    }
                    for effect in &change.effects {
                        match effect {
                            Effect::Post(posting) => wanted.post(posting),
                            Effect::OpenCase(case) => {
                                wanted.cases.insert(case.key.clone());
                            }
                            Effect::Tell(_) | Effect::Keep { .. } | Effect::Transmit { .. } => {}
                        }
                    }
                }
                Command::Post(posting) => wanted.post(posting),
                Command::Orphan { case, .. } => {
                    wanted.cases.insert(case.key.clone());
                }
                Command::CallbackTried(_) => {}
            }
        }
        wanted
    }

    fn post(&mut self, posting: &Posting) {
        self.postings.insert(posting.key.clone());
        let entries = posting.entries.iter().map(|entry| &entry.account);
        let guard = posting.guard.iter().map(|guard| &guard.account);
        let accounts = entries.chain(guard).map(|account| (account.to_string(), posting.currency.code()));
        self.accounts.extend(accounts);
    }
}

/// What was found under the keys of a batch.
#[derive(Debug, Default)]
pub(super) struct Found {
    versions: BTreeMap<OrderId, u32>,
    numbers: BTreeMap<(ShopId, String), (OrderId, Fingerprint)>,
    postings: BTreeSet<String>,
    cases: BTreeSet<String>,
    balances: BTreeMap<(String, String), i64>,
}

impl Found {
    /// Opens the transaction and looks up everything that `commands` touch.
    pub(super) async fn begin(connection: &mut SqliteConnection, commands: &[Command]) -> Result<Self, Trouble> {
        let wanted = Wanted::of(commands);
        let query = sqlx::query(AssertSqlSafe(BEGIN_AND_LOOK))
            .bind(serde_json::to_string(&wanted.orders)?)
            .bind(serde_json::to_string(&wanted.numbers)?)
            .bind(serde_json::to_string(&wanted.postings)?)
            .bind(serde_json::to_string(&wanted.cases)?)
            .bind(serde_json::to_string(&wanted.accounts)?);
        let rows = query.fetch_all(connection).await?;
        let mut found = Self::default();
        for row in rows {
            match row.try_get::<i64, _>("head")? {
                1 => {
                    let version = u32::try_from(row.try_get::<i64, _>("b")?).map_err(|_| damaged("version"))?;
                    found.versions.insert(order_id(row.try_get("a")?)?, version);
                }
                2 => {
                    let number = (ShopId(row.try_get("b")?), row.try_get("t")?);
                    let order = order_id(row.try_get("a")?)?;
                    found.numbers.insert(number, (order, fingerprint(row.try_get("u")?)?));
                }
                3 => {
                    found.postings.insert(row.try_get("t")?);
                }
                4 => {
                    found.cases.insert(row.try_get("t")?);
                }
                _ => {
                    let account = (row.try_get("t")?, row.try_get("u")?);
                    found.balances.insert(account, row.try_get("a")?);
                }
            }
        }
        Ok(found)
    }
}

impl Heads for Found {
    fn version(&self, order: OrderId) -> Option<u32> {
        self.versions.get(&order).copied()
    }

    fn numbered(&self, shop: ShopId, number: &ShopOrderNo) -> Option<(OrderId, Fingerprint)> {
        self.numbers.get(&(shop, number.as_str().to_owned())).cloned()
    }

    fn balance(&self, account: &Account, currency: Currency) -> i64 {
        let key = (account.to_string(), currency.code().to_owned());
        self.balances.get(&key).copied().unwrap_or(0)
    }

    fn has_posting(&self, key: &str) -> bool {
        self.postings.contains(key)
    }

    fn has_case(&self, key: &str) -> bool {
        self.cases.contains(key)
    }
}

fn order_id(raw: i64) -> Result<OrderId, Trouble> {
    OrderId::from_stored(raw).ok_or_else(|| damaged("id"))
}

fn fingerprint(text: String) -> Result<Fingerprint, Trouble> {
    Ok(serde_json::from_value(serde_json::Value::String(text))?)
}

fn damaged(column: &str) -> Trouble {
    Trouble::Fatal(format!("orders.{column} holds what was never written there: the file is damaged"))
}
