//! What a shop has, what its open orders hold, and what it may still spend.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::domain::money::{Currency, Money};

use super::caller::visitor;
use super::problem::Problem;
use super::reply;
use super::state::ApiState;

#[derive(Serialize)]
struct Shown {
    available: String,
    held: String,
    credit_limit: String,
    spendable: String,
    currency: Currency,
}

/// `GET /v1/balance`
pub(super) async fn show(request: HttpRequest, payload: Payload, state: Data<ApiState>) -> HttpResponse {
    reply::answer(&request, &state, "/v1/balance", shown(&request, payload, &state)).await
}

async fn shown(request: &HttpRequest, payload: Payload, state: &ApiState) -> Result<HttpResponse, Problem> {
    let _pass = state.gates.looking.enter().ok_or(Problem::Overloaded)?;
    let caller = visitor(request, payload, state).await?;
    let shop = &caller.shop;
    let balance = state.store.balance(shop.id, shop.currency).await?;
    let decimal = |minor| Money::new(minor, shop.currency).decimal();
    let shown = Shown {
        available: balance.available.decimal(),
        held: balance.held.decimal(),
        credit_limit: decimal(shop.credit_limit_minor),
        spendable: decimal(balance.available.minor.saturating_add(shop.credit_limit_minor)),
        currency: shop.currency,
    };
    Ok(reply::json(StatusCode::OK, &shown))
}
