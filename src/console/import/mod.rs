//! Products and offers from files: all of a file, or nothing and every reason at once.
//!
//! CSV and TOML become the same rows of cells that know their place in the file; products and
//! offers are built from those rows. Amounts go through `Money::parse` alone, so that `1e3`,
//! `1,000` and a float are mistakes and not amounts.
//!
//! What is doubtful but possible (a cost above the price, a supplier not described yet) is imported
//! with a warning. Deliberately absent: deleting. What is not in the file stays as it was.

mod csv;
mod inputs;
mod offer;
mod product;
mod rows;
mod toml;

#[cfg(test)]
mod tests;

use super::admin::{AdminContext, away};
use super::calls::{AdminReply, Trouble};
use super::files::{CatalogFile, FileFormat, ImportReport, Problem};
use crate::domain::money::Money;
use crate::domain::offer::Offer;
use crate::domain::product::Product;
use crate::store::{Catalog, Outage};
use rows::{Problems, Row};

/// The text of a file: UTF-8, its byte order mark taken off.
///
/// # Errors
/// Where it stops being UTF-8.
pub fn text_of(bytes: Vec<u8>) -> Result<String, Problem> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(error.as_bytes().get(..good).unwrap_or_default()).into_owned();
        let message = "from here on this is not UTF-8 text (GBK perhaps)";
        rows::problem(&before, good..good, message, "save the file as UTF-8; in Excel: \"CSV UTF-8\"")
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

pub(super) async fn products(context: &AdminContext, file: &CatalogFile) -> Result<AdminReply, Trouble> {
    let catalog = context.store.catalog().await.map_err(away)?;
    let mut problems = Problems::of(&file.text);
    let rows = rows_of(file, "product", product::COLUMNS, &mut problems);
    let products = product::products(&rows, &mut problems);
    if let Some(refused) = refused(problems) {
        return Ok(refused);
    }
    let products = numbered(products, &catalog);
    let mut report = ImportReport {
        what: "products".to_owned(),
        is_dry_run: file.dry_run,
        ..ImportReport::default()
    };
    for product in &products {
        let before = catalog.products.iter().find(|known| known.sku == product.sku);
        note(&mut report, product.sku.to_string(), before.map(|known| known == product));
        report
            .warnings
            .extend(before.into_iter().flat_map(|before| dropped(before, product)));
        let offers = catalog.offers.iter().filter(|offer| offer.sku == product.sku);
        report.warnings.extend(offers.filter_map(|offer| loses_money(offer, product)));
    }
    if !file.dry_run {
        context.store.put_products(products).await.map_err(perhaps)?;
        context.catalog_changed().await?;
    }
    Ok(AdminReply::Imported(report))
}

pub(super) async fn offers(context: &AdminContext, file: &CatalogFile) -> Result<AdminReply, Trouble> {
    let catalog = context.store.catalog().await.map_err(away)?;
    let mut problems = Problems::of(&file.text);
    let rows = rows_of(file, "offer", offer::COLUMNS, &mut problems);
    let offers = offer::offers(&rows, &catalog.products, &mut problems);
    if let Some(refused) = refused(problems) {
        return Ok(refused);
    }
    let mut report = ImportReport {
        what: "offers".to_owned(),
        is_dry_run: file.dry_run,
        ..ImportReport::default()
    };
    let suppliers = (context.suppliers)();
    for offer in &offers {
        let key = |offer: &Offer| (offer.supplier.clone(), offer.sku.clone(), offer.face_minor);
        let before = catalog.offers.iter().find(|known| key(known) == key(offer));
        let product = catalog.products.iter().find(|product| product.sku == offer.sku);
        note(&mut report, offer_name(offer, product), before.map(|known| known == offer));
        report.warnings.extend(product.and_then(|product| loses_money(offer, product)));
        let warning = format!(
            "adapters.toml names no supplier {}: its offers are not used until it does",
            offer.supplier
        );
        let is_known = suppliers.iter().any(|supplier| supplier.id == offer.supplier);
        if !is_known && !report.warnings.contains(&warning) {
            report.warnings.push(warning);
        }
    }
    if !file.dry_run {
        context.store.put_offers(offers).await.map_err(perhaps)?;
        context.catalog_changed().await?;
    }
    Ok(AdminReply::Imported(report))
}

fn rows_of(file: &CatalogFile, table: &'static str, columns: &'static [&'static str], problems: &mut Problems) -> Vec<Row> {
    match file.format {
        FileFormat::Csv => csv::rows(&file.text, columns, problems),
        FileFormat::Toml => toml::rows(&file.text, table, columns, problems),
    }
}

fn refused(problems: Problems) -> Option<AdminReply> {
    let problems = problems.sorted();
    (!problems.is_empty()).then_some(AdminReply::NotImported { problems })
}

/// A product keeps its number; a new one gets it from the store.
fn numbered(products: Vec<Product>, catalog: &Catalog) -> Vec<Product> {
    let number = |product: &Product| {
        catalog
            .products
            .iter()
            .find(|known| known.sku == product.sku)
            .map_or(0, |known| known.sku_no)
    };
    products
        .into_iter()
        .map(|product| Product {
            sku_no: number(&product),
            ..product
        })
        .collect()
}

/// `is_same`: absent for what is new.
fn note(report: &mut ImportReport, name: String, is_same: Option<bool>) {
    match is_same {
        None => report.added.push(name),
        Some(false) => report.changed.push(name),
        Some(true) => report.unchanged = report.unchanged.saturating_add(1),
    }
}

fn dropped(before: &Product, after: &Product) -> Vec<String> {
    let is_gone = |face: i64| !after.denominations.iter().any(|kept| kept.face_minor == face);
    let gone = before.denominations.iter().filter(|known| is_gone(known.face_minor));
    gone.map(|gone| {
        let face = Money::new(gone.face_minor, before.currency);
        format!("{}: the face value {face} is not in the file and leaves the sale", after.sku)
    })
    .collect()
}

fn loses_money(offer: &Offer, product: &Product) -> Option<String> {
    let sold = product.denominations.iter().find(|sold| sold.face_minor == offer.face_minor)?;
    if product.may_lose_money || offer.cost_minor <= sold.price_minor {
        return None;
    }
    let (cost, price) = (
        Money::new(offer.cost_minor, product.currency),
        Money::new(sold.price_minor, product.currency),
    );
    Some(format!(
        "{}: its cost {cost} is above the price {price}, and the product may not lose money: it is not used",
        offer_name(offer, Some(product))
    ))
}

fn offer_name(offer: &Offer, product: Option<&Product>) -> String {
    let face = product
        .map(|product| Money::new(offer.face_minor, product.currency).decimal())
        .unwrap_or_default();
    format!("{} {} {face}", offer.supplier, offer.sku)
}

/// A write that got no answer.
fn perhaps(outage: Outage) -> Trouble {
    Trouble::new(
        format!("it is not known whether the file was imported: {outage}"),
        "import the same file again: twice is the same as once",
    )
}
