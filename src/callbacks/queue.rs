//! Who is served next: fair over shops, in order within an order, bounded everywhere.
//!
//! Pure bookkeeping. The queue holds what was read from the outbox and what is being told right now,
//! and forgets everything else: the outbox is the truth, so whatever is dropped here is read again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;

use crate::domain::ids::{OrderId, ShopId};
use crate::store::{Fresh, StoredCallback};

/// Rows of one shop kept in memory; more are read when these are gone.
const LINE_LENGTH: usize = 1_024;

#[derive(Debug, Default)]
struct Line {
    waiting: VecDeque<Fresh>,
    in_flight: usize,
    is_failing: bool,
}

impl Line {
    /// Whether something waits and a slot is free; a failing shop has one.
    fn can_go(&self, per_shop: usize) -> bool {
        let slots = if self.is_failing { 1 } else { per_shop.max(1) };
        !self.waiting.is_empty() && self.in_flight < slots
    }
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    lines: BTreeMap<ShopId, Line>,
    known: BTreeSet<String>,
    busy: BTreeSet<OrderId>,
    later: BTreeMap<String, i64>,
    alarms: BTreeSet<(i64, String)>,
    served: Option<ShopId>,
    in_flight: usize,
}

impl Queue {
    /// Takes in a row of the outbox; others of its order may lie there still.
    pub(super) fn offer(&mut self, row: StoredCallback, now_ms: i64) {
        self.offer_fresh(Fresh { row, is_first: false }, now_ms);
    }

    /// Takes in a row, unless it is here already, must wait, or finds its shop's line full.
    pub(super) fn offer_fresh(&mut self, fresh: Fresh, now_ms: i64) {
        let callback = &fresh.row.callback;
        let id = &callback.id;
        let must_wait = self.later.get(id).is_some_and(|until_ms| *until_ms > now_ms);
        if must_wait || self.known.contains(id) {
            return;
        }
        let line = self.lines.entry(callback.shop).or_default();
        if line.waiting.len() < LINE_LENGTH {
            self.known.insert(id.clone());
            line.waiting.push_back(fresh);
        }
    }

    /// The next callback to send, taken from the shop that has waited longest for its turn.
    pub(super) fn next(&mut self, per_shop: usize, total: usize) -> Option<Fresh> {
        if self.in_flight >= total {
            return None;
        }
        let after = self.served.map_or(Bound::Unbounded, Bound::Excluded);
        let can_go = |(shop, line): (&ShopId, &Line)| line.can_go(per_shop).then_some(*shop);
        let later = self.lines.range((after, Bound::Unbounded)).filter_map(can_go);
        let earlier = self.lines.iter().filter_map(can_go);
        let turn: Vec<ShopId> = later.chain(earlier).collect();
        turn.into_iter().find_map(|shop| self.take(shop, per_shop))
    }

    fn take(&mut self, shop: ShopId, per_shop: usize) -> Option<Fresh> {
        let line = self.lines.get_mut(&shop)?;
        if !line.can_go(per_shop) {
            return None;
        }
        let place = line
            .waiting
            .iter()
            .position(|fresh| !self.busy.contains(&fresh.row.callback.order))?;
        let fresh = line.waiting.remove(place)?;
        line.in_flight = line.in_flight.saturating_add(1);
        self.in_flight = self.in_flight.saturating_add(1);
        self.busy.insert(fresh.row.callback.order);
        self.served = Some(shop);
        Some(fresh)
    }

    /// The shop's slot is free again; `succeeded` is absent if nothing was sent.
    pub(super) fn answered(&mut self, shop: ShopId, succeeded: Option<bool>) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Some(line) = self.lines.get_mut(&shop) {
            line.in_flight = line.in_flight.saturating_sub(1);
            line.is_failing = succeeded.map_or(line.is_failing, |succeeded| !succeeded);
            if line.in_flight == 0 && line.waiting.is_empty() && !line.is_failing {
                self.lines.remove(&shop);
            }
        }
    }

    /// What came of the try is written down; until `not_before_ms` the row is not taken in again.
    pub(super) fn settled(&mut self, id: &str, order: OrderId, not_before_ms: Option<i64>) {
        self.known.remove(id);
        self.busy.remove(&order);
        if let Some(until_ms) = not_before_ms {
            self.later.insert(id.to_owned(), until_ms);
            self.alarms.insert((until_ms, id.to_owned()));
        }
    }

    /// When the next wait known here is over. Waits that are over already are forgotten.
    pub(super) fn next_due_ms(&mut self, now_ms: i64) -> Option<i64> {
        while self.alarms.first().is_some_and(|(at_ms, _)| *at_ms <= now_ms) {
            if let Some((_, id)) = self.alarms.pop_first() {
                self.later.remove(&id);
            }
        }
        self.alarms.first().map(|(at_ms, _)| *at_ms)
    }

    /// Rows held here, in a line or at work.
    pub(super) fn held(&self) -> usize {
        self.known.len()
    }

    /// Whether nothing is being sent or written down.
    pub(super) fn is_idle(&self) -> bool {
        self.in_flight == 0 && self.busy.is_empty()
    }
}
