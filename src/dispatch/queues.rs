//! The suppliers' queues: how long they are, who goes into one, and who has waited there too long.

use std::collections::BTreeMap;

use super::shelf::Shelf;
use super::{House, Supplier};
use crate::domain::ids::{OrderId, SupplierId};
use crate::domain::order::{Order, Terms};
use crate::ratelimit::Waiting;
use crate::router::Load;

/// Nobody who waits is planned anew sooner than this.
const LEAST_PATIENCE_MS: i64 = 1_000;

impl House {
    /// How busy the product's suppliers are; those with nothing to say are left out.
    pub(super) fn loads(&self, terms: &Terms, recipient: Option<u64>, shelf: &Shelf) -> BTreeMap<SupplierId, Load> {
        let offers = shelf.offers(&terms.sku).iter();
        let suppliers = offers.filter_map(|offer| self.parts.suppliers.get(&offer.supplier));
        suppliers
            .filter_map(|supplier| Some((supplier.adapter.id().clone(), self.load(supplier, recipient)?)))
            .collect()
    }

    fn load(&self, supplier: &Supplier, recipient: Option<u64>) -> Option<Load> {
        let lane = &supplier.lane;
        if lane.is_free() {
            return None;
        }
        let now_ms = self.now_ms();
        let day = supplier.day(now_ms);
        let left = lane.left(day, recipient);
        let recipient_in_ms = i64::try_from(left.recipient_in.as_millis()).unwrap_or(i64::MAX);
        Some(Load {
            wait_ms: lane.estimated_wait_ms(),
            orders_left: left.orders,
            cost_left_minor: left.cost_minor,
            day_ends_ms: day.ends_ms,
            recipient_until_ms: now_ms.saturating_add(recipient_in_ms),
        })
    }

    /// Puts an order into a supplier's queue. If its turn does not come when it should have, it is planned anew,
    /// and at its deadline: what the estimate stood on has changed then, and another may be faster. Who has
    /// waited long looks less often, so that a long queue is not gone through over and over.
    pub(super) fn queue(&self, supplier: &Supplier, order: &Order) {
        let (now_ms, deadline_ms) = (self.now_ms(), order.terms.deadline_ms);
        let wait_ms = i64::try_from(supplier.lane.estimated_wait_ms()).unwrap_or(i64::MAX);
        supplier.lane.enqueue(self.waiting(order.id, &order.terms));
        let waited_ms = now_ms.saturating_sub(order.accepted_at_ms);
        let patience_ms = wait_ms.saturating_add(wait_ms.max(waited_ms) / 4).saturating_add(LEAST_PATIENCE_MS);
        self.schedule
            .set(order.id, Some(now_ms.saturating_add(patience_ms).min(deadline_ms)));
    }

    /// Takes an order out of all queues but this supplier's.
    pub(super) fn leave_queues(&self, order: OrderId, but: Option<&Supplier>) {
        let others = self
            .parts
            .suppliers
            .values()
            .filter(|other| but.is_none_or(|but| but.adapter.id() != other.adapter.id()));
        others.for_each(|other| {
            other.lane.forget(order);
        });
    }

    /// An order in a supplier's queue.
    fn waiting(&self, order: OrderId, terms: &Terms) -> Waiting {
        let published = self.published();
        let steered = published.document.shop.get(self.shelf().shop_key(terms.shop));
        Waiting {
            order,
            shop: terms.shop,
            weight: steered.map_or(1, |shop| shop.weight),
            deadline_ms: terms.deadline_ms,
        }
    }
}
