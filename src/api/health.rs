//! Whether the process lives, whether it can take orders, and its measures. Unauthenticated, so
//! nothing here names an order, a shop or a secret; keep these paths inside your own network.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use serde_json::json;

use super::gates::Gate;
use super::reply;
use super::state::ApiState;

/// `GET /livez`: the process answers; restart it if it does not.
pub(super) async fn live() -> HttpResponse {
    reply::json(StatusCode::OK, &json!({ "status": "alive" }))
}

/// `GET /readyz`: orders can be taken; send no traffic here if not.
pub(super) async fn ready(state: Data<ApiState>) -> HttpResponse {
    let is_writable = state.store.is_writable();
    let is_accepting = state.front.is_accepting();
    let (status, word) = if is_writable && is_accepting {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not_ready")
    };
    let body = json!({ "status": word, "database_writable": is_writable, "accepting_orders": is_accepting });
    reply::json(status, &body)
}

/// `GET /metrics`: everything measured, in Prometheus' text form.
pub(super) async fn metrics(state: Data<ApiState>) -> HttpResponse {
    let gates = &state.gates;
    let stations: [(&'static str, &Gate); 5] = [
        ("reading", &gates.reading),
        ("submitting", &gates.submitting),
        ("looking", &gates.looking),
        ("notifying", &gates.notifying),
        ("waiting", &gates.waiting),
    ];
    for (station, gate) in stations {
        let inside = u32::try_from(gate.inside()).unwrap_or(u32::MAX);
        metrics::gauge!("api_in_flight", "station" => station).set(inside);
    }
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(state.metrics.render())
}
