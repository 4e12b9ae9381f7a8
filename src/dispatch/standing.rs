//! How suppliers stand at this moment: what adapters.toml says of them, less what was taken from them
//! at the desk since.
//!
//! A paused supplier gets no new attempts; those that are open are settled as before. A promise that
//! was broken counts as not made until an operator resumes the supplier, so that nothing is sent again
//! on the strength of it. The deeds in the database are the truth; this is what they come to.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use super::{House, Parts};
use crate::domain::desk::{Deed, DeedKind, Promise};
use crate::domain::ids::SupplierId;
use crate::domain::policy::RuleBook;
use crate::router::{Snapshot, SupplierState, Switch};
use crate::store::{Outage, Store};

/// Deeds about suppliers that are read at a start; more than this is no history but a storm.
const MOST_DEEDS: u32 = 10_000;

/// What the router and `decide` see of the suppliers.
pub(super) struct Standing {
    pub(super) view: Snapshot,
    pub(super) rules: RuleBook,
}

/// What was done about suppliers, newest first.
pub(super) async fn deeds(store: &dyn Store) -> Result<Vec<Deed>, Outage> {
    store.deeds("supplier:".to_owned(), MOST_DEEDS).await
}

impl Standing {
    /// What `deeds`, newest first, leave of what adapters.toml says.
    pub(super) fn of(parts: &Parts, deeds: &[Deed]) -> Self {
        let mut standing = Self {
            view: parts.snapshot(),
            rules: parts.rule_book(),
        };
        let (mut resumed, mut unpinned) = (BTreeSet::new(), BTreeSet::new());
        for deed in deeds {
            match &deed.kind {
                DeedKind::SupplierForcedOpen { supplier } if !resumed.contains(supplier) => standing.force_open(supplier),
                DeedKind::SupplierDrained { supplier } if !resumed.contains(supplier) => standing.drain(supplier),
                DeedKind::ProductPinned { supplier, products } if unpinned.insert((supplier, products)) => standing.pin(supplier, products),
                DeedKind::ProductUnpinned { supplier, products } => {
                    unpinned.insert((supplier, products));
                }
                DeedKind::SupplierResumed { supplier } => {
                    resumed.insert(supplier);
                }
                DeedKind::SupplierPaused { supplier, broken } if !resumed.contains(supplier) => standing.pause(supplier, *broken),
                DeedKind::SupplierPaused { .. }
                | DeedKind::SupplierDrained { .. }
                | DeedKind::SupplierForcedOpen { .. }
                | DeedKind::ProductPinned { .. }
                | DeedKind::SteeringPublished { .. }
                | DeedKind::SteeringDrafted { .. }
                | DeedKind::Proposed { .. }
                | DeedKind::CaseClosed { .. }
                | DeedKind::Refunded { .. }
                | DeedKind::Charged { .. }
                | DeedKind::StatementChecked { .. }
                | DeedKind::RecoveryBegun
                | DeedKind::RecoveryEnded
                | DeedKind::OperatorAdded { .. }
                | DeedKind::OperatorRemoved => {}
            }
        }
        standing
    }

    fn drain(&mut self, supplier: &SupplierId) {
        if let Some(view) = self.view.get_mut(supplier) {
            view.state = SupplierState::Draining;
        }
    }

    fn force_open(&mut self, supplier: &SupplierId) {
        if let Some(view) = self.view.get_mut(supplier) {
            view.switch = Switch::ForcedOpen;
        }
    }

    fn pin(&mut self, supplier: &SupplierId, products: &str) {
        if let Some(view) = self.view.get_mut(supplier)
            && !view.pinned.iter().any(|known| known == products)
        {
            view.pinned.push(products.to_owned());
        }
    }

    fn unpin(&mut self, supplier: &SupplierId, products: &str) {
        if let Some(view) = self.view.get_mut(supplier) {
            view.pinned.retain(|known| known != products);
        }
    }

    fn pause(&mut self, supplier: &SupplierId, broken: Option<Promise>) {
        if let Some(view) = self.view.get_mut(supplier)
            && view.state == SupplierState::Active
        {
            view.state = SupplierState::Paused;
        }
        if let Some(rules) = self.rules.0.get_mut(supplier) {
            match broken {
                Some(Promise::FailedIsFinal) => rules.promises.failed_is_final = false,
                Some(Promise::QueryConsistent) => rules.promises.query_consistent = false,
                Some(Promise::RecallIsFinal) => rules.promises.recall_is_final = false,
                Some(Promise::Deduplicates) => rules.promises.deduplicates = false,
                None => {}
            }
            if let Some(view) = self.view.get_mut(supplier) {
                view.promises = rules.promises.clone();
            }
        }
    }

    fn resume(&mut self, supplier: &SupplierId, parts: &Parts) {
        let configured = parts.suppliers.contains_key(supplier);
        if configured && let Some(mut view) = parts.snapshot().remove(supplier) {
            // What is pinned to it stays so.
            view.pinned = self.view.remove(supplier).map(|known| known.pinned).unwrap_or_default();
            self.view.insert(supplier.clone(), view);
        }
        if configured && let Some(rules) = parts.rule_book().0.remove(supplier) {
            self.rules.0.insert(supplier.clone(), rules);
        }
    }
}

impl House {
    /// Makes a deed about a supplier count from now on.
    pub(super) fn obey(&self, deed: &Deed) {
        let mut held = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut standing = Standing {
            view: held.view.clone(),
            rules: held.rules.clone(),
        };
        match &deed.kind {
            DeedKind::SupplierPaused { supplier, broken } => {
                tracing::error!(%supplier, by = deed.signed.by, "a supplier is paused; `supplier list` tells why");
                standing.pause(supplier, *broken);
            }
            DeedKind::SupplierResumed { supplier } => {
                tracing::warn!(%supplier, by = deed.signed.by, "a supplier is resumed");
                standing.resume(supplier, &self.parts);
            }
            DeedKind::SupplierDrained { supplier } => {
                tracing::warn!(%supplier, by = deed.signed.by, "a supplier is drained");
                standing.drain(supplier);
            }
            DeedKind::SupplierForcedOpen { supplier } => {
                tracing::warn!(%supplier, by = deed.signed.by, "a supplier's circuit is held open");
                standing.force_open(supplier);
            }
            DeedKind::ProductPinned { supplier, products } => {
                tracing::warn!(%supplier, products, by = deed.signed.by, "products are pinned to a supplier");
                standing.pin(supplier, products);
            }
            DeedKind::ProductUnpinned { supplier, products } => {
                tracing::warn!(%supplier, products, by = deed.signed.by, "products are pinned no more");
                standing.unpin(supplier, products);
            }
            DeedKind::RecoveryEnded => {
                tracing::warn!(
                    by = deed.signed.by,
                    "the recovery has ended: orders are taken in and submitted again"
                );
                return self.recovery.end();
            }
            DeedKind::RecoveryBegun
            | DeedKind::SteeringPublished { .. }
            | DeedKind::SteeringDrafted { .. }
            | DeedKind::Proposed { .. }
            | DeedKind::CaseClosed { .. }
            | DeedKind::Refunded { .. }
            | DeedKind::Charged { .. }
            | DeedKind::StatementChecked { .. }
            | DeedKind::OperatorAdded { .. }
            | DeedKind::OperatorRemoved => return,
        }
        *held = Arc::new(standing);
    }
}
