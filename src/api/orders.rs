//! Orders: taking one in, finding one again, and telling its story.
//!
//! A slot for taking in is held only while the order is taken in, not while its verdict is awaited:
//! a thousand patient shops must not keep the next order out.

use std::pin::pin;
use std::sync::Arc;

use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use crate::dispatch::{FieldProblem, Submitted};
use crate::domain::ids::{OrderId, ShopOrderNo};
use crate::domain::order::{Order, Verdict};
use crate::domain::outcome::Delivery;
use crate::domain::report::Report;
use crate::domain::shop::Shop;
use crate::store::Outage;

use super::caller::{believe, claim_of, visitor};
use super::problem::{Fault, Flaw, Problem};
use super::reply::{self, Audience};
use super::state::ApiState;
use super::{body, language, prefer, request, timeline as story};

/// `POST /v1/orders`
pub(super) async fn submit(request: HttpRequest, payload: Payload, state: Data<ApiState>) -> HttpResponse {
    // Pinned here: what is handed over by value lies twice in the future, and every request carries it.
    let work = pin!(submitted(&request, payload, &state));
    reply::answer(&request, &state, "/v1/orders", work).await
}

/// `GET /v1/orders?shop_order_no=`
pub(super) async fn find(request: HttpRequest, payload: Payload, state: Data<ApiState>) -> HttpResponse {
    reply::answer(&request, &state, "/v1/orders", found(&request, payload, &state)).await
}

/// `GET /v1/orders/{id}`
pub(super) async fn show(request: HttpRequest, payload: Payload, id: Path<String>, state: Data<ApiState>) -> HttpResponse {
    reply::answer(&request, &state, "/v1/orders/{id}", shown(&request, payload, &id, &state)).await
}

/// `GET /v1/orders/{id}/timeline`
pub(super) async fn timeline(request: HttpRequest, payload: Payload, id: Path<String>, state: Data<ApiState>) -> HttpResponse {
    reply::answer(&request, &state, "/v1/orders/{id}/timeline", told(&request, payload, &id, &state)).await
}

async fn submitted(request: &HttpRequest, payload: Payload, state: &ApiState) -> Result<HttpResponse, Problem> {
    if !state.front.is_accepting() {
        return Err(Problem::Unavailable);
    }
    let reading = state.gates.reading.enter();
    let Some(reading) = reading.filter(|_| !state.gates.submitting.is_full()) else {
        body::discard(payload).await;
        return Err(Problem::Overloaded);
    };
    let claim = claim_of(request, state)?;
    if !is_json(request) {
        return Err(Problem::NotJson);
    }
    let body = body::read(request, payload, state).await?;
    drop(reading);
    let submitting = state.gates.submitting.enter().ok_or(Problem::Overloaded)?;
    let caller = believe(&claim, request, &body, state)?;
    if !caller.shop.active {
        return Err(Problem::ShopSuspended);
    }
    let order = request::read(&body, caller.shop)?;
    drop(body);
    let submitted = state.front.submit(order).await?;
    drop(submitting);
    drop(caller.pass);
    let (status, order) = match submitted {
        Submitted::New(order) => (StatusCode::CREATED, order),
        Submitted::Same(order) => (StatusCode::OK, order),
    };
    let id = order.id;
    let mut response = patiently(request, order, status, state)
        .await
        .map_err(|Outage(_)| Problem::OrderUnreadable { order: id })?;
    if let Ok(location) = header::HeaderValue::try_from(format!("/v1/orders/{id}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

fn is_json(request: &HttpRequest) -> bool {
    let declared = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let mime = declared.and_then(|text| text.split(';').next());
    mime.is_some_and(|mime| mime.trim().eq_ignore_ascii_case("application/json"))
}

async fn found(request: &HttpRequest, payload: Payload, state: &ApiState) -> Result<HttpResponse, Problem> {
    let _pass = state.gates.looking.enter().ok_or(Problem::Overloaded)?;
    let caller = visitor(request, payload, state).await?;
    let number = shop_order_no(request.query_string())?;
    let order = state.store.order_by_shop_no(caller.shop.id, number).await?;
    let order = own(order, &caller.shop)?;
    Ok(report(request, &order, StatusCode::OK, state).await?)
}

/// The one parameter of a search, exactly once.
fn shop_order_no(query: &str) -> Result<ShopOrderNo, Problem> {
    const FIELD: &str = "shop_order_no";
    const KNOWN: [&str; 1] = [FIELD];
    let flaw = |field: &str, fault| {
        let field = field.chars().filter(|c| !c.is_control()).take(64).collect();
        Err(Problem::Fields(vec![Flaw { field, fault }]))
    };
    let mut number = None;
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if name != FIELD {
            return flaw(&name, Fault::UnknownField { known: &KNOWN });
        }
        if number.replace(value).is_some() {
            return flaw(FIELD, Fault::Repeated);
        }
    }
    match number {
        None => flaw(FIELD, Fault::Problem(FieldProblem::Missing)),
        Some(number) if request::is_shop_order_no(&number) => Ok(ShopOrderNo::from(&*number)),
        Some(_) => Err(Problem::OrderNotFound),
    }
}

async fn shown(request: &HttpRequest, payload: Payload, id: &str, state: &ApiState) -> Result<HttpResponse, Problem> {
    let pass = state.gates.looking.enter().ok_or(Problem::Overloaded)?;
    let caller = visitor(request, payload, state).await?;
    let order = own_by_id(id, &caller.shop, state).await?;
    drop((pass, caller.pass));
    Ok(patiently(request, Arc::new(order), StatusCode::OK, state).await?)
}

async fn told(request: &HttpRequest, payload: Payload, id: &str, state: &ApiState) -> Result<HttpResponse, Problem> {
    let _pass = state.gates.looking.enter().ok_or(Problem::Overloaded)?;
    let caller = visitor(request, payload, state).await?;
    let order = own_by_id(id, &caller.shop, state).await?;
    let history = state.store.history(order.id).await?;
    let told = story::tell(&order, &history, Audience::of(request).locale);
    Ok(reply::json(StatusCode::OK, &told))
}

pub(super) async fn own_by_id(id: &str, shop: &Shop, state: &ApiState) -> Result<Order, Problem> {
    let id: OrderId = id.parse().map_err(|_| Problem::OrderNotFound)?;
    own(state.store.order(id).await?, shop)
}

/// The order if it is this shop's; another shop's is as absent as none.
fn own(order: Option<Order>, shop: &Shop) -> Result<Order, Problem> {
    order.filter(|order| order.terms.shop == shop.id).ok_or(Problem::OrderNotFound)
}

/// The report, held back for the verdict as long as the client asked for and there is room to wait.
async fn patiently(request: &HttpRequest, order: Arc<Order>, status: StatusCode, state: &ApiState) -> Result<HttpResponse, Outage> {
    let patience = prefer::wait(request, state.limits.max_wait_seconds);
    let Some(patience) = patience.filter(|_| order.verdict.is_none()) else {
        return report(request, &order, status, state).await;
    };
    let room = state.gates.waiting.enter();
    let own_room = state.gates.waiting_per_shop.enter(order.terms.shop);
    let (Some(_room), Some(_own_room)) = (room, own_room) else {
        return report(request, &order, status, state).await;
    };
    let order = state.front.verdict(order, patience).await;
    let mut response = report(request, &order, status, state).await?;
    if let Ok(applied) = header::HeaderValue::try_from(format!("wait={}", patience.as_secs())) {
        response
            .headers_mut()
            .insert(header::HeaderName::from_static("preference-applied"), applied);
    }
    Ok(response)
}

pub(super) async fn report(request: &HttpRequest, order: &Order, status: StatusCode, state: &ApiState) -> Result<HttpResponse, Outage> {
    let deliveries: Vec<Delivery> = match &order.verdict {
        Some(Verdict::Succeeded { .. } | Verdict::PartiallySucceeded { .. }) => state.store.deliveries(order.id).await?,
        Some(Verdict::Failed { .. } | Verdict::Cancelled { .. }) | None => Vec::new(),
    };
    let report = Report::localized(order, &deliveries, language::of(request));
    Ok(reply::json(status, &report))
}
