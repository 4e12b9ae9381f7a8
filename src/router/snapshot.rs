//! What the router knows of the suppliers at one moment.
//!
//! What is measured at run time (health score, circuit, what is left of a daily quota) belongs into
//! `SupplierView`, beside `state`: a field there, a reason in `SkipReason` if it can bar a supplier,
//! and a line in `route`'s list of reasons or in its sort key.

use std::collections::BTreeMap;

use crate::domain::ids::{SettingsDigest, SupplierId};
use crate::domain::money::Currency;

/// Every supplier that adapters.toml names; one that is missing is treated as absent.
pub type Snapshot = BTreeMap<SupplierId, SupplierView>;

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
