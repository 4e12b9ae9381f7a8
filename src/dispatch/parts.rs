//! What dispatch is built from: every seam, every supplier, the rules it settles by.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::adapters::{Adapter, SupplierState};
use crate::domain::ids::SupplierId;
use crate::domain::policy::{Policy, RuleBook};
use crate::domain::segment::Segments;
use crate::net::address::AddressPolicy;
use crate::ratelimit::Lane;
use crate::router::{self, Snapshot, SupplierView};
use crate::seams::{Clock, Random, Spawner, Transport};
use crate::store::Store;

/// Finds a secret by the name that adapters.toml gives it.
pub type SecretLookup = Arc<dyn Fn(&str) -> Option<SecretString> + Send + Sync>;

/// Everything dispatch stands on.
pub struct Parts {
    /// Where everything durable is.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// Concurrency.
    pub spawner: Arc<dyn Spawner>,
    /// Every supplier of adapters.toml.
    pub suppliers: BTreeMap<SupplierId, Supplier>,
    /// Secrets for settings kept from earlier versions.
    pub secrets: SecretLookup,
    /// Times and bounds of settlement.
    pub policy: Policy,
    /// Which addresses a shop's callback may have.
    pub callback_addresses: AddressPolicy,
    /// How often suppliers are asked for our balance there; absent: never by itself.
    pub balance_every: Option<Duration>,
    /// What the first digits of phone numbers say.
    pub segments: Arc<Segments>,
    /// Base of the URLs that suppliers notify, without a trailing slash; empty if they cannot reach us.
    pub public_url: String,
    /// Number of this node, 0..=1023; part of every order id.
    pub node: u16,
}

/// One supplier: how to speak to it, how often, and over which connections.
pub struct Supplier {
    /// The codec.
    pub adapter: Arc<Adapter>,
    /// Its limits.
    pub lane: Lane,
    /// Its own connections.
    pub transport: Arc<dyn Transport>,
}

impl Parts {
    /// What each supplier promises, for `decide`.
    #[must_use]
    pub fn rule_book(&self) -> RuleBook {
        RuleBook(
            self.suppliers
                .iter()
                .map(|(id, supplier)| (id.clone(), supplier.adapter.rules()))
                .collect(),
        )
    }

    /// What the router sees of the suppliers.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let view = |supplier: &Supplier| SupplierView {
            state: match supplier.adapter.state() {
                SupplierState::Active => router::SupplierState::Active,
                SupplierState::Paused => router::SupplierState::Paused,
                SupplierState::Draining => router::SupplierState::Draining,
            },
            default_priority: supplier.adapter.default_priority(),
            currency: supplier.adapter.currency(),
            settings: supplier.adapter.digest().clone(),
            zone_offset_s: supplier.adapter.zone_offset_s(),
            promises: supplier.adapter.rules().promises,
            answers_queries: supplier.adapter.rules().answers_queries,
            switch: router::Switch::None,
            pinned: Vec::new(),
        };
        self.suppliers.iter().map(|(id, supplier)| (id.clone(), view(supplier))).collect()
    }

    /// Where this supplier sends its notifications; empty if it cannot reach us.
    #[must_use]
    pub fn notify_url(&self, supplier: &SupplierId) -> String {
        if self.public_url.is_empty() {
            String::new()
        } else {
            format!("{}/notify/{supplier}", self.public_url)
        }
    }
}
