//! The schedule in memory: when each order is looked at next. A mirror of `next_action_at` in the
//! store, fed by every commit of this process and read from the store at start; losing it loses
//! nothing. About 60 bytes an order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::domain::ids::OrderId;

#[derive(Default)]
pub(super) struct Schedule {
    times: Mutex<Times>,
    changed: Notify,
}

#[derive(Default)]
struct Times {
    by_time: BTreeSet<(i64, OrderId)>,
    of: BTreeMap<OrderId, i64>,
}

impl Schedule {
    /// Schedules `order` at `at_ms`, replacing what was there; `None` takes it off.
    pub(super) fn set(&self, order: OrderId, at_ms: Option<i64>) {
        let is_first = {
            let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(old_ms) = times.of.remove(&order) {
                times.by_time.remove(&(old_ms, order));
            }
            if let Some(at_ms) = at_ms {
                times.of.insert(order, at_ms);
                times.by_time.insert((at_ms, order));
            }
            times.by_time.first().is_some_and(|(_, first)| *first == order)
        };
        if is_first {
            self.changed.notify_one();
        }
    }

    /// Schedules `order` only if it is not known here.
    pub(super) fn set_if_absent(&self, order: OrderId, at_ms: i64) {
        let is_known = self.times.lock().unwrap_or_else(PoisonError::into_inner).of.contains_key(&order);
        if !is_known {
            self.set(order, Some(at_ms));
        }
    }

    /// Takes off and returns what is due, oldest first, at most `limit`.
    pub(super) fn take_due(&self, now_ms: i64, limit: usize) -> Vec<OrderId> {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due = Vec::new();
        while due.len() < limit {
            match times.by_time.first().copied() {
                Some((at_ms, order)) if at_ms <= now_ms => {
                    times.by_time.remove(&(at_ms, order));
                    times.of.remove(&order);
                    due.push(order);
                }
                Some(_) | None => break,
            }
        }
        due
    }

    /// When the next order is due, UTC milliseconds.
    pub(super) fn next_ms(&self) -> Option<i64> {
        self.times
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .by_time
            .first()
            .map(|(at_ms, _)| *at_ms)
    }

    /// Completes when the first entry may have changed.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    pub(super) fn wake(&self) {
        self.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_time_of_an_order_is_the_only_one() {
        let schedule = Schedule::default();
        let (a, b) = (OrderId::from_stored(1).unwrap(), OrderId::from_stored(2).unwrap());
        schedule.set(a, Some(10));
        schedule.set(b, Some(20));
        schedule.set(a, Some(30));
        schedule.set_if_absent(b, 5);
        assert_eq!(schedule.take_due(25, 10), [b]);
        assert_eq!(schedule.take_due(25, 10), []);
        assert_eq!(schedule.next_ms(), Some(30));
        schedule.set(a, None);
        assert_eq!(schedule.next_ms(), None);
    }
}
