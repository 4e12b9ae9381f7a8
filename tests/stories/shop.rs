//! The shop of the stories: signs like any shop, and takes callbacks like any shop.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::Engine;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use recharge_gateway::api::sign;
use recharge_gateway::net::{SupplierClient, SupplierProfile};
use recharge_gateway::seams::{Clock, Outbound, Random, Spawner, SystemClock, SystemRandom, TokioSpawner, Transport};
use secrecy::SecretString;
use serde_json::Value;
use sha2::Sha256;

/// Speaks to the gateway in one shop's name.
#[derive(Clone)]
pub struct Agent {
    address: SocketAddr,
    key: String,
    secret: SecretString,
    wire: SupplierClient,
}

impl Agent {
    pub fn new(address: SocketAddr, key: &str, secret: &str) -> Self {
        let profile = SupplierProfile {
            connect_timeout_ms: 2_000,
            concurrency: 64,
            keep_alive: false,
        };
        let wire = SupplierClient::new(profile).unwrap();
        Self {
            address,
            key: key.to_owned(),
            secret: SecretString::from(secret),
            wire,
        }
    }

    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.call(http::Method::POST, path, body.to_string(), &[]).await
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.call(http::Method::GET, path, String::new(), &[]).await
    }

    /// The same to a gateway that may be dying; `None` if it did not answer.
    pub async fn try_post(&self, path: &str, body: &Value) -> Option<(u16, Value)> {
        self.try_send(self.signed(&http::Method::POST, path, body.to_string(), &[])).await
    }

    pub async fn try_get(&self, path: &str) -> Option<(u16, Value)> {
        self.try_send(self.signed(&http::Method::GET, path, String::new(), &[])).await
    }

    pub async fn call(&self, method: http::Method, path: &str, body: String, headers: &[(&str, &str)]) -> (u16, Value) {
        self.send(self.signed(&method, path, body, headers)).await
    }

    pub fn signed(&self, method: &http::Method, path: &str, body: String, headers: &[(&str, &str)]) -> http::Request<Bytes> {
        let timestamp = SystemClock::new().now_ms().div_euclid(1_000).to_string();
        let mut nonce = [0_u8; 12];
        SystemRandom.fill(&mut nonce);
        let nonce = hex::encode(nonce);
        let signature = sign(&self.secret, method.as_str(), path, &timestamp, &nonce, body.as_bytes());
        let mut request = http::Request::builder()
            .method(method.clone())
            .uri(format!("http://{}{path}", self.address))
            .header("content-type", "application/json")
            .header("x-shop-key", &self.key)
            .header("x-timestamp", timestamp)
            .header("x-nonce", nonce)
            .header("x-signature", signature);
        let names_language = headers.iter().any(|(name, _)| *name == "accept-language");
        if !names_language {
            request = request.header("accept-language", "en");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Bytes::from(body)).unwrap()
    }

    /// Sends a request as it is; the status and the JSON body, or null.
    pub async fn send(&self, request: http::Request<Bytes>) -> (u16, Value) {
        self.try_send(request).await.expect("the gateway answers")
    }

    async fn try_send(&self, request: http::Request<Bytes>) -> Option<(u16, Value)> {
        let (status, body) = self.try_raw(request).await?;
        Some((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }

    /// Sends a request as it is; the status and the body, byte for byte.
    pub async fn raw(&self, request: http::Request<Bytes>) -> (u16, Vec<u8>) {
        self.try_raw(request).await.expect("the gateway answers")
    }

    async fn try_raw(&self, request: http::Request<Bytes>) -> Option<(u16, Vec<u8>)> {
        let outbound = Outbound {
            request,
            timeout_ms: 30_000,
            max_reply_bytes: 1 << 20,
        };
        let reply = self.wire.send(outbound).await.ok()?;
        Some((reply.status().as_u16(), reply.body().to_vec()))
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// One callback as it arrived.
#[derive(Debug, Clone)]
pub struct Letter {
    pub id: String,
    pub body: Value,
    pub raw: Vec<u8>,
}

#[derive(Default)]
struct Desk {
    letters: Mutex<Vec<Letter>>,
    forged: Mutex<u32>,
    /// Statuses to answer before answering 204.
    moods: Mutex<Vec<u16>>,
    secret: String,
}

/// Where the shop's callbacks arrive.
pub struct Mailbox {
    address: SocketAddr,
    desk: Arc<Desk>,
}

impl Mailbox {
    pub async fn open(secret: &str) -> Self {
        let desk = Arc::new(Desk {
            secret: secret.to_owned(),
            ..Desk::default()
        });
        let data = web::Data::from(Arc::clone(&desk));
        let server = HttpServer::new(move || App::new().app_data(data.clone()).route("/callbacks", web::post().to(receive)))
            .workers(1)
            .disable_signals()
            .bind(("127.0.0.1", 0))
            .unwrap();
        let address = server.addrs()[0];
        let server = server.run();
        let spawner = TokioSpawner::new(tokio::runtime::Handle::current());
        spawner.spawn(Box::pin(async move { server.await.unwrap() }));
        Self { address, desk }
    }

    pub fn url(&self) -> String {
        format!("http://{}/callbacks", self.address)
    }

    /// The next callbacks are answered with these statuses, then with 204.
    pub fn answer_with(&self, moods: &[u16]) {
        *self.desk.moods.lock().unwrap() = moods.to_vec();
    }

    /// Every callback about an order, repeats included, in order of arrival.
    pub fn about(&self, order: &str) -> Vec<Letter> {
        let letters = self.desk.letters.lock().unwrap();
        letters
            .iter()
            .filter(|letter| letter.body["data"]["id"] == order)
            .cloned()
            .collect()
    }

    /// The distinct event ids told about each order.
    pub fn events(&self) -> BTreeMap<String, BTreeSet<String>> {
        let letters = self.desk.letters.lock().unwrap();
        let mut events: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for letter in letters.iter() {
            let order = letter.body["data"]["id"].as_str().unwrap().to_owned();
            events.entry(order).or_default().insert(letter.id.clone());
        }
        events
    }

    pub fn forged(&self) -> u32 {
        *self.desk.forged.lock().unwrap()
    }
}

async fn receive(desk: web::Data<Desk>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let header = |name: &str| request.headers().get(name).unwrap().to_str().unwrap().to_owned();
    let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
    let mut mac = Hmac::<Sha256>::new_from_slice(desk.secret.as_bytes()).unwrap();
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(&body);
    let right = format!(
        "v1,{}",
        base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
    );
    if !header("webhook-signature").split(' ').any(|signature| signature == right) {
        *desk.forged.lock().unwrap() += 1;
        return HttpResponse::Unauthorized().finish();
    }
    let told = Letter {
        id,
        body: serde_json::from_slice(&body).unwrap(),
        raw: body.to_vec(),
    };
    desk.letters.lock().unwrap().push(told);
    let mut moods = desk.moods.lock().unwrap();
    let status = if moods.is_empty() { 204 } else { moods.remove(0) };
    HttpResponse::build(actix_web::http::StatusCode::from_u16(status).unwrap()).finish()
}
