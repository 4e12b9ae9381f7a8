//! Orders in hand: one worker at a time keeps the schedule tidy (safety does not rest on it).
//!
//! Whoever comes for an order that is in hand goes away again; that somebody came is remembered, and
//! when the hand opens the order is looked at once more. So nobody polls, and nothing waits longer
//! than it must. A holder that only waits for a permit can be rung to let go.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::House;
use crate::domain::ids::OrderId;

#[derive(Default)]
pub(super) struct Hands(Mutex<BTreeMap<OrderId, Arc<Held>>>);

#[derive(Default)]
struct Held {
    is_wanted: AtomicBool,
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
    /// Takes an order in hand; if somebody has it, it is looked at again when that one lets go.
    pub(super) fn take(self: &Arc<Self>, order: OrderId) -> Option<Hand> {
        let mut all = self.hands.all();
        if let Some(held) = all.get(&order) {
            held.is_wanted.store(true, Ordering::Relaxed);
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
            self.house.look_again(self.order, 0);
        }
    }
}
