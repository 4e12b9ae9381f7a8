//! Steering at work: the published document, what was seen of the suppliers, and the plans made of both.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::House;
use super::gossip::Gossip;
use super::shelf::Shelf;
use super::standing::Standing;
use crate::domain::attempt::Attempt;
use crate::domain::ids::{OrderId, SupplierId};
use crate::domain::order::Terms;
use crate::domain::plan::Plan;
use crate::domain::steering::Steering;
use crate::ratelimit::Waiting;
use crate::router::{self, HealthBook, Sighting, View};

/// What steers this process.
#[derive(Default)]
pub(super) struct Steer {
    pub(super) published: Mutex<Arc<Published>>,
    pub(super) health: Mutex<HealthBook>,
    pub(super) gossip: Gossip,
    /// Held by whoever publishes.
    pub(super) publishing: tokio::sync::Mutex<()>,
}

/// The steering document in force, with its version; 0 is the one that is built in.
#[derive(Debug, Default)]
pub(super) struct Published {
    pub(super) version: u32,
    pub(super) document: Steering,
}

impl House {
    /// Who may be tried for an order now.
    pub(super) fn plan(&self, id: OrderId, terms: &Terms, attempts: &[Attempt], shelf: &Shelf, standing: &Standing) -> Plan {
        let published = self.published();
        let (shop, draw) = (shelf.shop_key(terms.shop), id.get().unsigned_abs());
        self.planned(&published.document, published.version, terms, attempts, shop, draw, shelf, standing)
    }

    /// The same under any document.
    #[expect(clippy::too_many_arguments, reason = "everything that a plan depends on, each named once")]
    pub(super) fn planned(
        &self,
        steering: &Steering,
        version: u32,
        terms: &Terms,
        attempts: &[Attempt],
        shop: &str,
        draw: u64,
        shelf: &Shelf,
        standing: &Standing,
    ) -> Plan {
        let waits_ms = self.waits_ms(terms, shelf);
        let health = self.steer.health.lock().unwrap_or_else(PoisonError::into_inner);
        let view = View {
            suppliers: &standing.view,
            steering,
            version,
            health: &health,
            waits_ms: &waits_ms,
            shop,
            policy: &self.parts.policy,
            draw,
            now_ms: self.now_ms(),
        };
        router::route(terms, attempts, shelf.offers(&terms.sku), &view)
    }

    /// How long a submit to the product's suppliers is estimated to wait; those where none need wait are left out.
    fn waits_ms(&self, terms: &Terms, shelf: &Shelf) -> BTreeMap<SupplierId, u64> {
        let offers = shelf.offers(&terms.sku).iter();
        let queues = offers
            .filter_map(|offer| self.parts.suppliers.get(&offer.supplier))
            .filter(|supplier| supplier.lane.may_wait());
        queues
            .map(|supplier| (supplier.adapter.id().clone(), supplier.lane.estimated_wait_ms()))
            .collect()
    }

    /// An order in a supplier's queue.
    pub(super) fn waiting(&self, order: OrderId, terms: &Terms) -> Waiting {
        let published = self.published();
        let steered = published.document.shop.get(self.shelf().shop_key(terms.shop));
        Waiting {
            order,
            shop: terms.shop,
            weight: steered.map_or(1, |shop| shop.weight),
            deadline_ms: terms.deadline_ms,
        }
    }

    /// Takes in what was seen of the suppliers, here or elsewhere.
    pub(super) fn notice(&self, seen: &[Sighting]) {
        if seen.is_empty() {
            return;
        }
        let published = self.published();
        let mut health = self.steer.health.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().for_each(|sighting| health.learn(sighting, &published.document));
    }

    pub(super) fn published(&self) -> Arc<Published> {
        Arc::clone(&self.steer.published.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
