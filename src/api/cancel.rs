//! Calling an order off (R14): possible while no supplier may have it, and the same asked twice is one.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::caller::visitor;
use super::orders::{own_by_id, report};
use super::problem::Problem;
use super::reply;
use super::state::ApiState;
use crate::dispatch::Acted;
use crate::domain::decide::Refusal;

/// `POST /v1/orders/{id}/cancel`
pub(super) async fn cancel(request: HttpRequest, payload: Payload, id: Path<String>, state: Data<ApiState>) -> HttpResponse {
    let cancelled = cancelled(&request, payload, &id, &state);
    reply::answer(&request, &state, "/v1/orders/{id}/cancel", cancelled).await
}

async fn cancelled(request: &HttpRequest, payload: Payload, id: &str, state: &ApiState) -> Result<HttpResponse, Problem> {
    let _pass = state.gates.looking.enter().ok_or(Problem::Overloaded)?;
    let caller = visitor(request, payload, state).await?;
    let order = own_by_id(id, &caller.shop, state).await?.id;
    match state.front.cancel(order).await {
        Acted::Done | Acted::Repeated | Acted::Refused(Refusal::NothingNew) => {}
        Acted::Refused(Refusal::AttemptOpen) => return Err(Problem::OrderInFlight { order }),
        Acted::Refused(
            Refusal::Ended
            | Refusal::NoSuchAttempt
            | Refusal::MayNotResubmit
            | Refusal::MayNotAttest
            | Refusal::MayNotAssume
            | Refusal::MayNotAdvance
            | Refusal::KeyUsed
            | Refusal::MoreThanCaptured
            | Refusal::NothingToCharge
            | Refusal::NoFunds,
        ) => return Err(Problem::OrderEnded { order }),
        Acted::Absent => return Err(Problem::OrderNotFound),
        Acted::Unavailable => return Err(Problem::Unavailable),
        Acted::Unknown => return Err(Problem::OrderUnreadable { order }),
    }
    let order = own_by_id(id, &caller.shop, state).await?;
    Ok(report(request, &order, StatusCode::OK, state).await?)
}
