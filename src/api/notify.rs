//! Suppliers' notifications: carried in as they arrived, answered as their dialect demands.
//!
//! Nothing is read here; authenticity and meaning are `dispatch`'s. Acknowledged only after the
//! fact is committed (R15), so every other answer is one that makes the supplier repeat it.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;

use crate::dispatch::Heard;

use super::body;
use super::problem::Problem;
use super::reply;
use super::state::ApiState;

/// `GET` or `POST /notify/{supplier}`
pub(super) async fn hear(request: HttpRequest, payload: Payload, supplier: Path<String>, state: Data<ApiState>) -> HttpResponse {
    let work = heard(&request, payload, supplier.into_inner(), &state);
    reply::answer(&request, &state, "/notify/{supplier}", work).await
}

async fn heard(request: &HttpRequest, payload: Payload, supplier: String, state: &ApiState) -> Result<HttpResponse, Problem> {
    let _pass = state.gates.notifying.enter().ok_or(Problem::Overloaded)?;
    let body = body::read(request, payload, state).await?;
    let carried = carry(request, body, state).ok_or(Problem::NotificationUnreadable)?;
    match state.front.notification(supplier, carried).await {
        Heard::Acknowledge(response) => Ok(verbatim(&response)),
        Heard::NoSuchSupplier => Err(Problem::SupplierUnknown),
        Heard::NotAuthentic => Err(Problem::NotificationNotAuthentic),
        Heard::Unreadable => Err(Problem::NotificationUnreadable),
        Heard::TooMany => Err(Problem::NotificationsTooMany),
        Heard::Unavailable => Err(Problem::Unavailable),
    }
}

/// The request in the types of the core, with its sender's address among the extensions.
fn carry(request: &HttpRequest, body: Bytes, state: &ApiState) -> Option<http::Request<Bytes>> {
    let mut carried = http::Request::new(body);
    *carried.method_mut() = request.method().as_str().parse().ok()?;
    *carried.uri_mut() = request.uri().to_string().try_into().ok()?;
    carried.headers_mut().reserve(request.headers().len());
    for (name, value) in request.headers() {
        let name = http::HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
        let value = http::HeaderValue::from_bytes(value.as_bytes()).ok()?;
        carried.headers_mut().append(name, value);
    }
    if let Some(sender) = state.limits.trusted_proxies.sender(request) {
        carried.extensions_mut().insert(sender);
    }
    Some(carried)
}

/// The acknowledgement as the supplier expects it; the framing of the body stays the server's.
fn verbatim(response: &http::Response<Bytes>) -> HttpResponse {
    let status = StatusCode::from_u16(response.status().as_u16()).unwrap_or(StatusCode::OK);
    let mut answer = HttpResponse::build(status);
    for (name, value) in response.headers() {
        let is_framing = [
            http::header::CONTENT_LENGTH,
            http::header::TRANSFER_ENCODING,
            http::header::CONNECTION,
        ]
        .contains(name);
        if !is_framing {
            answer.append_header((name.as_str(), value.as_bytes()));
        }
    }
    answer.body(response.body().clone())
}
