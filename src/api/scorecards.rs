//! A supplier's own scorecard, under a link that an operator gave out (`supplier link`).
//!
//! Whoever has the link sees this one supplier's score, what cost it by the numbers it saw itself, what
//! we have there and may spend there today. Nothing about shops, single recipients, prices or other
//! suppliers is in it.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::problem::Problem;
use super::reply;
use super::state::ApiState;
use crate::dispatch::{NamedCard, scorecard_link};

/// `GET /scorecards/{token}`.
pub(super) async fn card(request: HttpRequest, token: Path<String>, state: Data<ApiState>) -> HttpResponse {
    reply::answer(&request, &state, "/scorecards/{token}", async {
        let _pass = state.gates.looking.enter().ok_or(Problem::Overloaded)?;
        let signer = state.signer.as_ref().ok_or(Problem::RouteUnknown)?;
        let supplier = scorecard_link::read(signer, &token, state.clock.now_ms()).ok_or(Problem::RouteUnknown)?;
        let card = state.front.scorecard(&supplier);
        Ok(reply::json(StatusCode::OK, &NamedCard { supplier, card }))
    })
    .await
}
