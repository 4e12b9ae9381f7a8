//! Orders as they are read: what an order is, its history says; its row adds only what is no fact, when to
//! look at it next and for what.
//!
//! Invariants: row and history come from one statement, so from one moment; an order whose row counts other
//! events than its history has is damaged, and nobody acts on it.

use std::collections::BTreeMap;

use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{AssertSqlSafe, Row};

use super::reads::{Unread, damaged, order_id};
use crate::domain::event::Event;
use crate::domain::evolve::evolve;
use crate::domain::ids::{OrderId, ShopId, ShopOrderNo};
use crate::domain::order::{NextAction, Order};
use crate::domain::recipient::Inputs;
use crate::store::seal::Sealer;

/// One row a commit of the orders wanted.
const KEPT: &str = "SELECT o.id, o.version, o.next_action_at_ms, o.next_step, o.sealed_inputs, h.at_ms, h.form_version, h.events \
                    FROM orders AS o LEFT JOIN history AS h ON h.order_id = o.id WHERE";
/// Order by order, and each in the order of its history.
const IN_ORDER: &str = "ORDER BY o.id, h.number";

/// What is kept of an order, as it lies there.
pub(super) struct Kept {
    version: u32,
    next_action_at_ms: Option<i64>,
    next_step: Option<String>,
    sealed_inputs: Option<Vec<u8>>,
    history: Vec<Commit>,
}

/// What one commit made of the order.
struct Commit {
    at_ms: i64,
    form_version: i32,
    events: String,
}

/// What is kept of the orders with these ids, a JSON array.
pub(super) async fn with_ids(pool: &SqlitePool, ids: String) -> Result<BTreeMap<OrderId, Kept>, Unread> {
    let text = format!("{KEPT} o.id IN (SELECT value FROM json_each(?)) {IN_ORDER}");
    gather(&sqlx::query(AssertSqlSafe(text)).bind(ids).fetch_all(pool).await?)
}

pub(super) async fn with_number(pool: &SqlitePool, shop: ShopId, number: ShopOrderNo) -> Result<Option<Order>, Unread> {
    let text = format!("{KEPT} o.shop_id = ? AND o.shop_order_no = ? {IN_ORDER}");
    let query = sqlx::query(AssertSqlSafe(text)).bind(shop.0).bind(number.as_str().to_owned());
    let found = gather(&query.fetch_all(pool).await?)?.pop_first();
    found.map(|(id, kept)| kept.order(id)).transpose()
}

fn gather(rows: &[SqliteRow]) -> Result<BTreeMap<OrderId, Kept>, Unread> {
    let mut found: BTreeMap<OrderId, Kept> = BTreeMap::new();
    for row in rows {
        let id = order_id(row.try_get("id")?)?;
        // An order without a history has one row of NULL.
        let events = row.try_get::<Option<String>, _>("events")?;
        let commit = events.ok_or_else(|| damaged("order", id)).and_then(|events| {
            Ok(Commit {
                at_ms: row.try_get("at_ms")?,
                form_version: row.try_get("form_version")?,
                events,
            })
        })?;
        match found.get_mut(&id) {
            Some(kept) => kept.history.push(commit),
            None => {
                let kept = Kept {
                    version: row.try_get("version")?,
                    next_action_at_ms: row.try_get("next_action_at_ms")?,
                    next_step: row.try_get("next_step")?,
                    sealed_inputs: row.try_get("sealed_inputs")?,
                    history: vec![commit],
                };
                found.insert(id, kept);
            }
        }
    }
    Ok(found)
}

impl Kept {
    /// The order that the history makes.
    pub(super) fn order(&self, id: OrderId) -> Result<Order, Unread> {
        let mut order = None;
        for commit in &self.history {
            let events = Event::upcast(commit.form_version, &commit.events).map_err(|_| damaged("history of order", id))?;
            order = events.iter().fold(order, |order, event| evolve(order, event, commit.at_ms));
        }
        let made = order.filter(|order: &Order| order.version == self.version && order.id == id);
        let mut order = made.ok_or_else(|| damaged("order", id))?;
        order.next_action = next_action(self.next_action_at_ms, self.next_step.as_deref()).map_err(|()| damaged("order", id))?;
        Ok(order)
    }

    /// What the buyer entered.
    pub(super) fn inputs(&self, sealer: &Sealer, id: OrderId) -> Result<Option<Inputs>, Unread> {
        let Some(sealed) = &self.sealed_inputs else {
            return Ok(None);
        };
        let open = sealer
            .open("orders", &id.to_string(), sealed)
            .map_err(|_| damaged("inputs of order", id))?;
        serde_json::from_slice(&open).map(Some).map_err(|_| damaged("inputs of order", id))
    }
}

/// What comes next, out of its two columns.
fn next_action(at_ms: Option<i64>, step: Option<&str>) -> Result<Option<NextAction>, ()> {
    match (at_ms, step) {
        (Some(at_ms), Some(step)) => {
            let step = serde_json::from_str(step).map_err(|_| ())?;
            Ok(Some(NextAction { at_ms, step }))
        }
        (None, None) => Ok(None),
        (Some(_), None) | (None, Some(_)) => Err(()),
    }
}
