//! What shops send, through the shop API as an actix service: an order's body, a request's credentials,
//! an address that is asked.
//!
//! The heart behind the API has no funds, so an order that was understood is answered 402. Promises: no
//! answer is a fault of ours (5xx); an order that was understood is JSON to another parser too, with the
//! number it was taken under; no credentials pass but those that were made with the secret.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use actix_web::App;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use bytes::Bytes;
use futures_util::FutureExt;
use metrics_exporter_prometheus::PrometheusBuilder;
use recharge_gateway::api::{ApiLimits, ApiState, Front, auth, routes, sign};
use recharge_gateway::dispatch::{Acted, Heard, NewOrder, Scorecard, Shelf, Submitted, Turned};
use recharge_gateway::domain::ids::{OrderId, ShopId, SupplierId};
use recharge_gateway::domain::money::{Currency, Money};
use recharge_gateway::domain::order::Order;
use recharge_gateway::domain::shop::Shop;
use recharge_gateway::seams::{BoxFuture, Clock};
use recharge_gateway::store::{Catalog, MemoryStore, ShopRecord};
use secrecy::SecretString;

use super::{Read, Reader};
use crate::corpus;

const KEY: &str = "shop-one";
const SECRET: &str = "secret-of-shop-one";
const ORDERS: &str = "/v1/orders";
const NOW_MS: i64 = 1_800_000_000_000;
/// Between two requests, so that nonces are forgotten again.
const PAUSE_MS: i64 = 50;

/// The three ways in.
pub(super) fn all() -> Vec<Box<dyn Reader>> {
    vec![
        Box::new(Bodies(Door::open(), corpus::kept("orders"))),
        Box::new(Credentials::new(Door::open())),
        Box::new(Addresses(Door::open(), corpus::kept("addresses"))),
    ]
}

type Answering = Pin<Box<dyn Future<Output = (u16, Bytes)>>>;

/// The API, and a shop that knows how to sign.
struct Door {
    knock: Rc<dyn Fn(TestRequest) -> Answering>,
    clock: Arc<Ticks>,
    secret: SecretString,
}

/// A request's credentials.
struct Signed {
    timestamp: String,
    nonce: String,
    signature: String,
}

impl Door {
    fn open() -> Self {
        let clock = Arc::new(Ticks(AtomicI64::new(NOW_MS)));
        let shelf = Arc::new(Shelf::new(Catalog {
            shops: vec![shop()],
            products: Vec::new(),
            offers: Vec::new(),
        }));
        let state = ApiState::new(
            Arc::new(NoFunds),
            Arc::new(MemoryStore::new()),
            Arc::new(move || Arc::clone(&shelf)),
            Arc::<Ticks>::clone(&clock),
            PrometheusBuilder::new().build_recorder().handle(),
            ApiLimits::default(),
        );
        let app = init_service(App::new().configure(routes(Arc::new(state)))).now_or_never();
        let app = Rc::new(app.expect("the API is made without waiting"));
        let knock = move |request: TestRequest| -> Answering {
            let app = Rc::clone(&app);
            Box::pin(async move {
                let response = call_service(&*app, request.to_request()).await;
                (response.status().as_u16(), read_body(response).await)
            })
        };
        Self {
            knock: Rc::new(knock),
            clock,
            secret: SecretString::from(SECRET),
        }
    }

    fn answer(&self, request: TestRequest) -> (u16, Bytes) {
        let answer = (self.knock)(request).now_or_never();
        answer.expect("the API answers without waiting when all is there")
    }

    /// Credentials that are right, and were not used before.
    fn sign(&self, method: &str, target: &str, body: &[u8]) -> Signed {
        let now_ms = self.clock.0.fetch_add(PAUSE_MS, Ordering::Relaxed);
        let (timestamp, nonce) = ((now_ms / 1_000).to_string(), format!("nonce-{now_ms}"));
        Signed {
            signature: sign(&self.secret, method, target, &timestamp, &nonce, body),
            timestamp,
            nonce,
        }
    }

    fn signed(&self, request: TestRequest, method: &str, target: &str, body: &[u8]) -> TestRequest {
        let signed = self.sign(method, target, body);
        request
            .insert_header((auth::KEY, KEY))
            .insert_header((auth::TIMESTAMP, signed.timestamp))
            .insert_header((auth::NONCE, signed.nonce))
            .insert_header((auth::SIGNATURE, signed.signature))
    }
}

fn shop() -> ShopRecord {
    ShopRecord {
        shop: Shop {
            id: ShopId(1),
            name: "Shop one".to_owned(),
            key: KEY.to_owned(),
            currency: Currency::Cny,
            credit_limit_minor: 0,
            active: true,
        },
        request_secrets: vec![SecretString::from(SECRET)],
        callback_secrets: Vec::new(),
    }
}

fn fault_of_ours(status: u16, body: &Bytes) -> Option<Read> {
    (status >= 500).then(|| Read::Broke(format!("answered {status}: {}", String::from_utf8_lossy(body))))
}

/// Bodies of orders, rightly signed.
struct Bodies(Door, Vec<Vec<u8>>);

impl Reader for Bodies {
    fn name(&self) -> &'static str {
        "orders"
    }

    fn seeds(&self) -> &[Vec<u8>] {
        &self.1
    }

    fn share(&self) -> u64 {
        12
    }

    fn read(&mut self, input: &[u8]) -> Read {
        let request = TestRequest::post().uri(ORDERS).insert_header(("content-type", "application/json"));
        let request = self.0.signed(request, "POST", ORDERS, input);
        let (status, body) = self.0.answer(request.set_payload(Bytes::copy_from_slice(input)));
        if let Some(broke) = fault_of_ours(status, &body) {
            return broke;
        }
        if status != 402 {
            return Read::Refused;
        }
        let other = serde_json::from_slice::<serde_json::Value>(input).unwrap_or_default();
        match other["shop_order_no"].as_str() {
            Some(_) => Read::Understood,
            None => Read::Broke("an order was understood in what is no order to another parser".to_owned()),
        }
    }
}

/// The four headers, one a line.
struct Credentials {
    door: Door,
    seeds: Vec<Vec<u8>>,
}

impl Credentials {
    fn new(door: Door) -> Self {
        let signed = Self::right(&door);
        let seeds = vec![Self::lines(&signed).into_bytes()];
        Self { door, seeds }
    }

    fn right(door: &Door) -> Signed {
        door.sign("POST", ORDERS, ORDER)
    }

    fn lines(signed: &Signed) -> String {
        format!("{KEY}\n{}\n{}\n{}", signed.timestamp, signed.nonce, signed.signature)
    }
}

const ORDER: &[u8] = br#"{"shop_order_no":"A-1","sku":"phone-100","inputs":{"account":"13800138000"}}"#;

impl Reader for Credentials {
    fn name(&self) -> &'static str {
        "credentials"
    }

    fn seeds(&self) -> &[Vec<u8>] {
        &self.seeds
    }

    fn share(&self) -> u64 {
        8
    }

    fn read(&mut self, input: &[u8]) -> Read {
        let mut request = TestRequest::post().uri(ORDERS).insert_header(("content-type", "application/json"));
        let names = [auth::KEY, auth::TIMESTAMP, auth::NONCE, auth::SIGNATURE];
        for (place, line) in input.split(|byte| *byte == b'\n').enumerate() {
            // What is no header's value is refused by the server under the API.
            let Ok(value) = HeaderValue::from_bytes(line) else {
                return Read::Refused;
            };
            let name: HeaderName = names[place % names.len()].parse().unwrap();
            request = request.append_header((name, value));
        }
        let (status, body) = self.door.answer(request.set_payload(ORDER));
        if let Some(broke) = fault_of_ours(status, &body) {
            return broke;
        }
        // Used before, they are right all the same.
        let is_repeated = String::from_utf8_lossy(&body).contains("\"nonce_repeated\"");
        let is_theirs = self.seeds.iter().any(|seed| seed == input);
        match status == 402 || is_repeated {
            true if is_theirs => Read::Understood,
            true => Read::Broke("credentials passed that nobody with the secret made".to_owned()),
            false => Read::Refused,
        }
    }
}

/// Paths and queries, rightly signed where a shop could.
struct Addresses(Door, Vec<Vec<u8>>);

impl Reader for Addresses {
    fn name(&self) -> &'static str {
        "addresses"
    }

    fn seeds(&self) -> &[Vec<u8>] {
        &self.1
    }

    fn share(&self) -> u64 {
        8
    }

    fn read(&mut self, input: &[u8]) -> Read {
        let text = std::str::from_utf8(input).ok().filter(|text| text.starts_with('/'));
        let Some(uri) = text.and_then(|text| text.parse::<actix_web::http::Uri>().ok()) else {
            return Read::Refused;
        };
        let target = uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
        let request = self.0.signed(TestRequest::get().uri(&target), "GET", &target, b"");
        let (status, body) = self.0.answer(request);
        fault_of_ours(status, &body).unwrap_or_else(|| Read::understood(status == 200))
    }
}

/// Moves only when asked; nothing waits here.
struct Ticks(AtomicI64);

impl Clock for Ticks {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.now_ms()).unwrap())
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }
}

/// A working heart that turns every order away for want of money.
struct NoFunds;

impl Front for NoFunds {
    fn scorecard(&self, _: &SupplierId) -> Scorecard {
        Scorecard::default()
    }

    fn submit(&self, _: NewOrder) -> BoxFuture<'_, Result<Submitted, Turned>> {
        let (available, price) = (Money::new(0, Currency::Cny), Money::new(9_900, Currency::Cny));
        Box::pin(std::future::ready(Err(Turned::NoFunds { available, price })))
    }

    fn verdict(&self, order: Arc<Order>, _: Duration) -> BoxFuture<'_, Arc<Order>> {
        Box::pin(std::future::ready(order))
    }

    fn cancel(&self, _: OrderId) -> BoxFuture<'_, Acted> {
        Box::pin(std::future::ready(Acted::Absent))
    }

    fn notification(&self, _: String, _: http::Request<Bytes>) -> BoxFuture<'_, Heard> {
        Box::pin(std::future::ready(Heard::Unreadable))
    }

    fn is_accepting(&self) -> bool {
        true
    }
}
