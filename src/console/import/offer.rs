//! Offers from rows. A product must be there before its offers: its currency tells what an amount is.

use std::collections::BTreeSet;

use super::product::amount;
use super::rows::{Cell, Problems, Row, boolean, whole};
use crate::domain::ids::SupplierId;
use crate::domain::money::Money;
use crate::domain::offer::Offer;
use crate::domain::product::Product;

/// Names of columns and keys.
pub(super) const COLUMNS: &[&str] = &["supplier", "sku", "face_value", "cost", "priority", "code", "enabled"];

pub(super) fn offers(rows: &[Row], products: &[Product], problems: &mut Problems) -> Vec<Offer> {
    let mut seen = BTreeSet::new();
    let mut offers = Vec::new();
    for row in rows {
        let Some(offer) = offer(row, products, problems) else { continue };
        if !seen.insert((offer.supplier.clone(), offer.sku.clone(), offer.face_minor)) {
            problems.add(
                &row.place,
                "this supplier, sku and face value stand in the file twice",
                "keep one of the rows",
            );
        }
        offers.push(offer);
    }
    offers
}

fn offer(row: &Row, products: &[Product], problems: &mut Problems) -> Option<Offer> {
    let supplier = row.required("supplier", problems).and_then(|cell| supplier(cell, problems));
    let code = row.required("code", problems).and_then(|cell| code(cell, problems));
    let enabled = row.optional("enabled", true, boolean, "write true or false", problems);
    let priority = row.optional(
        "priority",
        None,
        priority,
        "give a whole number from 0 to 65535; lower is tried first",
        problems,
    );
    let product = row.required("sku", problems).and_then(|cell| product(cell, products, problems));
    let face = row.required("face_value", problems);
    let cost = row.required("cost", problems);
    let product = product?;
    let face = face.and_then(|cell| face_minor(cell, product, problems));
    let cost = cost.and_then(|cell| cost_minor(cell, product, problems));
    Some(Offer {
        supplier: supplier?,
        sku: product.sku.clone(),
        face_minor: face?,
        cost_minor: cost?,
        priority: priority?,
        code: code?.into(),
        enabled: enabled?,
    })
}

fn supplier(cell: &Cell, problems: &mut Problems) -> Option<SupplierId> {
    let text = cell.text.as_str();
    let is_name = (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if !is_name {
        problems.add(
            &cell.place,
            format!("{text:?} is not the name of a supplier"),
            "use its name in adapters.toml",
        );
    }
    is_name.then(|| SupplierId::from(text))
}

fn code(cell: &Cell, problems: &mut Problems) -> Option<String> {
    let is_code = cell.text.chars().count() <= 128 && !cell.text.chars().any(char::is_control) && !cell.text.is_empty();
    if !is_code {
        problems.add(
            &cell.place,
            "this is not a product code",
            "give the supplier's own code: 1 to 128 printable characters",
        );
    }
    is_code.then(|| cell.text.clone())
}

fn priority(text: &str) -> Option<Option<u16>> {
    whole(text, 0..=u32::from(u16::MAX))
        .and_then(|number| u16::try_from(number).ok())
        .map(Some)
}

fn product<'p>(cell: &Cell, products: &'p [Product], problems: &mut Problems) -> Option<&'p Product> {
    let found = products.iter().find(|product| product.sku.as_str() == cell.text);
    if found.is_none() {
        problems.add(
            &cell.place,
            format!("there is no product {:?}", cell.text),
            "import the product first, with `product import`",
        );
    }
    found
}

fn face_minor(cell: &Cell, product: &Product, problems: &mut Problems) -> Option<i64> {
    let minor = amount(cell, "face_value", product.currency, problems)?;
    if product.denominations.iter().any(|sold| sold.face_minor == minor) {
        return Some(minor);
    }
    let sold: Vec<String> = product
        .denominations
        .iter()
        .map(|sold| Money::new(sold.face_minor, product.currency).decimal())
        .collect();
    let message = format!("{} has no face value {}", product.sku, cell.text);
    problems.add(&cell.place, message, format!("its face values are {}", sold.join(", ")));
    None
}

fn cost_minor(cell: &Cell, product: &Product, problems: &mut Problems) -> Option<i64> {
    let minor = amount(cell, "cost", product.currency, problems)?;
    if minor < 0 {
        problems.add(
            &cell.place,
            "a cost cannot be negative",
            "give what the supplier bills for one piece",
        );
        return None;
    }
    Some(minor)
}
