//! The whole room, exercised through the actix service without a socket: a scripted working heart,
//! a store of a few orders, and a clock that stands still until it is told otherwise.

mod bodies;
mod cancelling;
mod document;
mod fakes;
mod live;
mod looking;
mod notifying;
mod receipts;
mod scorecards;
mod signing;
mod stories;
mod taking_in;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use actix_web::App;
use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use bytes::Bytes;
use metrics_exporter_prometheus::PrometheusBuilder;
use secrecy::SecretString;
use serde_json::Value;

use super::{ApiLimits, ApiState, auth, routes, sign};
use crate::dispatch::Shelf;
use crate::store::{SealKey, Signer};
use fakes::{FakeClock, FakeFront, FakeStore};

/// The seconds at which the fake clock stands.
const NOW: i64 = 1_800_000_000;
const KEY: &str = "shop-one";
const OTHER_KEY: &str = "shop-two";
const SECRET: &str = "newest-secret-of-shop-one";
const OLD_SECRET: &str = "older-secret-of-shop-one";
const OTHER_SECRET: &str = "secret-of-shop-two";
const ORDER: &str = r#"{"shop_order_no":"A-1","sku":"mobile","inputs":{"account":"13800138000"},"face_value":"10.00"}"#;

/// Everything a test looks at or changes.
struct World {
    front: Arc<FakeFront>,
    store: Arc<FakeStore>,
    clock: Arc<FakeClock>,
    state: Arc<ApiState>,
    nonces: AtomicU32,
}

/// An answer, read to its end.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {:?}", self.body))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Status, code and whether an order may exist: what a program branches on.
    #[track_caller]
    fn refuses(&self, status: u16, code: &str, order_may_exist: bool) {
        let body = self.json();
        assert_eq!((self.status, body["code"].as_str()), (status, Some(code)), "{body}");
        assert_eq!(body["order_may_exist"], order_may_exist, "{body}");
        assert_eq!(body["status"], status);
        assert_eq!(self.header("content-type"), "application/problem+json");
    }
}

impl World {
    fn new() -> Self {
        Self::with(ApiLimits::default())
    }

    fn with(limits: ApiLimits) -> Self {
        let front = Arc::new(FakeFront::default());
        let store = Arc::new(FakeStore::default());
        let clock = Arc::new(FakeClock::at(NOW));
        let shelf = Arc::new(Shelf::new(fakes::catalog()));
        let state = ApiState::new(
            front.clone(),
            store.clone(),
            Arc::new(move || Arc::clone(&shelf)),
            clock.clone(),
            PrometheusBuilder::new().build_recorder().handle(),
            limits,
        )
        .signing(Arc::new(Signer::new(&SealKey::new([9; 32])).unwrap()));
        Self {
            front,
            store,
            clock,
            state: Arc::new(state),
            nonces: AtomicU32::new(0),
        }
    }

    /// Adds a correct signature with a fresh nonce.
    fn signed(&self, request: TestRequest, method: &str, target: &str, body: &str) -> TestRequest {
        let nonce = format!("nonce-{:08}", self.nonces.fetch_add(1, Ordering::Relaxed));
        signed_as(request, KEY, SECRET, &nonce, method, target, body)
    }

    async fn send(&self, request: TestRequest) -> Answer {
        let app = init_service(App::new().configure(routes(Arc::clone(&self.state)))).await;
        read(call_service(&app, request.to_request()).await).await
    }

    /// Like `send`, with a body that arrives as the test wants.
    async fn send_streaming(&self, request: TestRequest, payload: Payload) -> Answer {
        let app = init_service(App::new().configure(routes(Arc::clone(&self.state)))).await;
        let (request, _) = request.to_request().replace_payload(payload);
        read(call_service(&app, request).await).await
    }

    async fn post(&self, body: &str) -> Answer {
        self.send(self.posting(body)).await
    }

    fn posting(&self, body: &str) -> TestRequest {
        let request = TestRequest::post()
            .uri("/v1/orders")
            .insert_header(("Content-Type", "application/json"))
            .set_payload(body.to_owned());
        self.signed(request, "POST", "/v1/orders", body)
    }

    async fn get(&self, target: &str) -> Answer {
        self.send(self.getting(target)).await
    }

    fn getting(&self, target: &str) -> TestRequest {
        self.signed(TestRequest::get().uri(target), "GET", target, "")
    }
}

fn signed_as(request: TestRequest, key: &str, secret: &str, nonce: &str, method: &str, target: &str, body: &str) -> TestRequest {
    let timestamp = NOW.to_string();
    let signature = sign(&SecretString::from(secret), method, target, &timestamp, nonce, body.as_bytes());
    request
        .insert_header((auth::KEY, key))
        .insert_header((auth::TIMESTAMP, timestamp))
        .insert_header((auth::NONCE, nonce))
        .insert_header((auth::SIGNATURE, signature))
}

async fn read(response: actix_web::dev::ServiceResponse) -> Answer {
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let body = read_body(response).await;
    Answer { status, headers, body }
}
