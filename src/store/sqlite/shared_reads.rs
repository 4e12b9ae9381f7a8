//! Orders that are asked for at the same time are read by one statement.
//!
//! Reading one order costs more in threads waking each other than in SQLite. So one task takes
//! whoever waits, asks once, and answers each; a lone reader waits for nobody. Invariant: a
//! statement begins after everybody it answers has asked, so each sees every commit that was
//! answered before. If the statement fails, each asks again alone and hears of its own trouble.

use std::collections::BTreeMap;
use std::sync::Arc;

use sqlx::sqlite::SqlitePool;
use tokio::sync::{mpsc, oneshot};

use super::orders::{self, Kept};
use super::reads::{Unread, damaged};
use crate::domain::ids::OrderId;

/// Most orders read by one statement.
const MOST: usize = 128;
/// Most who may wait; more read alone.
pub(super) const QUEUE: usize = 1_024;

/// Somebody who wants an order.
pub(super) struct Ask {
    order: OrderId,
    reply: oneshot::Sender<Option<Arc<Kept>>>,
}

/// What is kept of the order, read together with whatever else is being asked for.
pub(super) async fn kept(asks: &mpsc::Sender<Ask>, pool: &SqlitePool, order: OrderId) -> Result<Option<Arc<Kept>>, Unread> {
    let (reply, answer) = oneshot::channel();
    if asks.try_send(Ask { order, reply }).is_ok()
        && let Ok(kept) = answer.await
    {
        return Ok(kept);
    }
    let mut alone = together(pool, &[order.get()]).await?;
    Ok(alone.remove(&order).map(Arc::new))
}

/// Answers until nobody can ask any more.
pub(super) async fn run(mut asks: mpsc::Receiver<Ask>, pool: SqlitePool) {
    let mut waiting = Vec::with_capacity(MOST);
    while asks.recv_many(&mut waiting, MOST).await > 0 {
        let ids: Vec<i64> = waiting.iter().map(|ask: &Ask| ask.order.get()).collect();
        match together(&pool, &ids).await {
            Ok(found) => {
                let found: BTreeMap<OrderId, Arc<Kept>> = found.into_iter().map(|(id, kept)| (id, Arc::new(kept))).collect();
                for ask in waiting.drain(..) {
                    // Whoever no longer waits has lost nothing but the answer.
                    let _ = ask.reply.send(found.get(&ask.order).cloned());
                }
            }
            // Dropping the replies sends each to read alone.
            Err(_) => waiting.clear(),
        }
    }
}

async fn together(pool: &SqlitePool, ids: &[i64]) -> Result<BTreeMap<OrderId, Kept>, Unread> {
    metrics::counter!("recharge_store_statements_total").increment(1);
    let ids = serde_json::to_string(ids).map_err(|_| damaged("order", "list"))?;
    orders::with_ids(pool, ids).await
}
