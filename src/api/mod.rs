//! The shops' door: HTTP v1, suppliers' notifications, health and metrics.
//!
//! A request passes the same stations whatever it asks: a slot (`gates`), the form of its
//! credentials (`auth`), its body under a cap and a deadline (`body`), its signature and nonce,
//! and only then its meaning (`request`). `problem` is the only place where a fault meets HTTP.
//!
//! Invariants: nothing is parsed before it is authenticated; a shop sees only what is its own;
//! every error to a POST says whether this request may have made an order; no supplier is named.
//! Deliberately absent: deciding anything about an order. That is `dispatch`, seen as a `Front`.

pub mod auth;
mod balance;
mod body;
mod caller;
mod cancel;
pub mod gates;
mod health;
mod json;
mod language;
mod measures;
mod nonces;
mod notify;
mod orders;
mod peer;
mod prefer;
pub mod problem;
mod products;
pub mod receipts;
mod reply;
mod request;
mod scorecards;
pub mod server;
pub mod state;
mod timeline;
mod words;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use actix_web::guard;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource};

pub use auth::sign;
pub use problem::Problem;
pub use server::serve;
pub use state::{ApiLimits, ApiState, Front, ShelfSource};

/// Everything this room answers, for one actix application. Also sets the application's default
/// service, so other routes are added beside this, not another default.
pub fn routes(state: Arc<ApiState>) -> impl FnOnce(&mut ServiceConfig) + Clone {
    move |cfg| {
        cfg.app_data(Data::from(state))
            .service(
                resource("/v1/orders", "GET, POST")
                    .route(web::post().to(orders::submit))
                    .route(web::get().to(orders::find)),
            )
            .service(resource("/v1/orders/{id}", "GET").route(web::get().to(orders::show)))
            .service(resource("/v1/orders/{id}/cancel", "POST").route(web::post().to(cancel::cancel)))
            .service(resource("/v1/orders/{id}/timeline", "GET").route(web::get().to(orders::timeline)))
            .service(resource("/v1/orders/{id}/receipt", "GET").route(web::get().to(receipts::receipt)))
            .service(resource("/.well-known/jwks.json", "GET").route(web::get().to(receipts::keys)))
            .service(resource("/scorecards/{token}", "GET").route(web::get().to(scorecards::card)))
            .service(resource("/v1/products", "GET").route(web::get().to(products::list)))
            .service(resource("/v1/balance", "GET").route(web::get().to(balance::show)))
            .service(
                resource("/notify/{supplier}", "GET, POST")
                    .route(web::get().to(notify::hear))
                    .route(web::post().to(notify::hear)),
            )
            .service(probe("/livez").route(looking().to(health::live)))
            .service(probe("/readyz").route(looking().to(health::ready)))
            .service(probe("/metrics").route(looking().to(health::metrics)))
            .default_service(web::to(
                |request: HttpRequest| async move { refuse(&request, &Problem::RouteUnknown) },
            ));
    }
}

fn probe(path: &str) -> Resource {
    resource(path, "GET, HEAD")
}

fn looking() -> actix_web::Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// A resource that answers methods it has no route for with 405 and the ones it `allows`.
fn resource(path: &str, allows: &'static str) -> Resource {
    web::resource(path).default_service(web::to(move |request: HttpRequest| async move {
        refuse(&request, &Problem::MethodWrong { allows })
    }))
}

fn refuse(request: &HttpRequest, problem: &Problem) -> HttpResponse {
    reply::finish(problem.response(reply::Audience::of(request)), reply::Audience::of(request))
}
