//! Who can deliver what, at which cost: (supplier, product, face value).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::ids::{Sku, SupplierId};

/// One supplier's offer of one face value of one product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Who delivers.
    pub supplier: SupplierId,
    /// What is delivered.
    pub sku: Sku,
    /// Which face value, in minor units of the product's currency.
    pub face_minor: i64,
    /// What the supplier bills for one piece, in minor units of the product's currency.
    pub cost_minor: i64,
    /// Lower is tried first; absent: the supplier's default from adapters.toml.
    pub priority: Option<u16>,
    /// The supplier's own code for this product; its dialect puts it on the wire.
    pub code: Arc<str>,
    /// Whether the router may choose it.
    pub enabled: bool,
}
