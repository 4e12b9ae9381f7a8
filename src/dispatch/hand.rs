//! Orders in hand: one worker at a time keeps the schedule tidy (safety does not rest on it).
//!
//! Whoever comes for an order that is in hand goes away again; that somebody came is remembered, and
//! when the hand opens the order is looked at once more. So nobody polls, and nothing waits longer
//! than it must. A holder that only waits for a permit can be rung to let go.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::House;
use crate::domain::ids::OrderId;

#[derive(Default)]
pub(super) struct Hands(Mutex<BTreeMap<OrderId, Arc<Held>>>);

#[derive(Default)]
struct Held {
    is_wanted: AtomicBool,
    /// The latest moment that had come for one who went away again, UTC milliseconds.
    due_ms: AtomicI64,
    bell: Notify,
}

/// An order in hand; free again when dropped.
pub(super) struct Hand {
    house: Arc<House>,
    order: OrderId,
    held: Arc<Held>,
}

impl Hands {
    fn all(&self) -> MutexGuard<'_, BTreeMap<OrderId, Arc<Held>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody has it.
    pub(super) fn hold(&self, order: OrderId) -> bool {
        self.all().contains_key(&order)
    }

    /// Something new is known of the order: whoever has it and only waits should look again.
    pub(super) fn ring(&self, order: OrderId) {
        if let Some(held) = self.all().get(&order) {
            held.is_wanted.store(true, Ordering::Relaxed);
            held.bell.notify_one();
        }
    }
}

impl House {
    /// Takes an order in hand; if somebody has it, it is looked at again when that one lets go, as
    /// due since `due_ms`.
    pub(super) fn take(self: &Arc<Self>, order: OrderId, due_ms: i64) -> Option<Hand> {
        let mut all = self.hands.all();
        if let Some(held) = all.get(&order) {
            held.is_wanted.store(true, Ordering::Relaxed);
            held.due_ms.fetch_max(due_ms, Ordering::Relaxed);
            return None;
        }
        let held = Arc::new(Held::default());
        all.insert(order, Arc::clone(&held));
        Some(Hand {
            house: Arc::clone(self),
            order,
            held,
        })
    }
}

impl Hand {
    /// Completes when the order was rung for.
    pub(super) async fn rung(&self) {
        self.held.bell.notified().await;
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.house.hands.all().remove(&self.order);
        if self.held.is_wanted.load(Ordering::Relaxed) {
            // What had come stays so, whatever became of the wall clock meanwhile.
            let due_ms = self.held.due_ms.load(Ordering::Relaxed);
            self.house.schedule.set_due(self.order, due_ms);
        }
    }
}
