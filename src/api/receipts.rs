//! Receipts: what became of an order, signed, for a shop to keep and to show to others.
//!
//! A receipt stands by itself: `recharge-gateway receipt verify` or a few lines of Python check it
//! without the gateway. It names the request by its fingerprint, so that a shop can show for whom the
//! order was, and says nothing of recipients, card secrets, suppliers or costs.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::caller::visitor;
use super::orders::own_by_id;
use super::problem::Problem;
use super::reply;
use super::state::ApiState;
use crate::domain::ids::ShopId;
use crate::domain::order::Order;
use crate::domain::report::{Report, rfc3339};
use crate::store::LinkKept;
use crate::store::signer::PublicKey;

/// What the signature's header says it is.
pub const KIND: &str = "recharge-receipt+json";

/// What is signed.
#[derive(Serialize)]
struct Receipt<'a> {
    /// Of this form.
    version: u8,
    /// When it was signed; the order may have gone on since.
    issued_at: String,
    shop: ShopId,
    order: Report,
    /// The versioned hash of the request as the shop sent it (docs/shop-api.md).
    fingerprint: &'a str,
    /// The chain through the order's history: whatever the gateway shows of it later must fit.
    history: Vec<Link>,
}

#[derive(Serialize)]
struct Link {
    event: u32,
    at: String,
    link: String,
}

#[derive(Serialize)]
struct Keys<'a> {
    keys: [&'a PublicKey; 1],
}

/// `GET /v1/orders/{id}/receipt`.
pub(super) async fn receipt(request: HttpRequest, payload: Payload, id: Path<String>, state: Data<ApiState>) -> HttpResponse {
    let signed = signed(&request, payload, &id, &state);
    reply::answer(&request, &state, "/v1/orders/{id}/receipt", signed).await
}

/// `GET /.well-known/jwks.json`: the key that receipts are verified with.
pub(super) async fn keys(request: HttpRequest, state: Data<ApiState>) -> HttpResponse {
    reply::answer(&request, &state, "/.well-known/jwks.json", async {
        let signer = state.signer.as_ref().ok_or(Problem::RouteUnknown)?;
        Ok(reply::json(StatusCode::OK, &Keys { keys: [signer.key()] }))
    })
    .await
}

async fn signed(request: &HttpRequest, payload: Payload, id: &str, state: &ApiState) -> Result<HttpResponse, Problem> {
    let _pass = state.gates.looking.enter().ok_or(Problem::Overloaded)?;
    let caller = visitor(request, payload, state).await?;
    let signer = state.signer.as_ref().ok_or(Problem::RouteUnknown)?;
    let order = own_by_id(id, &caller.shop, state).await?;
    let links = state.store.links(order.id).await?;
    let text = serde_json::to_string(&written(&order, &links, state.clock.now_ms())).unwrap_or_default();
    Ok(HttpResponse::Ok().content_type("application/jose").body(signer.sign(KIND, &text)))
}

fn written<'a>(order: &'a Order, links: &[LinkKept], now_ms: i64) -> Receipt<'a> {
    // The order and its links are read one after the other: links of later commits are left out.
    let seen = links.iter().filter(|kept| kept.number <= order.version);
    Receipt {
        version: 1,
        issued_at: rfc3339(now_ms),
        shop: order.terms.shop,
        // Card secrets are the shop's own to show.
        order: Report {
            deliveries: None,
            ..Report::of(order, &[])
        },
        fingerprint: order.terms.fingerprint.as_str(),
        history: seen
            .map(|kept| Link {
                event: kept.number,
                at: rfc3339(kept.at_ms),
                link: hex::encode(kept.link),
            })
            .collect(),
    }
}
