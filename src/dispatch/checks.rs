//! What a shop's request must satisfy before it can be an order: every wrong field is named at once.

use std::time::Duration;

use super::intake::{FieldError, FieldProblem, NewOrder};
use super::shelf::Shelf;
use crate::domain::money::Money;
use crate::domain::order::{Asked, Fingerprint, Terms};
use crate::domain::product::{Charset, InputField, Product};
use crate::domain::segment::{Segment, Segments};
use crate::net::address::{AddressPolicy, check_url};

/// The request's fingerprint; needs no catalog, so that it is the same for ever.
pub(super) fn fingerprint(asked: &NewOrder) -> Fingerprint {
    Fingerprint::of(&Asked {
        sku: &asked.sku,
        quantity: asked.quantity.unwrap_or(1),
        face_value: asked.face_value.as_deref(),
        max_price: asked.max_price.as_deref(),
        inputs: &asked.inputs,
        callback_url: asked.callback_url.as_deref(),
        deadline_seconds: asked.deadline_seconds,
    })
}

/// The order's terms, or everything that is wrong with the request.
pub(super) fn check(
    asked: &NewOrder,
    fingerprint: &Fingerprint,
    shelf: &Shelf,
    addresses: AddressPolicy,
    segments: &Segments,
    now_ms: i64,
) -> Result<Terms, Vec<FieldError>> {
    let mut errors = Errors(Vec::new());
    let number = asked.shop_order_no.as_str();
    errors.length("shop_order_no", number, 1, 64);
    if !number.bytes().all(|b| b.is_ascii_graphic()) {
        errors.add("shop_order_no", FieldProblem::Characters);
    }
    let callback_url = callback_url(asked, addresses, &mut errors);
    let found = shelf.product(&asked.sku).filter(|product| product.on_sale);
    let Some(product) = found.filter(|product| product.currency == asked.shop.currency) else {
        errors.add("sku", FieldProblem::NoSuchProduct);
        return Err(errors.0);
    };
    inputs(asked, product, &mut errors);
    let quantity = asked.quantity.unwrap_or(1);
    if quantity == 0 || quantity > product.max_quantity {
        errors.add(
            "quantity",
            FieldProblem::OutOfRange {
                min: 1,
                max: u64::from(product.max_quantity),
            },
        );
    }
    let deadline_seconds = asked.deadline_seconds.unwrap_or(product.deadline_seconds);
    if deadline_seconds == 0 || deadline_seconds > product.deadline_seconds {
        errors.add(
            "deadline_seconds",
            FieldProblem::OutOfRange {
                min: 1,
                max: u64::from(product.deadline_seconds),
            },
        );
    }
    let priced = price(asked, product, quantity, &mut errors);
    match priced {
        Some((face, price)) if errors.0.is_empty() => Ok(Terms {
            shop: asked.shop.id,
            shop_order_no: asked.shop_order_no.clone(),
            sku: product.sku.clone(),
            kind: product.kind,
            quantity,
            face,
            price,
            may_lose_money: product.may_lose_money,
            floor_minor: asked.shop.credit_limit_minor.saturating_neg(),
            fingerprint: fingerprint.clone(),
            deadline_ms: now_ms.saturating_add(milliseconds(deadline_seconds)),
            callback_url,
            segment: segment(asked, product, segments),
            advance_after_ms: product.advance.and_then(|advance| advance.after_ms(price.minor)),
        }),
        Some(_) | None => Err(errors.0),
    }
}

/// What the number segments say of the recipient, where it is a phone number.
fn segment(asked: &NewOrder, product: &Product, segments: &Segments) -> Option<Segment> {
    let field = product.recipient_field().filter(|field| field.charset == Charset::Phone)?;
    segments.of(asked.inputs.get(&field.key)?).cloned()
}

struct Errors(Vec<FieldError>);

impl Errors {
    fn add(&mut self, field: impl Into<String>, problem: FieldProblem) {
        self.0.push(FieldError {
            field: field.into(),
            problem,
        });
    }

    fn length(&mut self, field: &str, value: &str, min: u16, max: u16) {
        let length = value.chars().count();
        if length < usize::from(min) || length > usize::from(max) {
            self.add(field, FieldProblem::Length { min, max });
        }
    }
}

/// The address as it will be called: its spelling is normal from here on.
fn callback_url(asked: &NewOrder, addresses: AddressPolicy, errors: &mut Errors) -> Option<String> {
    let url = asked.callback_url.as_deref()?;
    errors.length("callback_url", url, 1, 2_048);
    match check_url(url, addresses) {
        Ok(url) => Some(url.into()),
        Err(_) => {
            errors.add("callback_url", FieldProblem::NotCallable);
            None
        }
    }
}

fn milliseconds(seconds: u32) -> i64 {
    i64::try_from(Duration::from_secs(u64::from(seconds)).as_millis()).unwrap_or(i64::MAX)
}

fn inputs(asked: &NewOrder, product: &Product, errors: &mut Errors) {
    for key in asked.inputs.0.keys() {
        if !product.inputs.iter().any(|field| field.key == *key) {
            errors.add(format!("inputs.{key}"), FieldProblem::NotAsked);
        }
    }
    for field in &product.inputs {
        input(field, asked.inputs.get(&field.key), errors);
    }
}

fn input(field: &InputField, value: Option<&str>, errors: &mut Errors) {
    let name = format!("inputs.{}", field.key);
    match value {
        None if field.required => errors.add(name, FieldProblem::Missing),
        None => {}
        Some(value) => {
            errors.length(&name, value, field.min_len, field.max_len);
            if !field.charset.admits(value) {
                errors.add(name, FieldProblem::Characters);
            }
        }
    }
}

/// Face value of one piece and price of all of them.
fn price(asked: &NewOrder, product: &Product, quantity: u32, errors: &mut Errors) -> Option<(Money, Money)> {
    let mut amount = |field: &str, text: &Option<String>| match text.as_deref().map(|text| Money::parse(text, product.currency)) {
        None => Some(None),
        Some(Ok(money)) => Some(Some(money)),
        Some(Err(_)) => {
            errors.add(field, FieldProblem::NotMoney);
            None
        }
    };
    let (face, max_price) = (amount("face_value", &asked.face_value), amount("max_price", &asked.max_price));
    let (face, max_price) = (face?, max_price?);
    let Some(denomination) = product.denomination(face) else {
        let choices = product
            .denominations
            .iter()
            .map(|d| Money::new(d.face_minor, product.currency).decimal())
            .collect();
        let problem = if face.is_some() {
            FieldProblem::NotOnSale { choices }
        } else {
            FieldProblem::Missing
        };
        errors.add("face_value", problem);
        return None;
    };
    let face = Money::new(denomination.face_minor, product.currency);
    let Some(price) = Money::new(denomination.price_minor, product.currency).times(quantity) else {
        errors.add(
            "quantity",
            FieldProblem::OutOfRange {
                min: 1,
                max: u64::from(product.max_quantity),
            },
        );
        return None;
    };
    if max_price.is_some_and(|max| price.minor > max.minor) {
        errors.add("max_price", FieldProblem::PriceAbove { price: price.decimal() });
    }
    Some((face, price))
}
