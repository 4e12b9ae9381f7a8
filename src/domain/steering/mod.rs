//! Steering: which supplier gets the next order, as operators write it down.
//!
//! One document holds everything that may change from day to day: the strategy of each product, the
//! priorities and weights of its suppliers, who may be used for whom, when circuits trip, and limits
//! below the contract's. Operators draft it, try it on past traffic and publish it; every version is
//! kept. It may narrow what adapters.toml allows, never widen it.
//!
//! Deliberately absent: switches for the moment (pause, pin, drain), which are deeds of the desk.

mod calendar;
mod check;
mod parts;

pub use calendar::Begins;
pub use check::{Flaw, Ground};
pub use parts::{
    AllOut, CircuitRules, Consistency, HealthRules, LowerLimits, LowerRate, OfferSteering, ProductSteering, ShopSteering, Strategy,
    SupplierSteering, Window,
};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ids::{Sku, SupplierId};

/// A steering document.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Steering {
    /// By sku; by the beginning of a sku and a star; or by `*`. The longest that fits a sku counts,
    /// alone: what it leaves out has its default, not the value of a shorter one. A product that none
    /// fits goes by priority alone.
    pub product: BTreeMap<String, ProductSteering>,
    /// By supplier.
    pub supplier: BTreeMap<SupplierId, SupplierSteering>,
    /// By the key of a shop.
    pub shop: BTreeMap<String, ShopSteering>,
    /// How suppliers are scored.
    pub health: HealthRules,
    /// When a supplier is left alone, and how it comes back.
    pub circuit: CircuitRules,
}

impl Steering {
    /// What steers this product.
    #[must_use]
    pub fn of(&self, sku: &Sku) -> &ProductSteering {
        if let Some(named) = self.product.get(sku.as_str()) {
            return named;
        }
        let fitting = self.product.iter().filter(|(pattern, _)| Self::fits(pattern, sku));
        let longest = fitting.max_by_key(|(pattern, _)| pattern.len());
        longest.map_or(&parts::BUILT_IN, |(_, steering)| steering)
    }

    /// The name under which a product's health is remembered.
    #[must_use]
    pub fn group<'a>(&'a self, sku: &'a Sku) -> &'a str {
        self.of(sku).group.as_deref().unwrap_or_else(|| sku.as_str())
    }

    /// Whether a pattern (a sku, or its beginning and a star) means this product.
    #[must_use]
    pub fn fits(pattern: &str, sku: &Sku) -> bool {
        match pattern.strip_suffix('*') {
            Some(beginning) => sku.as_str().starts_with(beginning),
            None => pattern == sku.as_str(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sku(text: &str) -> Sku {
        Sku::from(text)
    }

    #[test]
    fn the_longest_pattern_that_fits_steers_a_product() {
        let named = |strategy| ProductSteering {
            strategy,
            ..ProductSteering::default()
        };
        let mut steering = Steering::default();
        steering.product.insert("mobile-*".to_owned(), named(Strategy::Cheapest));
        steering.product.insert("mobile-100".to_owned(), named(Strategy::Weighted));
        let strategy = |text| steering.of(&sku(text)).strategy;
        assert_eq!(strategy("mobile-100"), Strategy::Weighted);
        assert_eq!(strategy("mobile-50"), Strategy::Cheapest);
        assert_eq!(strategy("qq-10"), Strategy::Priority, "what is built in");
    }
}
