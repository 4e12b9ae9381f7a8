//! Shops that wait for a verdict on an open connection (`Prefer: wait`).

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::domain::ids::OrderId;

#[derive(Default)]
pub(super) struct Verdicts {
    waiting: Mutex<BTreeMap<OrderId, Vec<oneshot::Sender<()>>>>,
}

impl Verdicts {
    /// A receiver that completes when the order's verdict is committed by this process.
    pub(super) fn watch(&self, order: OrderId) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let watchers = waiting.entry(order).or_default();
        watchers.retain(|watcher| !watcher.is_closed());
        watchers.push(sender);
        receiver
    }

    /// Wakes everybody who waits for this order.
    pub(super) fn reached(&self, order: OrderId) {
        let watchers = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&order);
        for watcher in watchers.unwrap_or_default() {
            // A shop that hung up is no concern of the order.
            let _ = watcher.send(());
        }
    }

    /// Lets everybody go who waits, for nothing more will be decided here.
    pub(super) fn let_go(&self) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Forgets watchers of an order that hung up.
    pub(super) fn tidy(&self, order: OrderId) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let is_empty = waiting.get_mut(&order).is_some_and(|watchers| {
            watchers.retain(|watcher| !watcher.is_closed());
            watchers.is_empty()
        });
        if is_empty {
            waiting.remove(&order);
        }
    }
}
