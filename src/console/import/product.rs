//! Products from rows: several rows of one sku are its face values.

use std::collections::BTreeMap;

use super::inputs::{self, inputs};
use super::rows::{Cell, Problems, Row, boolean, whole};
use crate::domain::ids::Sku;
use crate::domain::money::{Currency, Money};
use crate::domain::product::{AdvanceTerms, Denomination, Product, ProductKind};

/// Names of columns and keys.
pub(super) const COLUMNS: &[&str] = &[
    "sku",
    "name",
    "kind",
    "currency",
    "face_value",
    "price",
    "max_quantity",
    "deadline_seconds",
    "advance_after_seconds",
    "advance_max_price",
    "may_lose_money",
    "on_sale",
    "inputs",
];

const DEFAULT_DEADLINE_SECONDS: u32 = 600;
const LONGEST_DEADLINE_SECONDS: u32 = 604_800;

pub(super) fn products(rows: &[Row], problems: &mut Problems) -> Vec<Product> {
    let mut order: Vec<&str> = Vec::new();
    let mut by_sku: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let Some(sku) = row.required("sku", problems) else { continue };
        let group = by_sku.entry(&sku.text).or_default();
        if group.is_empty() {
            order.push(&sku.text);
        }
        group.push(row);
    }
    let groups = order.into_iter().filter_map(|sku| by_sku.get(sku));
    groups.filter_map(|group| product(group, problems)).collect()
}

/// The first row says what the product is; the others add face values and may repeat or leave out the rest.
fn product(rows: &[&Row], problems: &mut Problems) -> Option<Product> {
    let (first, more) = rows.split_first()?;
    for row in more {
        agree(first, row, problems);
    }
    let sku = first.get("sku").and_then(|cell| sku(cell, problems));
    let name = first.required("name", problems).and_then(|cell| name(cell, problems));
    let kind = first.required("kind", problems).and_then(|cell| kind(cell, problems));
    let currency = first.required("currency", problems).and_then(|cell| currency(cell, problems));
    let quantity_remedy = "give a whole number from 1 to 1000";
    let max_quantity = first.optional("max_quantity", 1, |text| whole(text, 1..=1_000), quantity_remedy, problems);
    let deadline_seconds = first.optional(
        "deadline_seconds",
        DEFAULT_DEADLINE_SECONDS,
        |text| whole(text, 10..=LONGEST_DEADLINE_SECONDS),
        "give whole seconds from 10 to 604800 (7 days)",
        problems,
    );
    let advance = currency.and_then(|currency| advance(first, currency, problems));
    let may_lose_money = first.optional("may_lose_money", false, boolean, "write true or false", problems);
    let on_sale = first.optional("on_sale", true, boolean, "write true or false", problems);
    let inputs = match first.get("inputs").map(|cell| (cell, inputs(cell))) {
        None => Some(Vec::new()),
        Some((_, Ok(inputs))) => Some(inputs),
        Some((cell, Err(problem))) => {
            problems.add(&cell.place, problem, inputs::FORM);
            None
        }
    };
    let has_recipient = inputs.as_ref().is_none_or(|inputs| inputs.iter().any(|field| field.is_recipient));
    if kind == Some(ProductKind::TopUp) && !has_recipient {
        let message = "a top_up needs an input that is the recipient";
        problems.add(
            &first.get("inputs").map_or(first.place.clone(), |cell| cell.place.clone()),
            message,
            inputs::FORM,
        );
    }
    let denominations = denominations(rows, currency?, problems);
    Some(Product {
        sku: sku?,
        sku_no: 0,
        name: name?,
        kind: kind?,
        currency: currency?,
        denominations: denominations?,
        inputs: inputs?,
        max_quantity: max_quantity?,
        deadline_seconds: deadline_seconds?,
        advance: advance?,
        may_lose_money: may_lose_money?,
        on_sale: on_sale?,
    })
}

/// `None` after a problem.
fn advance(first: &Row, currency: Currency, problems: &mut Problems) -> Option<Option<AdvanceTerms>> {
    let after_seconds = first.optional(
        "advance_after_seconds",
        None,
        |text| whole(text, 60..=LONGEST_DEADLINE_SECONDS).map(Some),
        "give whole seconds from 60 to 604800 (7 days)",
        problems,
    )?;
    let max_price_minor = match first.get("advance_max_price") {
        None => None,
        Some(cell) => Some(positive(cell, "advance_max_price", currency, problems)?),
    };
    match (after_seconds, first.get("advance_max_price")) {
        (Some(after_seconds), _) => Some(Some(AdvanceTerms {
            after_seconds,
            max_price_minor,
        })),
        (None, None) => Some(None),
        (None, Some(cell)) => {
            let message = "advance_max_price says up to which price, but not after how long";
            problems.add(&cell.place, message, "give advance_after_seconds, too, or leave both empty");
            None
        }
    }
}

fn agree(first: &Row, row: &Row, problems: &mut Problems) {
    for column in COLUMNS.iter().filter(|column| !matches!(**column, "face_value" | "price")) {
        let Some(cell) = row.get(column) else { continue };
        let is_same = first
            .get(column)
            .is_some_and(|said| said.text == cell.text && said.inputs == cell.inputs);
        if !is_same {
            let message = format!("{column} differs from the first row of this sku");
            problems.add(
                &cell.place,
                message,
                "rows of one sku are its face values: repeat the first row's value or leave it out",
            );
        }
    }
}

fn denominations(rows: &[&Row], currency: Currency, problems: &mut Problems) -> Option<Vec<Denomination>> {
    let mut found: Vec<Denomination> = Vec::new();
    let mut is_good = true;
    for row in rows {
        let face = row
            .required("face_value", problems)
            .and_then(|cell| positive(cell, "face_value", currency, problems));
        let price = row
            .required("price", problems)
            .and_then(|cell| positive(cell, "price", currency, problems));
        let (Some(face), Some(price)) = (face, price) else {
            is_good = false;
            continue;
        };
        if found.iter().any(|earlier| earlier.face_minor == face) {
            let place = row.get("face_value").map_or(row.place.clone(), |cell| cell.place.clone());
            problems.add(
                &place,
                "this face value stands in the file twice",
                "keep one row for each face value",
            );
            is_good = false;
        }
        found.push(Denomination {
            face_minor: face,
            price_minor: price,
        });
    }
    found.sort_by_key(|denomination| denomination.face_minor);
    is_good.then_some(found)
}

fn positive(cell: &Cell, column: &str, currency: Currency, problems: &mut Problems) -> Option<i64> {
    let minor = amount(cell, column, currency, problems)?;
    if minor <= 0 {
        problems.add(
            &cell.place,
            format!("{column} must be above 0"),
            "give a decimal amount such as 98.50",
        );
        return None;
    }
    Some(minor)
}

/// A decimal amount of the currency, in minor units.
pub(super) fn amount(cell: &Cell, column: &str, currency: Currency, problems: &mut Problems) -> Option<i64> {
    match Money::parse(&cell.text, currency) {
        Ok(money) => Some(money.minor),
        Err(error) => {
            let remedy = format!("{error}; {currency} has {} decimals", currency.decimals());
            problems.add(&cell.place, format!("{column} {:?} is not an amount", cell.text), remedy);
            None
        }
    }
}

fn sku(cell: &Cell, problems: &mut Problems) -> Option<Sku> {
    let text = cell.text.as_str();
    let is_sku = (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if !is_sku {
        problems.add(&cell.place, format!("{text:?} is not a sku"), "use 1 to 64 of A-Z a-z 0-9 . _ -");
    }
    is_sku.then(|| Sku::from(text))
}

fn name(cell: &Cell, problems: &mut Problems) -> Option<String> {
    let is_name = cell.text.chars().count() <= 100 && !cell.text.chars().any(char::is_control) && !cell.text.is_empty();
    if !is_name {
        problems.add(&cell.place, "this is not a name", "give 1 to 100 printable characters");
    }
    is_name.then(|| cell.text.clone())
}

fn kind(cell: &Cell, problems: &mut Problems) -> Option<ProductKind> {
    match cell.text.as_str() {
        "top_up" => Some(ProductKind::TopUp),
        "card" => Some(ProductKind::Card),
        other => {
            problems.add(
                &cell.place,
                format!("there is no kind {other:?}"),
                "write top_up (credit arrives at a recipient) or card (secrets come back)",
            );
            None
        }
    }
}

fn currency(cell: &Cell, problems: &mut Problems) -> Option<Currency> {
    let currency = Currency::from_code(&cell.text);
    if currency.is_none() {
        let codes = Currency::ALL.map(Currency::code).join(", ");
        problems.add(
            &cell.place,
            format!("{:?} is not a currency this gateway keeps books in", cell.text),
            format!("write one of {codes}"),
        );
    }
    currency
}
