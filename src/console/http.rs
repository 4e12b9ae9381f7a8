//! `/admin/v1`: what the desk hears over HTTP, on an address of its own.
//!
//! The same calls and replies as on the socket, for desks that are not on this machine. Every request
//! names an operator by token, looking too; a word that moves money needs its second operator here as
//! there. Off unless `[admin] listen` says where, and never on the shops' door.
//!
//! Deliberately absent: TLS (a proxy in front speaks it), adding shops and importing catalogs (their
//! secrets and files stay on the machine), and letting the first operator in.

mod steering;

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{self, Data, Json, JsonConfig, Path, Query, ServiceConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use serde::Deserialize;

use super::admin::{AdminContext, perform};
use super::asked::{CaseFinding, ChargeAsked, FindingWord, RefundAsked, Signing, SupplierWord};
use super::calls::{AdminCall, AdminReply, Once, OrderKey, Trouble};
use super::operators;
use crate::domain::ids::SupplierId;

/// Longest body: a finding with its reason.
const MAX_BODY_BYTES: usize = 16 * 1024;
const MAX_CONNECTIONS: usize = 32;
/// For the head of a request, and for idling between two.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves `/admin/v1` on `listener`; stopped by its handle.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve_admin(listener: TcpListener, context: Arc<AdminContext>) -> io::Result<Server> {
    let server = HttpServer::new(move || App::new().configure(routes(Arc::clone(&context))))
        .workers(1)
        .client_request_timeout(PATIENCE)
        .client_disconnect_timeout(PATIENCE)
        .keep_alive(PATIENCE)
        .max_connections(MAX_CONNECTIONS)
        .shutdown_timeout(5)
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

/// Every route, for one actix application.
pub(super) fn routes(context: Arc<AdminContext>) -> impl FnOnce(&mut ServiceConfig) + Clone {
    move |cfg| {
        cfg.app_data(Data::from(context))
            .app_data(JsonConfig::default().limit(MAX_BODY_BYTES).content_type_required(false))
            .service(
                web::scope("/admin/v1")
                    .configure(steering::routes)
                    .route("/cases", web::get().to(cases))
                    .route("/cases/{key}", web::get().to(case))
                    .route("/cases/{key}/resolve", web::post().to(resolve))
                    .route("/orders/{id}", web::get().to(order))
                    .route("/orders/{id}/refunds", web::post().to(refund))
                    .route("/orders/{id}/charges", web::post().to(charge))
                    .route("/suppliers", web::get().to(suppliers))
                    .route("/suppliers/{name}/pause", web::post().to(pause))
                    .route("/suppliers/{name}/resume", web::post().to(resume))
                    .route("/operators", web::get().to(operator_list))
                    .route("/deeds", web::get().to(deeds)),
            );
    }
}

type Context = Data<AdminContext>;

/// What every word carries besides its own fields.
#[derive(Deserialize)]
struct Word<T> {
    reason: String,
    #[serde(flatten)]
    about: T,
}

#[derive(Deserialize)]
struct Found {
    found: FindingWord,
    amount: Option<String>,
}

#[derive(Deserialize)]
struct Refund {
    amount: String,
    key: String,
}

#[derive(Deserialize)]
struct Charge {
    amount: String,
    key: String,
    consent: String,
}

#[derive(Deserialize)]
struct Nothing {}

#[derive(Deserialize)]
struct About {
    about: Option<String>,
}

async fn cases(request: HttpRequest, context: Context) -> HttpResponse {
    says(&request, &context, AdminCall::CaseList).await
}

async fn case(request: HttpRequest, context: Context, key: Path<String>) -> HttpResponse {
    says(&request, &context, AdminCall::CaseShow { key: key.into_inner() }).await
}

async fn order(request: HttpRequest, context: Context, id: Path<String>) -> HttpResponse {
    let key = OrderKey::Id { id: id.into_inner() };
    says(&request, &context, AdminCall::OrderShow(key)).await
}

async fn suppliers(request: HttpRequest, context: Context) -> HttpResponse {
    says(&request, &context, AdminCall::SupplierList).await
}

async fn operator_list(request: HttpRequest, context: Context) -> HttpResponse {
    says(&request, &context, AdminCall::OperatorList).await
}

async fn deeds(request: HttpRequest, context: Context, about: Query<About>) -> HttpResponse {
    let subject = about.into_inner().about;
    says(&request, &context, AdminCall::Deeds { subject }).await
}

async fn resolve(request: HttpRequest, context: Context, key: Path<String>, word: Json<Word<Found>>) -> HttpResponse {
    let Word { reason, about } = word.into_inner();
    let asked = CaseFinding {
        key: key.into_inner(),
        found: about.found,
        amount: about.amount,
        signing: signing(&request, reason),
    };
    says(&request, &context, AdminCall::CaseResolve(asked)).await
}

async fn refund(request: HttpRequest, context: Context, id: Path<String>, word: Json<Word<Refund>>) -> HttpResponse {
    let Word { reason, about } = word.into_inner();
    let asked = RefundAsked {
        order: OrderKey::Id { id: id.into_inner() },
        amount: about.amount,
        key: about.key,
        signing: signing(&request, reason),
    };
    says(&request, &context, AdminCall::OrderRefund(asked)).await
}

async fn charge(request: HttpRequest, context: Context, id: Path<String>, word: Json<Word<Charge>>) -> HttpResponse {
    let Word { reason, about } = word.into_inner();
    let asked = ChargeAsked {
        order: OrderKey::Id { id: id.into_inner() },
        amount: about.amount,
        key: about.key,
        consent: about.consent,
        signing: signing(&request, reason),
    };
    says(&request, &context, AdminCall::OrderCharge(asked)).await
}

async fn pause(request: HttpRequest, context: Context, name: Path<String>, word: Json<Word<Nothing>>) -> HttpResponse {
    let word = supplier_word(&request, &name, word.into_inner());
    says(&request, &context, AdminCall::SupplierPause(word)).await
}

async fn resume(request: HttpRequest, context: Context, name: Path<String>, word: Json<Word<Nothing>>) -> HttpResponse {
    let word = supplier_word(&request, &name, word.into_inner());
    says(&request, &context, AdminCall::SupplierResume(word)).await
}

fn supplier_word(request: &HttpRequest, name: &str, word: Word<Nothing>) -> SupplierWord {
    SupplierWord {
        supplier: SupplierId::from(name),
        signing: signing(request, word.reason),
    }
}

/// `Authorization: Bearer name:token`.
fn pass(request: &HttpRequest) -> Once {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    Once(header.and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default().to_owned())
}

fn signing(request: &HttpRequest, reason: String) -> Signing {
    Signing {
        pass: pass(request),
        reason,
    }
}

/// Nothing is shown or done before the operator is known.
async fn says(request: &HttpRequest, context: &AdminContext, call: AdminCall) -> HttpResponse {
    if let Err(trouble) = operators::known(context, &pass(request)).await {
        return answered(StatusCode::UNAUTHORIZED, &AdminReply::Failed(trouble));
    }
    let reply = perform(context, call).await;
    let status = match &reply {
        AdminReply::Failed(Trouble { .. }) => StatusCode::UNPROCESSABLE_ENTITY,
        AdminReply::ShopAdded(_)
        | AdminReply::ShopCredited { .. }
        | AdminReply::Shops { .. }
        | AdminReply::Imported(_)
        | AdminReply::NotImported { .. }
        | AdminReply::Suppliers { .. }
        | AdminReply::SupplierChecks { .. }
        | AdminReply::Order(_)
        | AdminReply::Callbacks { .. }
        | AdminReply::CallbackDue { .. }
        | AdminReply::Cases { .. }
        | AdminReply::Case(_)
        | AdminReply::Desk(_)
        | AdminReply::OperatorAdded { .. }
        | AdminReply::Operators { .. }
        | AdminReply::Scorecard(_)
        | AdminReply::SteeringVersions { .. }
        | AdminReply::Steering { .. }
        | AdminReply::Link { .. }
        | AdminReply::SteeringDrafts { .. }
        | AdminReply::Replayed(_)
        | AdminReply::Explained(_)
        | AdminReply::Statement(_)
        | AdminReply::Deeds { .. } => StatusCode::OK,
        AdminReply::SteeringChecked { flaws } if flaws.is_empty() => StatusCode::OK,
        AdminReply::SteeringChecked { .. } => StatusCode::UNPROCESSABLE_ENTITY,
    };
    answered(status, &reply)
}

fn answered(status: StatusCode, reply: &AdminReply) -> HttpResponse {
    HttpResponse::build(status).insert_header(("cache-control", "no-store")).json(reply)
}

#[cfg(test)]
mod tests {
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use serde_json::{Value, json};

    use super::*;
    use crate::console::stage::Stage;

    struct Desk {
        context: Arc<AdminContext>,
        stage: Stage,
    }

    impl Desk {
        async fn with_operators() -> (Self, [String; 2]) {
            let stage = Stage::new();
            let mut passes: Vec<String> = Vec::new();
            for name in ["li", "wang"] {
                let signing = passes.first().map(|pass| Signing {
                    pass: Once(pass.clone()),
                    reason: "she starts today".to_owned(),
                });
                let name = name.to_owned();
                if let AdminReply::OperatorAdded { pass, .. } = stage.perform(AdminCall::OperatorAdd { name, signing }).await {
                    passes.push(pass.0);
                }
            }
            let context = Arc::new(stage.context.clone());
            (Self { context, stage }, passes.try_into().unwrap())
        }

        async fn ask(&self, request: TestRequest, pass: &str) -> (u16, Value) {
            let app = init_service(App::new().configure(routes(Arc::clone(&self.context)))).await;
            let request = request.insert_header((AUTHORIZATION, format!("Bearer {pass}")));
            let response = call_service(&app, request.to_request()).await;
            let status = response.status().as_u16();
            let body = read_body(response).await;
            (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
        }
    }

    #[actix_web::test]
    async fn nothing_is_shown_or_done_without_an_operators_token() {
        let (desk, [li, _]) = Desk::with_operators().await;
        for path in [
            "cases",
            "cases/x",
            "orders/1",
            "suppliers",
            "suppliers/alpha/scorecard",
            "steering",
            "operators",
            "deeds",
        ] {
            let get = || TestRequest::get().uri(&format!("/admin/v1/{path}"));
            for wrong in ["", "li", "li:0000", "nobody:"] {
                assert_eq!(desk.ask(get(), wrong).await.0, 401, "{path} {wrong:?}");
            }
            assert_ne!(desk.ask(get(), &li).await.0, 401, "{path}");
        }
        let pause = TestRequest::post()
            .uri("/admin/v1/suppliers/alpha/pause")
            .set_json(json!({ "reason": "late" }));
        assert_eq!(desk.ask(pause, "li:0000").await.0, 401);
        assert_eq!(desk.stage.running.paused.load(std::sync::atomic::Ordering::SeqCst), 0);
    }

    #[actix_web::test]
    async fn two_operators_refund_over_http_and_the_reply_says_where_it_stands() {
        let (desk, [li, wang]) = Desk::with_operators().await;
        let shop = desk.stage.add_shop("Alpha").await;
        desk.stage.credit(shop, "500.00", "bank-1").await;
        let order = desk.stage.delivered(shop, "A-1").await;
        let post = || {
            let body = json!({ "amount": "8.50", "key": "r1", "reason": "agreed with the shop" });
            TestRequest::post()
                .uri(&format!("/admin/v1/orders/{}/refunds", order.id))
                .set_json(body)
        };
        for (pass, standing) in [(&li, "proposed"), (&wang, "done"), (&wang, "done_before")] {
            let (status, body) = desk.ask(post(), pass).await;
            assert_eq!((status, &body["standing"]), (200, &standing.into()), "{body}");
        }
        let (status, body) = desk.ask(TestRequest::get().uri("/admin/v1/deeds?about=refund:"), &li).await;
        assert_eq!((status, body["deeds"].as_array().map(Vec::len)), (200, Some(2)), "{body}");
    }

    #[actix_web::test]
    async fn what_does_not_fit_is_refused_with_a_remedy_and_a_bad_body_is_not_heard() {
        let (desk, [li, _]) = Desk::with_operators().await;
        let post = |body: Value| TestRequest::post().uri("/admin/v1/cases/no-such/resolve").set_json(body);
        let (status, body) = desk.ask(post(json!({ "found": "explained", "reason": "seen" })), &li).await;
        assert_eq!(status, 422, "{body}");
        assert!(
            body["message"].as_str().unwrap().contains("no case") && body["remedy"].is_string(),
            "{body}"
        );
        for body in [
            json!({ "found": "explained" }),
            json!({ "found": "gone", "reason": "x" }),
            json!("x"),
        ] {
            assert_eq!(desk.ask(post(body.clone()), &li).await.0, 400, "{body}");
        }
        let long = json!({ "found": "explained", "reason": "x".repeat(20_000) });
        assert_eq!(desk.ask(post(long), &li).await.0, 413);
    }

    #[actix_web::test]
    async fn a_steering_document_is_checked_and_published_over_http() {
        let (desk, [li, _]) = Desk::with_operators().await;
        let wrong = json!({ "text": "[product.\"*\"]\nstrategy = \"luck\"\n" });
        let (status, reply) = desk
            .ask(TestRequest::post().uri("/admin/v1/steering/check").set_json(&wrong), &li)
            .await;
        assert_eq!((status, reply["flaws"][0]["field"].as_str()), (422, Some("line 2")));
        let good = json!({ "text": "", "reason": "a test" });
        let (status, reply) = desk.ask(TestRequest::post().uri("/admin/v1/steering").set_json(&good), &li).await;
        assert_eq!((status, reply["subject"].as_str()), (200, Some("steering:4")));
        let late = json!({ "text": "", "base": 2, "reason": "a test" });
        let (status, reply) = desk.ask(TestRequest::post().uri("/admin/v1/steering").set_json(&late), &li).await;
        assert_eq!(status, 422, "{reply}");
        let (status, reply) = desk.ask(TestRequest::get().uri("/admin/v1/suppliers/alpha/scorecard"), &li).await;
        assert_eq!((status, reply["score_bp"].as_u64()), (200, Some(8_700)));
    }
}
