//! What every answer has in common: its language, that it is not to be cached, and its measure.

use std::future::Future;

use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::domain::failure::Locale;

use super::language;
use super::problem::Problem;
use super::state::ApiState;

/// Who reads the answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Audience {
    pub locale: Locale,
    /// A POST to a shop's path, other than about an order that stands: whoever sent it must be told
    /// whether an order may exist.
    pub posts_an_order: bool,
}

impl Audience {
    pub(super) fn of(request: &HttpRequest) -> Self {
        Self {
            locale: language::of(request),
            posts_an_order: request.method() == Method::POST && !is_about_no_new_order(request.path()),
        }
    }
}

fn is_about_no_new_order(path: &str) -> bool {
    path.starts_with("/notify/") || path.ends_with("/cancel")
}

/// Runs one handler's work, answers its problem if it has one, and measures it under `route`, which
/// is the pattern and never the path: a label may hold no order and no shop.
pub(super) async fn answer<W>(request: &HttpRequest, state: &ApiState, route: &'static str, work: W) -> HttpResponse
where
    W: Future<Output = Result<HttpResponse, Problem>>,
{
    let audience = Audience::of(request);
    let started = state.clock.monotonic();
    let response = match work.await {
        Ok(response) => response,
        Err(problem) => {
            metrics::counter!("api_problems_total", "route" => route, "code" => problem.code()).increment(1);
            problem.response(audience)
        }
    };
    let took = state.clock.monotonic().saturating_sub(started);
    let method = if request.method() == Method::POST { "POST" } else { "GET" };
    state.measures.count(route, method, response.status(), took);
    tracing::debug!(
        route,
        method,
        status = response.status().as_u16(),
        took_us = took.as_micros(),
        "answered"
    );
    finish(response, audience)
}

/// Adds what every answer carries.
pub(super) fn finish(mut response: HttpResponse, audience: Audience) -> HttpResponse {
    let language = header::HeaderValue::from_static(language::tag(audience.locale));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LANGUAGE, language);
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, header::HeaderValue::from_static("Accept-Language"));
    response
}

/// A JSON answer.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    HttpResponse::build(status).json(body)
}
