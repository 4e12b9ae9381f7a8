//! The latest orders that a supplier has taken and will notify us about, as they were committed here: its
//! notification then needs no read.
//!
//! Nothing rests on this. A decision names the version it was made on, and one that the order has outgrown is
//! not written and made again on what the store has; a refusal writes nothing, so whoever gets one on an order
//! from here asks the store before believing it. Bounded, lost with the process, and each order is given once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::ids::OrderId;
use crate::domain::order::Order;
use crate::domain::recipient::Inputs;

/// Of more than these, the oldest are read from the store. Some 2 KB each.
const MOST: usize = 4_096;

#[derive(Default)]
pub(super) struct Recent(Mutex<BTreeMap<OrderId, (Arc<Order>, Inputs)>>);

impl Recent {
    fn all(&self) -> MutexGuard<'_, BTreeMap<OrderId, (Arc<Order>, Inputs)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps an order as it was just committed.
    pub(super) fn keep(&self, order: Arc<Order>, inputs: Inputs) {
        let mut all = self.all();
        all.insert(order.id, (order, inputs));
        if all.len() > MOST {
            all.pop_first();
        }
    }

    /// Gives the order away: it is about to change.
    pub(super) fn take(&self, order: OrderId) -> Option<(Arc<Order>, Inputs)> {
        self.all().remove(&order)
    }
}
