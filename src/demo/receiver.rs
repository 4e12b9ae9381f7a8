//! The demo shop's callback receiver: verifies the signature as any shop would, remembers what came.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::Engine;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use crate::seams::{Clock, Spawner, SystemClock, TokioSpawner};

/// What arrived about one order.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    /// Distinct event ids.
    pub(super) ids: Vec<String>,
    /// The status each of them told.
    pub(super) statuses: Vec<String>,
    /// When the first arrived, UTC milliseconds.
    pub(super) first_at_ms: i64,
}

#[derive(Default)]
struct Book {
    told: BTreeMap<String, Told>,
    forged: u32,
}

/// A running receiver.
pub(super) struct Receiver {
    address: SocketAddr,
    server: ServerHandle,
    book: Arc<Mutex<Book>>,
}

struct Desk {
    secret: SecretString,
    book: Arc<Mutex<Book>>,
    clock: SystemClock,
}

impl Receiver {
    /// Listens on a free loopback port.
    pub(super) fn start(secret: SecretString) -> anyhow::Result<Self> {
        let book = Arc::new(Mutex::new(Book::default()));
        let desk = web::Data::new(Desk {
            secret,
            book: Arc::clone(&book),
            clock: SystemClock::new(),
        });
        let server = HttpServer::new(move || App::new().app_data(desk.clone()).route("/callbacks", web::post().to(receive)))
            .workers(1)
            .disable_signals()
            .bind(("127.0.0.1", 0))?;
        let address = server
            .addrs()
            .first()
            .copied()
            .ok_or_else(|| anyhow::anyhow!("no address was bound"))?;
        let server = server.run();
        let handle = server.handle();
        TokioSpawner::new(tokio::runtime::Handle::current()).spawn(Box::pin(async move {
            // It ends when it is stopped; how, nobody needs to know.
            let _ = server.await;
        }));
        Ok(Self {
            address,
            server: handle,
            book,
        })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/callbacks", self.address)
    }

    /// What was told about an order.
    pub(super) fn about(&self, order: &str) -> Option<Told> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner).told.get(order).cloned()
    }

    /// Distinct events received, and messages whose signature was wrong.
    pub(super) fn totals(&self) -> (usize, u32) {
        let book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        (book.told.values().map(|told| told.ids.len()).sum(), book.forged)
    }

    pub(super) async fn stop(&self) {
        self.server.stop(false).await;
    }
}

async fn receive(desk: web::Data<Desk>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let mut book = desk.book.lock().unwrap_or_else(PoisonError::into_inner);
    let Some((id, order, status)) = verified(&desk.secret, &request, &body) else {
        book.forged = book.forged.saturating_add(1);
        return HttpResponse::Unauthorized().finish();
    };
    let told = book.told.entry(order).or_default();
    if !told.ids.contains(&id) {
        if told.ids.is_empty() {
            told.first_at_ms = desk.clock.now_ms();
        }
        told.ids.push(id);
        told.statuses.push(status);
    }
    HttpResponse::NoContent().finish()
}

/// Event id, order and status, if the signature is right (Standard Webhooks: `v1,` and base64).
fn verified(secret: &SecretString, request: &HttpRequest, body: &[u8]) -> Option<(String, String, String)> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let (id, timestamp, signatures) = (header("webhook-id")?, header("webhook-timestamp")?, header("webhook-signature")?);
    let is_right = signatures
        .split(' ')
        .filter_map(|signature| signature.strip_prefix("v1,"))
        .any(|signature| {
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else {
                return false;
            };
            mac.update(format!("{id}.{timestamp}.").as_bytes());
            mac.update(body);
            let told = base64::engine::general_purpose::STANDARD.decode(signature);
            told.is_ok_and(|told| mac.verify_slice(&told).is_ok())
        });
    let told: serde_json::Value = serde_json::from_slice(body).ok()?;
    let field = |name: &str| {
        told.get("data")
            .and_then(|data| data.get(name))
            .and_then(|value| value.as_str())
            .map(str::to_owned)
    };
    is_right.then_some(())?;
    Some((id.to_owned(), field("id")?, field("status")?))
}
