//! Steering, scores and switches over HTTP.

use actix_web::web::{self, Json, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::{Context, Nothing, Word, says, signing, supplier_word};
use crate::console::drafts::DraftAsked;
use crate::console::replay::ReplayAsked;
use crate::console::steering::{ExplainAsked, PinWord, PublishAsked};
use crate::console::{AdminCall, SupplierWord};
use crate::domain::ids::SupplierId;

/// The routes, below `/admin/v1`.
pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/suppliers/{name}/drain", web::post().to(drain))
        .route("/suppliers/{name}/force-open", web::post().to(force_open))
        .route("/suppliers/{name}/pin", web::post().to(pin))
        .route("/suppliers/{name}/unpin", web::post().to(unpin))
        .route("/suppliers/{name}/scorecard", web::get().to(scorecard))
        .route("/suppliers/{name}/link", web::post().to(link))
        .route("/steering", web::get().to(versions))
        .route("/steering", web::post().to(publish))
        .route("/steering/check", web::post().to(check))
        .route("/steering/explain", web::post().to(explain))
        .route("/steering/replay", web::post().to(replay))
        .route("/steering/drafts", web::get().to(drafts))
        .route("/steering/drafts/{name}", web::put().to(keep))
        .route("/steering/{version}", web::get().to(document))
        .route("/steering/{version}/rollback", web::post().to(roll_back));
}

#[derive(Deserialize)]
struct Products {
    products: String,
}

#[derive(Deserialize)]
struct Days {
    days: u32,
}

#[derive(Deserialize)]
struct Draft {
    text: String,
}

#[derive(Deserialize)]
struct Document {
    base: Option<u32>,
    text: String,
}

async fn drain(request: HttpRequest, context: Context, name: Path<String>, word: Json<Word<Nothing>>) -> HttpResponse {
    let word = supplier_word(&request, &name, word.into_inner());
    says(&request, &context, AdminCall::SupplierDrain(word)).await
}

async fn force_open(request: HttpRequest, context: Context, name: Path<String>, word: Json<Word<Nothing>>) -> HttpResponse {
    let word = supplier_word(&request, &name, word.into_inner());
    says(&request, &context, AdminCall::SupplierForceOpen(word)).await
}

async fn pin(request: HttpRequest, context: Context, name: Path<String>, word: Json<Word<Products>>) -> HttpResponse {
    let asked = pin_word(&request, &name, word.into_inner());
    says(&request, &context, AdminCall::SupplierPin(asked)).await
}

async fn unpin(request: HttpRequest, context: Context, name: Path<String>, word: Json<Word<Products>>) -> HttpResponse {
    let asked = pin_word(&request, &name, word.into_inner());
    says(&request, &context, AdminCall::SupplierUnpin(asked)).await
}

async fn scorecard(request: HttpRequest, context: Context, name: Path<String>) -> HttpResponse {
    says(&request, &context, AdminCall::SupplierScorecard { name: name.into_inner() }).await
}

async fn link(request: HttpRequest, context: Context, name: Path<String>, asked: Json<Days>) -> HttpResponse {
    let (name, days) = (name.into_inner(), asked.into_inner().days);
    says(&request, &context, AdminCall::SupplierLink { name, days }).await
}

async fn versions(request: HttpRequest, context: Context) -> HttpResponse {
    says(&request, &context, AdminCall::RouteVersions).await
}

async fn document(request: HttpRequest, context: Context, version: Path<u32>) -> HttpResponse {
    let version = Some(version.into_inner());
    says(&request, &context, AdminCall::RouteShow { version }).await
}

async fn check(request: HttpRequest, context: Context, draft: Json<Draft>) -> HttpResponse {
    let text = draft.into_inner().text;
    says(&request, &context, AdminCall::RouteCheck { text }).await
}

async fn publish(request: HttpRequest, context: Context, word: Json<Word<Document>>) -> HttpResponse {
    let Word { reason, about } = word.into_inner();
    let asked = PublishAsked {
        base: about.base,
        text: about.text,
        signing: signing(&request, reason),
    };
    says(&request, &context, AdminCall::RoutePublish(asked)).await
}

async fn roll_back(request: HttpRequest, context: Context, version: Path<u32>, word: Json<Word<Nothing>>) -> HttpResponse {
    let signing = signing(&request, word.into_inner().reason);
    let version = version.into_inner();
    says(&request, &context, AdminCall::RouteRollBack { version, signing }).await
}

async fn explain(request: HttpRequest, context: Context, asked: Json<ExplainAsked>) -> HttpResponse {
    says(&request, &context, AdminCall::RouteExplain(asked.into_inner())).await
}

async fn replay(request: HttpRequest, context: Context, asked: Json<ReplayAsked>) -> HttpResponse {
    says(&request, &context, AdminCall::RouteReplay(asked.into_inner())).await
}

async fn drafts(request: HttpRequest, context: Context) -> HttpResponse {
    says(&request, &context, AdminCall::RouteDrafts).await
}

async fn keep(request: HttpRequest, context: Context, name: Path<String>, word: Json<Word<Draft>>) -> HttpResponse {
    let Word { reason, about } = word.into_inner();
    let asked = DraftAsked {
        name: name.into_inner(),
        text: about.text,
        signing: signing(&request, reason),
    };
    says(&request, &context, AdminCall::RouteDraft(asked)).await
}

fn pin_word(request: &HttpRequest, name: &str, word: Word<Products>) -> PinWord {
    PinWord {
        products: word.about.products,
        word: SupplierWord {
            supplier: SupplierId::from(name),
            signing: signing(request, word.reason),
        },
    }
}
