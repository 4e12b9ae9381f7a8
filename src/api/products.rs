//! What can be bought: face values with their prices, and what the buyer must enter.
//!
//! Suppliers, offers and costs are deliberately absent.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::domain::money::{Currency, Money};
use crate::domain::product::{Charset, Product, ProductKind};

use super::caller::visitor;
use super::problem::Problem;
use super::reply;
use super::state::ApiState;

/// `GET /v1/products`
pub(super) async fn list(request: HttpRequest, payload: Payload, state: Data<ApiState>) -> HttpResponse {
    reply::answer(&request, &state, "/v1/products", listed(&request, payload, &state)).await
}

async fn listed(request: &HttpRequest, payload: Payload, state: &ApiState) -> Result<HttpResponse, Problem> {
    let _pass = state.gates.looking.enter().ok_or(Problem::Overloaded)?;
    let _caller = visitor(request, payload, state).await?;
    let shelf = (state.shelf)();
    let products = shelf.catalog().products.iter();
    let products = products.filter(|product| product.on_sale).map(Shown::of).collect();
    Ok(reply::json(StatusCode::OK, &List { products }))
}

#[derive(Serialize)]
struct List<'a> {
    products: Vec<Shown<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    sku: &'a str,
    sku_no: u32,
    name: &'a str,
    kind: ProductKind,
    currency: Currency,
    denominations: Vec<Priced>,
    inputs: Vec<Asked<'a>>,
    max_quantity: u32,
    deadline_seconds: u32,
}

#[derive(Serialize)]
struct Priced {
    face_value: String,
    price: String,
}

#[derive(Serialize)]
struct Asked<'a> {
    key: &'a str,
    required: bool,
    charset: Charset,
    min_len: u16,
    max_len: u16,
    recipient: bool,
}

impl<'a> Shown<'a> {
    fn of(product: &'a Product) -> Self {
        let decimal = |minor| Money::new(minor, product.currency).decimal();
        let denominations = product.denominations.iter().map(|denomination| Priced {
            face_value: decimal(denomination.face_minor),
            price: decimal(denomination.price_minor),
        });
        let inputs = product.inputs.iter().map(|input| Asked {
            key: &input.key,
            required: input.required,
            charset: input.charset,
            min_len: input.min_len,
            max_len: input.max_len,
            recipient: input.is_recipient,
        });
        Self {
            sku: product.sku.as_str(),
            sku_no: product.sku_no,
            name: &product.name,
            kind: product.kind,
            currency: product.currency,
            denominations: denominations.collect(),
            inputs: inputs.collect(),
            max_quantity: product.max_quantity,
            deadline_seconds: product.deadline_seconds,
        }
    }
}
