//! Which numbers new shops and products get: shared by all stores, so that they agree.
//!
//! Invariant: a number once given is kept for ever; a replaced product keeps its own.

use std::collections::BTreeMap;

use crate::domain::ids::{ShopId, Sku};
use crate::domain::product::Product;

/// The shop's id after it is put: its own, or the next free one for a new shop (id 0). `known` are
/// the ids and keys of all shops.
///
/// # Errors
/// When another shop has the same key.
pub(super) fn number_shop(known: &BTreeMap<ShopId, String>, id: ShopId, key: &str) -> Result<ShopId, String> {
    let id = if id.0 == 0 {
        let highest = known.last_key_value().map_or(0, |(id, _)| id.0);
        ShopId(highest.checked_add(1).ok_or("no shop number is left")?)
    } else {
        id
    };
    match known.iter().find(|(other, known_key)| **other != id && *known_key == key) {
        Some((other, _)) => Err(format!("shop {other} already has the key {key}: choose another key")),
        None => Ok(id),
    }
}

/// `products` with their numbers: known skus keep theirs, new ones (0) get the next free one.
/// `known` are the numbers of all products.
///
/// # Errors
/// When a number is wanted for a sku and belongs to another.
pub(super) fn number_products(known: &BTreeMap<Sku, u32>, products: Vec<Product>) -> Result<Vec<Product>, String> {
    let mut known = known.clone();
    let mut numbered: Vec<Product> = Vec::with_capacity(products.len());
    for mut product in products {
        let highest = known.values().copied().max().unwrap_or(0);
        product.sku_no = match (known.get(&product.sku), product.sku_no) {
            (Some(own), 0) => *own,
            (Some(own), wanted) if wanted == *own => wanted,
            (Some(own), wanted) => return Err(format!("product {} has number {own}, which cannot become {wanted}", product.sku)),
            (None, 0) => highest.checked_add(1).ok_or("no product number is left")?,
            (None, wanted) => match known.iter().find(|(_, number)| **number == wanted) {
                Some((other, _)) => return Err(format!("number {wanted} belongs to product {other}")),
                None => wanted,
            },
        };
        known.insert(product.sku.clone(), product.sku_no);
        numbered.retain(|earlier| earlier.sku != product.sku);
        numbered.push(product);
    }
    Ok(numbered)
}
