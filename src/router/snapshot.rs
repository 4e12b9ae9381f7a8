//! What the router knows at one moment.

use std::collections::BTreeMap;

use foldhash::HashMap;

use super::health::HealthBook;
use crate::domain::ids::{SettingsDigest, Sku, SupplierId};
use crate::domain::money::Currency;
use crate::domain::policy::{Policy, Promises};
use crate::domain::steering::Steering;

/// Everything that a plan depends on besides the order and its offers.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// How the suppliers are configured and switched.
    pub suppliers: &'a Snapshot,
    /// What operators published.
    pub steering: &'a Steering,
    /// Its version; 0 is the document that is built in.
    pub version: u32,
    /// How the suppliers are doing.
    pub health: &'a HealthBook,
    /// How busy the suppliers are; one that is missing is free.
    pub loads: &'a BTreeMap<SupplierId, Load>,
    /// The key of the shop that ordered.
    pub shop: &'a str,
    /// Bounds of settlement.
    pub policy: &'a Policy,
    /// The order's own number: where chance decides, it decides by this, so that a plan can be made again.
    pub draw: u64,
    /// The moment, UTC milliseconds.
    pub now_ms: i64,
}

/// How busy a supplier is, for one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// How long its queue is estimated to take, in milliseconds.
    pub wait_ms: u64,
    /// How many orders it takes of its day yet; absent: any number.
    pub orders_left: Option<u64>,
    /// How much money may be spent there of its day yet, in minor units; absent: anything.
    pub cost_left_minor: Option<i64>,
    /// When its next day begins, UTC milliseconds.
    pub day_ends_ms: i64,
    /// Before this it takes no order for the recipient, UTC milliseconds.
    pub recipient_until_ms: i64,
}

/// Every supplier that adapters.toml names; one that is missing is treated as absent.
pub type Snapshot = HashMap<SupplierId, SupplierView>;

/// One supplier as the router sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupplierView {
    /// Whether new attempts may be opened there.
    pub state: SupplierState,
    /// Where it stands when its offer names no priority of its own; lower is tried first.
    pub default_priority: u16,
    /// What it bills in.
    pub currency: Currency,
    /// The version of its settings that would write the request.
    pub settings: SettingsDigest,
    /// Its clock's offset from UTC, in seconds.
    pub zone_offset_s: i32,
    /// What it guarantees, less what it broke.
    pub promises: Promises,
    /// Whether its dialect has a query.
    pub answers_queries: bool,
    /// What an operator has set by hand.
    pub switch: Switch,
    /// The products that an operator has pinned to it, by sku or the beginning of a sku and a star.
    pub pinned: Vec<String>,
}

impl SupplierView {
    /// Whether an attempt there that comes to be unknown can be settled without a person.
    pub(super) fn settles_doubt(&self) -> bool {
        self.answers_queries || self.promises.permit_resubmit()
    }

    /// Whether an operator has pinned the product to this supplier.
    #[must_use]
    pub fn is_pinned(&self, sku: &Sku) -> bool {
        self.pinned.iter().any(|pattern| Steering::fits(pattern, sku))
    }
}

/// What an operator has set by hand; nothing automatic overrides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Switch {
    /// Nothing: its circuit decides.
    #[default]
    None,
    /// Its circuit is held open: no new attempts.
    ForcedOpen,
}

/// Whether new attempts may be opened at a supplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SupplierState {
    /// They may.
    Active,
    /// The operator has paused it: not now.
    Paused,
    /// It is on its way out: attempts there are settled, no new ones are opened.
    Draining,
}
