//! Steering at work: the published document, what was seen of the suppliers, and the plans made of both.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::House;
use super::gossip::Gossip;
use super::shelf::Shelf;
use super::standing::Standing;
use crate::domain::attempt::Attempt;
use crate::domain::ids::{OrderId, Sku, SupplierId};
use crate::domain::limits::Operation;
use crate::domain::order::Terms;
use crate::domain::plan::Plan;
use crate::domain::steering::Steering;
use crate::router::{self, HealthBook, Load, Question, Sighting, View};

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
    pub(super) fn plan(
        &self,
        id: OrderId,
        terms: &Terms,
        attempts: &[Attempt],
        recipient: Option<u64>,
        shelf: &Shelf,
        standing: &Standing,
    ) -> Plan {
        let published = self.published();
        let (shop, draw) = (shelf.shop_key(terms.shop), id.get().unsigned_abs());
        let loads = self.loads(terms, recipient, shelf);
        self.planned(
            &published.document,
            published.version,
            terms,
            attempts,
            shop,
            draw,
            &loads,
            standing,
            shelf,
        )
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
        loads: &BTreeMap<SupplierId, Load>,
        standing: &Standing,
        shelf: &Shelf,
    ) -> Plan {
        let health = self.steer.health.lock().unwrap_or_else(PoisonError::into_inner);
        let view = View {
            suppliers: &standing.view,
            steering,
            version,
            health: &health,
            loads,
            shop,
            policy: &self.parts.policy,
            draw,
            now_ms: self.now_ms(),
        };
        router::route(terms, attempts, shelf.offers(&terms.sku), &view)
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

    /// Takes in whether a supplier answered a question about a product, or about our balance.
    pub(super) fn notice_answer(&self, supplier: &SupplierId, sku: Option<&Sku>, operation: Operation, is_answered: bool) {
        let question = Question {
            supplier: supplier.clone(),
            sku: sku.cloned(),
            operation,
            is_answered,
            at_ms: self.now_ms(),
        };
        let published = self.published();
        let mut health = self.steer.health.lock().unwrap_or_else(PoisonError::into_inner);
        health.learn_answer(&question, &published.document);
    }

    pub(super) fn published(&self) -> Arc<Published> {
        Arc::clone(&self.steer.published.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
