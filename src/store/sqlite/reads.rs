//! What is read, each in one statement and so from one moment, over connections that cannot write.
//!
//! A row that does not read as what was written is an outage of that read, named by table and row,
//! never a value made up and never a value shown.

use std::collections::BTreeSet;

use sqlx::Row;
use sqlx::sqlite::{SqlitePool, SqliteRow};

use super::parcel::{Opened, Part};
use super::words;
use crate::domain::callback::Callback;
use crate::domain::case::NewCase;
use crate::domain::event::{Event, Recorded};
use crate::domain::ids::{OrderId, SettingsDigest, ShopId, SupplierId};
use crate::domain::ledger::Account;
use crate::domain::money::{Currency, Money};
use crate::domain::outcome::Delivery;
use crate::store::chain::Link;
use crate::store::seal::Sealer;
use crate::store::{
    AccountBalance, CallbackState, Census, Had, LinkKept, ScheduleCursor, SentAt, ShopBalance, StoredCallback, StoredCase, case_kind,
};

/// Why a read gave nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    /// The database did not answer.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// A row does not read as what was written.
    #[error("{table} {key} is damaged, sealed with another key, or from a newer version of this program")]
    Damaged {
        /// Which table.
        table: &'static str,
        /// Which row.
        key: String,
    },
}

pub(super) fn damaged(table: &'static str, key: impl ToString) -> Unread {
    let key = key.to_string();
    Unread::Damaged { table, key }
}

type Found<T> = Result<T, Unread>;

/// One input of one order: the order's id, then the start of the input's hash.
const INPUT_BYTES: usize = 16;

/// Reads the hashes of all orders from end to end: SQLite finds the rows, the loop what is in them.
pub(super) async fn orders_by_input(pool: &SqlitePool, hash: [u8; 8], limit: u32) -> Found<Vec<OrderId>> {
    let query = sqlx::query("SELECT place, hashes FROM order_inputs WHERE instr(hashes, ?) > 0").bind(hash.to_vec());
    let mut orders = BTreeSet::new();
    for row in query.fetch_all(pool).await? {
        let place: i64 = row.try_get("place")?;
        let (inputs, rest) = row.try_get::<&[u8], _>("hashes")?.as_chunks::<INPUT_BYTES>();
        if !rest.is_empty() {
            return Err(damaged("inputs", place));
        }
        for input in inputs {
            if let Some((order, found)) = input.split_first_chunk::<8>()
                && found == hash
            {
                orders.insert(order_id(i64::from_be_bytes(*order))?);
            }
        }
    }
    Ok(orders
        .into_iter()
        .rev()
        .take(usize::try_from(limit).unwrap_or(usize::MAX))
        .collect())
}

pub(super) async fn history(pool: &SqlitePool, id: OrderId) -> Found<Vec<Recorded>> {
    let query = sqlx::query("SELECT number, at_ms, form_version, events FROM history WHERE order_id = ? ORDER BY number");
    let mut recorded = Vec::new();
    for row in query.bind(id.get()).fetch_all(pool).await? {
        let (first, at_ms): (u32, i64) = (row.try_get("number")?, row.try_get("at_ms")?);
        let (version, text): (i32, &str) = (row.try_get("form_version")?, row.try_get("events")?);
        let events = Event::upcast(version, text).map_err(|_| damaged("history", format!("{id}/{first}")))?;
        recorded.extend((first..).zip(events).map(|(number, event)| Recorded { number, at_ms, event }));
    }
    Ok(recorded)
}

pub(super) async fn links(pool: &SqlitePool, id: OrderId) -> Found<Vec<LinkKept>> {
    let query = sqlx::query("SELECT number, at_ms, link FROM history WHERE order_id = ? ORDER BY number");
    let rows = query.bind(id.get()).fetch_all(pool).await?;
    let links = rows.iter().map(|row| {
        let number: u32 = row.try_get("number")?;
        let link = Link::try_from(row.try_get::<&[u8], _>("link")?);
        Ok(LinkKept {
            number,
            at_ms: row.try_get("at_ms")?,
            link: link.map_err(|_| damaged("history", format!("{id}/{number}")))?,
        })
    });
    links.collect()
}

pub(super) async fn deliveries(pool: &SqlitePool, sealer: &Sealer, id: OrderId) -> Found<Vec<Delivery>> {
    let query = sqlx::query("SELECT number, sealed FROM history WHERE order_id = ? AND sealed IS NOT NULL ORDER BY number");
    let mut all = Vec::new();
    for row in query.bind(id.get()).fetch_all(pool).await? {
        let number = row.try_get("number")?;
        let unread = || damaged("delivery", format!("{id}/{number}"));
        let parcel = Opened::open(sealer, id, number, row.try_get("sealed")?).map_err(|_| unread())?;
        if let Some(delivered) = parcel.part(Part::Deliveries) {
            let more: Vec<Delivery> = serde_json::from_slice(delivered).map_err(|_| unread())?;
            all.extend(more);
        }
    }
    Ok(all)
}

const CALLBACK: &str = "SELECT order_id, number, history_number, shop_id, url, sealed, created_at_ms, state, due_at_ms, tries, last_result \
                        FROM outbox";

pub(super) async fn callbacks_of(pool: &SqlitePool, sealer: &Sealer, order: OrderId) -> Found<Vec<StoredCallback>> {
    let text = format!("{CALLBACK} WHERE order_id = ? ORDER BY number");
    let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(order.get());
    let rows = query.fetch_all(pool).await?;
    rows.iter().map(|row| callback_of(row, sealer)).collect()
}

/// The due ones are sorted by their index alone; only those that are returned are opened.
pub(super) async fn callbacks_due(pool: &SqlitePool, sealer: &Sealer, until_ms: i64, limit: u32) -> Found<Vec<StoredCallback>> {
    let text = format!(
        "{CALLBACK} WHERE (order_id, number) IN (SELECT order_id, number FROM callbacks WHERE state = 'due' AND due_at_ms <= ? \
         ORDER BY order_id, due_at_ms, number LIMIT ?) ORDER BY order_id, due_at_ms, number"
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(until_ms).bind(limit);
    let rows = query.fetch_all(pool).await?;
    rows.iter().map(|row| callback_of(row, sealer)).collect()
}

pub(super) async fn callbacks_parked(pool: &SqlitePool, sealer: &Sealer, limit: u32) -> Found<Vec<StoredCallback>> {
    let text = format!("{CALLBACK} WHERE state = 'parked' ORDER BY order_id, number LIMIT ?");
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(limit).fetch_all(pool).await?;
    rows.iter().map(|row| callback_of(row, sealer)).collect()
}

fn callback_of(row: &SqliteRow, sealer: &Sealer) -> Found<StoredCallback> {
    let order = order_id(row.try_get("order_id")?)?;
    let number = row.try_get("number")?;
    let id = words::callback_id(order, number);
    let (history_number, sealed): (u32, Option<&[u8]>) = (row.try_get("history_number")?, row.try_get("sealed")?);
    let parcel = sealed.and_then(|sealed| Opened::open(sealer, order, history_number, sealed).ok());
    let payload = parcel.as_ref().and_then(|parcel| parcel.part(Part::Callback(number)));
    let payload = payload.and_then(|payload| str::from_utf8(payload).ok()).map(str::to_owned);
    let state = match (row.try_get::<&str, _>("state")?, row.try_get::<Option<i64>, _>("due_at_ms")?) {
        ("due", Some(at_ms)) => CallbackState::Due(at_ms),
        ("delivered", None) => CallbackState::Delivered,
        ("parked", None) => CallbackState::Parked,
        _ => return Err(damaged("callback", id)),
    };
    Ok(StoredCallback {
        callback: Callback {
            order,
            shop: ShopId(row.try_get("shop_id")?),
            url: row.try_get("url")?,
            payload: payload.ok_or_else(|| damaged("callback", &id))?,
            created_at_ms: row.try_get("created_at_ms")?,
            id,
        },
        state,
        tries: row.try_get("tries")?,
        last_result: row.try_get("last_result")?,
    })
}

pub(super) async fn schedule(pool: &SqlitePool, after: Option<ScheduleCursor>, limit: u32) -> Found<Vec<ScheduleCursor>> {
    let (at_ms, order) = after.map_or((i64::MIN, -1), |after| (after.at_ms, after.order.get()));
    let query = sqlx::query(
        "SELECT next_action_at_ms, id FROM orders WHERE next_action_at_ms IS NOT NULL AND (next_action_at_ms, id) > (?, ?) \
         ORDER BY next_action_at_ms, id LIMIT ?",
    );
    let rows = query.bind(at_ms).bind(order).bind(limit).fetch_all(pool).await?;
    let cursors = rows.iter().map(|row| {
        Ok(ScheduleCursor {
            at_ms: row.try_get("next_action_at_ms")?,
            order: order_id(row.try_get("id")?)?,
        })
    });
    cursors.collect()
}

pub(super) async fn orders_from(pool: &SqlitePool, from: OrderId, limit: u32) -> Found<Vec<OrderId>> {
    let query = sqlx::query("SELECT id FROM orders WHERE id >= ? ORDER BY id DESC LIMIT ?");
    let rows = query.bind(from.get()).bind(limit).fetch_all(pool).await?;
    rows.iter().map(|row| order_id(row.try_get("id")?)).collect()
}

/// What never left and what was refused is told apart by the order's history: the row says only that it
/// is dead, the latest proof says why.
pub(super) async fn had(pool: &SqlitePool, supplier: SupplierId, first: OrderId, from_ms: i64, until_ms: i64) -> Found<Had> {
    let query = sqlx::query(
        "WITH opened AS (SELECT a.cost_minor, CASE a.state WHEN 'dead' THEN (SELECT e.value ->> '$.type' FROM history AS h \
         JOIN json_each(h.events) AS e WHERE h.order_id = a.order_id AND e.value ->> '$.seq' = a.seq AND e.value ->> '$.type' IN \
         ('attempt_refused', 'attempt_not_sent', 'attempt_assumed_dead', 'attempt_given_up') ORDER BY h.number DESC, e.key DESC LIMIT 1) \
         END AS proof FROM attempts AS a WHERE a.order_id >= ? AND a.opened_at_ms >= ? AND a.opened_at_ms < ? AND a.supplier = ?) \
         SELECT COUNT(*) AS orders, COALESCE(SUM(CASE proof WHEN 'attempt_refused' THEN 0 ELSE cost_minor END), 0) AS cost_minor \
         FROM opened WHERE proof IS NOT 'attempt_not_sent'",
    );
    let query = query
        .bind(first.get())
        .bind(from_ms)
        .bind(until_ms)
        .bind(supplier.as_str().to_owned());
    let row = query.fetch_one(pool).await?;
    let orders: i64 = row.try_get("orders")?;
    Ok(Had {
        orders: u64::try_from(orders).unwrap_or(0),
        cost_minor: row.try_get("cost_minor")?,
    })
}

pub(super) async fn sent_since(pool: &SqlitePool, supplier: SupplierId, first: OrderId, from_ms: i64) -> Found<Vec<SentAt>> {
    let query = sqlx::query(
        "SELECT t.order_id, MAX(t.stamped_at_ms) AS at_ms FROM transmissions AS t \
         JOIN attempts AS a ON a.order_id = t.order_id AND a.seq = t.seq \
         WHERE t.order_id >= ? AND t.stamped_at_ms >= ? AND a.supplier = ? GROUP BY t.order_id ORDER BY at_ms, t.order_id",
    );
    let query = query.bind(first.get()).bind(from_ms).bind(supplier.as_str().to_owned());
    let rows = query.fetch_all(pool).await?;
    let sent = rows.iter().map(|row| {
        Ok(SentAt {
            order: order_id(row.try_get("order_id")?)?,
            at_ms: row.try_get("at_ms")?,
        })
    });
    sent.collect()
}

pub(super) async fn balance(pool: &SqlitePool, shop: ShopId, currency: Currency) -> Found<ShopBalance> {
    let (available, held) = (Account::ShopAvailable(shop).to_string(), Account::ShopHeld(shop).to_string());
    let query = sqlx::query(
        "SELECT (SELECT balance_minor FROM accounts WHERE account = ? AND currency = ?) AS available, \
         (SELECT balance_minor FROM accounts WHERE account = ? AND currency = ?) AS held",
    );
    let query = query.bind(available).bind(currency.code()).bind(held).bind(currency.code());
    let row = query.fetch_one(pool).await?;
    let money = |minor: Option<i64>| Money::new(minor.unwrap_or(0), currency);
    Ok(ShopBalance {
        available: money(row.try_get("available")?),
        held: money(row.try_get("held")?),
    })
}

pub(super) async fn balances(pool: &SqlitePool) -> Found<Vec<AccountBalance>> {
    let rows = sqlx::query("SELECT account, currency, balance_minor FROM accounts")
        .fetch_all(pool)
        .await?;
    let balances = rows.iter().map(|row| {
        let account: &str = row.try_get("account")?;
        Ok(AccountBalance {
            account: words::account(account).ok_or_else(|| damaged("account", account))?,
            currency: Currency::from_code(row.try_get("currency")?).ok_or_else(|| damaged("account", account))?,
            minor: row.try_get("balance_minor")?,
        })
    });
    let mut balances: Vec<AccountBalance> = balances.collect::<Found<_>>()?;
    balances.sort_by(|a, b| (&a.account, a.currency).cmp(&(&b.account, b.currency)));
    Ok(balances)
}

pub(super) async fn case(pool: &SqlitePool, key: String) -> Found<Option<StoredCase>> {
    let query = sqlx::query("SELECT key, kind, order_id, risk_minor, risk_currency, opened_at_ms, closed_at_ms FROM cases WHERE key = ?");
    let row = query.bind(key).fetch_optional(pool).await?;
    row.as_ref().map(case_of).transpose()
}

pub(super) async fn open_cases(pool: &SqlitePool, limit: u32) -> Found<Vec<StoredCase>> {
    let query = sqlx::query(
        "SELECT key, kind, order_id, risk_minor, risk_currency, opened_at_ms, closed_at_ms FROM cases \
         WHERE closed_at_ms IS NULL ORDER BY opened_at_ms, key LIMIT ?",
    );
    let rows = query.bind(limit).fetch_all(pool).await?;
    rows.iter().map(case_of).collect()
}

fn case_of(row: &SqliteRow) -> Found<StoredCase> {
    let key: String = row.try_get("key")?;
    let order: Option<i64> = row.try_get("order_id")?;
    let risk: Option<i64> = row.try_get("risk_minor")?;
    let currency: Option<&str> = row.try_get("risk_currency")?;
    let at_risk = match (risk, currency) {
        (Some(minor), Some(code)) => Some(Money::new(minor, Currency::from_code(code).ok_or_else(|| damaged("case", &key))?)),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(damaged("case", key)),
    };
    Ok(StoredCase {
        case: NewCase {
            kind: case_kind(row.try_get("kind")?).ok_or_else(|| damaged("case", &key))?,
            order: order.map(order_id).transpose()?,
            at_risk,
            opened_at_ms: row.try_get("opened_at_ms")?,
            key,
        },
        closed_at_ms: row.try_get("closed_at_ms")?,
    })
}

/// Counts over partial indexes where one fits; the two totals walk the smallest index of their table.
pub(super) async fn census(pool: &SqlitePool) -> Found<Census> {
    let query = sqlx::query(
        "SELECT (SELECT count(*) FROM orders) AS orders, \
         (SELECT count(*) FROM orders WHERE next_action_at_ms IS NOT NULL AND finished_at_ms IS NULL) AS scheduled, \
         (SELECT count(*) FROM orders WHERE finished_at_ms IS NULL AND next_action_at_ms IS NULL) AS unscheduled, \
         (SELECT count(*) FROM orders AS o WHERE finished_at_ms IS NULL AND next_action_at_ms IS NULL \
            AND NOT EXISTS (SELECT 1 FROM cases AS c WHERE c.order_id = o.id AND c.closed_at_ms IS NULL)) AS lost, \
         (SELECT count(*) FROM callbacks) AS callbacks, \
         (SELECT count(*) FROM callbacks WHERE state = 'due') AS due, \
         (SELECT count(*) FROM callbacks WHERE state = 'parked') AS parked, \
         (SELECT count(*) FROM cases WHERE closed_at_ms IS NULL) AS cases",
    );
    let row = query.fetch_one(pool).await?;
    let count = |column: &str| row.try_get::<i64, _>(column).map(|count| u64::try_from(count).unwrap_or(0));
    let (due, parked) = (count("due")?, count("parked")?);
    Ok(Census {
        orders: count("orders")?,
        open_orders: count("scheduled")?.saturating_add(count("unscheduled")?),
        lost_orders: count("lost")?,
        callbacks_due: due,
        callbacks_delivered: count("callbacks")?.saturating_sub(due).saturating_sub(parked),
        callbacks_parked: parked,
        open_cases: count("cases")?,
    })
}

pub(super) async fn settings(pool: &SqlitePool, digest: SettingsDigest) -> Found<Option<String>> {
    let query = sqlx::query("SELECT body FROM supplier_settings WHERE digest = ?");
    let row = query.bind(digest.as_str().to_owned()).fetch_optional(pool).await?;
    Ok(row.map(|row| row.try_get("body")).transpose()?)
}

pub(super) fn order_id(raw: i64) -> Found<OrderId> {
    OrderId::from_stored(raw).ok_or_else(|| damaged("order", raw))
}
