//! A card shop: signs its requests, never gives up on an order, may live in another time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use recharge_gateway::api::sign;
use recharge_gateway::net::{SupplierClient, SupplierProfile};
use recharge_gateway::seams::{Clock, Outbound, Random, SystemClock, SystemRandom, Transport};
use secrecy::SecretString;
use serde_json::{Value, json};

pub const SECRET: &str = "chaos-shop-secret";

/// Speaks to the gateway in one shop's name.
#[derive(Clone)]
pub struct Shop {
    address: SocketAddr,
    key: String,
    wire: SupplierClient,
    /// How far the gateway's clock is ahead of ours, in seconds.
    pub ahead_s: Arc<AtomicI64>,
}

/// What the gateway answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<String>,
    pub body: Value,
    pub took: Duration,
}

impl Shop {
    pub fn new(address: SocketAddr, key: &str) -> Self {
        let profile = SupplierProfile {
            connect_timeout_ms: 2_000,
            concurrency: 64,
            keep_alive: false,
        };
        Self {
            address,
            key: key.to_owned(),
            wire: SupplierClient::new(profile).unwrap(),
            ahead_s: Arc::default(),
        }
    }

    /// Orders a top-up; `None` if nothing was answered.
    pub async fn order(&self, number: &str, sku: &str, account: &str, callback_url: &str) -> Option<Answer> {
        let body = json!({
            "shop_order_no": number,
            "sku": sku,
            "inputs": { "account": account },
            "callback_url": callback_url,
        });
        self.call(&::http::Method::POST, "/v1/orders", body.to_string()).await
    }

    pub async fn get(&self, path: &str) -> Option<Answer> {
        self.call(&::http::Method::GET, path, String::new()).await
    }

    pub async fn call(&self, method: &::http::Method, path: &str, body: String) -> Option<Answer> {
        let clock = SystemClock::new();
        let timestamp = (clock.now_ms().div_euclid(1_000) + self.ahead_s.load(Ordering::Relaxed)).to_string();
        let mut nonce = [0_u8; 12];
        SystemRandom.fill(&mut nonce);
        let nonce = hex::encode(nonce);
        let secret = SecretString::from(SECRET);
        let signature = sign(&secret, method.as_str(), path, &timestamp, &nonce, body.as_bytes());
        let request = ::http::Request::builder()
            .method(method.clone())
            .uri(format!("http://{}{path}", self.address))
            .header("content-type", "application/json")
            .header("x-shop-key", &self.key)
            .header("x-timestamp", timestamp)
            .header("x-nonce", nonce)
            .header("x-signature", signature)
            .body(Bytes::from(body))
            .unwrap();
        let outbound = Outbound {
            request,
            timeout_ms: 30_000,
            max_reply_bytes: 1 << 20,
        };
        let begin = clock.monotonic();
        let reply = self.wire.send(outbound).await.ok()?;
        let header = |name: &str| Some(reply.headers().get(name)?.to_str().ok()?.to_owned());
        Some(Answer {
            status: reply.status().as_u16(),
            retry_after: header("retry-after"),
            body: serde_json::from_slice(reply.body()).unwrap_or(Value::Null),
            took: clock.monotonic().saturating_sub(begin),
        })
    }
}
