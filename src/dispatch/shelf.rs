//! The catalog arranged for the hot path: an order looks at its own product and offers only,
//! however many there are. Made anew at each reload, never changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::ids::{ShopId, Sku, SupplierId};
use crate::domain::offer::Offer;
use crate::domain::product::Product;
use crate::store::Catalog;

pub(super) struct Shelf {
    catalog: Arc<Catalog>,
    products: BTreeMap<Sku, usize>,
    offers: BTreeMap<Sku, Vec<Offer>>,
    shops: BTreeMap<ShopId, usize>,
}

impl Shelf {
    pub(super) fn new(catalog: Catalog) -> Self {
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
        let places = catalog.shops.iter().enumerate();
        let shops = places.map(|(place, record)| (record.shop.id, place)).collect();
        Self {
            catalog: Arc::new(catalog),
            shops,
            products,
            offers,
        }
    }

    pub(super) fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog)
    }

    pub(super) fn product(&self, sku: &Sku) -> Option<&Product> {
        self.products.get(sku).and_then(|place| self.catalog.products.get(*place))
    }

    /// The key of a shop; empty for one that is gone.
    pub(super) fn shop_key(&self, shop: ShopId) -> &str {
        let place = self.shops.get(&shop);
        place
            .and_then(|place| self.catalog.shops.get(*place))
            .map_or("", |record| record.shop.key.as_str())
    }

    /// Every supplier's offers of this product.
    pub(super) fn offers(&self, sku: &Sku) -> &[Offer] {
        self.offers.get(sku).map_or(&[], Vec::as_slice)
    }
}
