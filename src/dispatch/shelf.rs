//! The catalog arranged for the hot path: an order looks at its own shop, product and offers only,
//! however many there are. Made anew at each reload, never changed.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashMap;

use crate::domain::ids::{ShopId, Sku, SupplierId};
use crate::domain::offer::Offer;
use crate::domain::product::Product;
use crate::store::{Catalog, ShopRecord};

/// Shops, products and offers as last read, each at hand.
pub struct Shelf {
    catalog: Catalog,
    products: BTreeMap<Sku, usize>,
    offers: BTreeMap<Sku, Vec<Offer>>,
    shops: BTreeMap<ShopId, usize>,
    keys: HashMap<String, usize>,
    most_secrets: usize,
}

impl Shelf {
    /// Arranges a catalog.
    #[must_use]
    pub fn new(catalog: Catalog) -> Self {
        let places = catalog.products.iter().enumerate();
        let products = places.map(|(place, product)| (product.sku.clone(), place)).collect();
        let mut offers: BTreeMap<Sku, Vec<Offer>> = BTreeMap::new();
        // Names are kept once: what is compared and cloned for every order then stays close at hand.
        let mut names: BTreeSet<SupplierId> = BTreeSet::new();
        for offer in &catalog.offers {
            let supplier = names.get(&offer.supplier).unwrap_or(&offer.supplier).clone();
            names.insert(supplier.clone());
            let of_product = offers.entry(offer.sku.clone()).or_default();
            let sku = of_product.first().map_or(&offer.sku, |first| &first.sku).clone();
            of_product.push(Offer {
                supplier,
                sku,
                ..offer.clone()
            });
        }
        // The router looks at them in this order, and need not sort them for each order.
        for of_product in offers.values_mut() {
            of_product.sort_by(|a, b| (a.face_minor, &a.supplier).cmp(&(b.face_minor, &b.supplier)));
        }
        let places = || catalog.shops.iter().enumerate();
        let shops = places().map(|(place, record)| (record.shop.id, place)).collect();
        let keys = places().map(|(place, record)| (record.shop.key.clone(), place)).collect();
        let most_secrets = catalog.shops.iter().map(|record| record.request_secrets.len()).max();
        Self {
            shops,
            keys,
            most_secrets: most_secrets.unwrap_or(0),
            products,
            offers,
            catalog,
        }
    }

    /// All of it, as it was read.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// A shop with its secrets.
    #[must_use]
    pub fn shop(&self, id: ShopId) -> Option<&ShopRecord> {
        self.shops.get(&id).and_then(|place| self.catalog.shops.get(*place))
    }

    /// The shop that signs with this key. Where a key stands does not show in the time.
    #[must_use]
    pub fn shop_with_key(&self, key: &str) -> Option<&ShopRecord> {
        self.keys.get(key).and_then(|place| self.catalog.shops.get(*place))
    }

    /// The most secrets that any shop signs its requests with.
    #[must_use]
    pub fn most_secrets(&self) -> usize {
        self.most_secrets
    }

    pub(super) fn product(&self, sku: &Sku) -> Option<&Product> {
        self.products.get(sku).and_then(|place| self.catalog.products.get(*place))
    }

    /// The key of a shop; empty for one that is gone.
    pub(super) fn shop_key(&self, shop: ShopId) -> &str {
        self.shop(shop).map_or("", |record| record.shop.key.as_str())
    }

    /// Every supplier's offers of this product.
    pub(super) fn offers(&self, sku: &Sku) -> &[Offer] {
        self.offers.get(sku).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;
    use crate::domain::money::Currency;
    use crate::domain::shop::Shop;

    fn record(id: i64, key: &str, secrets: usize) -> ShopRecord {
        ShopRecord {
            shop: Shop {
                id: ShopId(id),
                name: String::new(),
                key: key.to_owned(),
                currency: Currency::Cny,
                credit_limit_minor: 0,
                active: true,
            },
            request_secrets: vec![SecretString::from("secret"); secrets],
            callback_secrets: Vec::new(),
        }
    }

    #[test]
    fn a_shop_is_found_by_its_number_and_by_its_key_and_nobody_else_is() {
        let shops = vec![record(7, "seven", 1), record(3, "three", 2), record(5, "five", 0)];
        let shelf = Shelf::new(Catalog {
            shops,
            ..Catalog::default()
        });
        for (id, key) in [(7, "seven"), (3, "three"), (5, "five")] {
            assert_eq!(shelf.shop(ShopId(id)).map(|record| record.shop.key.as_str()), Some(key));
            assert_eq!(shelf.shop_with_key(key).map(|record| record.shop.id), Some(ShopId(id)));
        }
        assert!(shelf.shop(ShopId(1)).is_none());
        assert!(shelf.shop_with_key("Seven").is_none());
        assert_eq!(shelf.most_secrets(), 2);
        assert_eq!(Shelf::new(Catalog::default()).most_secrets(), 0);
    }
}
