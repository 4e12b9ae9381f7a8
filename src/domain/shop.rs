//! A downstream customer, as far as settlement and the API need to know it.

use serde::{Deserialize, Serialize};

use super::ids::ShopId;
use super::money::Currency;

/// A shop. Its secrets are not here: they stay behind the store's seal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shop {
    /// Its number.
    pub id: ShopId,
    /// Shown to operators.
    pub name: String,
    /// The public half of its credentials: what `X-Shop-Key` carries.
    pub key: String,
    /// Currency of its balance.
    pub currency: Currency,
    /// How far below zero its available balance may go, in minor units; 0 is prepaid only.
    pub credit_limit_minor: i64,
    /// Whether it may submit orders.
    pub active: bool,
}
