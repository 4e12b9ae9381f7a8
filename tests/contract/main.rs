//! The contract of every dialect: what it may never conclude, whatever a supplier sends.
//!
//! The samples inside the dialect files prove what they say; here it is proven that nothing else is
//! ever a fact: not a reply cut off, not a flipped byte, not rubbish.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

mod recipes;
mod refusals;
mod replies;
mod requests;
mod rubbish;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use recharge_gateway::adapters::{Adapter, Adapters, Call, LoadError};
use recharge_gateway::domain::attempt::{Attempt, AttemptState};
use recharge_gateway::domain::ids::{AttemptId, OrderId, SettingsDigest, ShopId, ShopOrderNo, Sku, SupplierId};
use recharge_gateway::domain::money::{Currency, Money};
use recharge_gateway::domain::order::{Asked, Fingerprint, Terms};
use recharge_gateway::domain::product::ProductKind;
use recharge_gateway::domain::recipient::Inputs;
use secrecy::SecretString;

/// 2026-01-01 00:00:01 in China.
const OPENED_MS: i64 = 1_767_196_801_000;

/// The embedded dialects with the least that each needs.
const SUPPLIERS: &str = r#"
[supplier.dayuanren]
dialect = "dayuanren"
base_url = "https://dayuanren.example"
cfg = { userid = "10001" }
secrets = { key = "TEST" }
[supplier.ofpay]
dialect = "ofpay"
base_url = "https://ofpay.example"
cfg = { userid = "A00001" }
secrets = { key = "OFPAY", password = "PASSWORD" }
[supplier.kasushou]
dialect = "kasushou"
base_url = "https://kasushou.example"
cfg = { userid = "20002" }
secrets = { key = "TEST" }
"#;

const NAMES: [&str; 3] = ["dayuanren", "ofpay", "kasushou"];

/// The secrets of the dialects' own samples.
fn secret(name: &str) -> Option<SecretString> {
    let value = match name {
        "TEST" => "testkey",
        "OFPAY" => "KEYSTR",
        "PASSWORD" => "pw123456",
        _ => return None,
    };
    Some(SecretString::from(value))
}

fn load(text: &str) -> Result<Adapters, LoadError> {
    Adapters::load("adapters.toml", text, &secret, &[])
}

/// One of the embedded dialects' adapters, loaded once for all tests.
fn adapter(name: &str) -> Arc<Adapter> {
    static ALL: OnceLock<Adapters> = OnceLock::new();
    let all = ALL.get_or_init(|| load(SUPPLIERS).unwrap_or_else(|error| panic!("{error:?}")));
    Arc::clone(all.get(&SupplierId::from(name)).unwrap())
}

/// An attempt and its order, owned.
struct Story {
    id: AttemptId,
    attempt: Attempt,
    terms: Terms,
    inputs: Inputs,
}

impl Story {
    fn new() -> Self {
        let cny = |minor| Money::new(minor, Currency::Cny);
        let inputs = Inputs(BTreeMap::from([("account".to_owned(), "13800138000".to_owned())]));
        let sku = Sku::from("phone-100");
        Self {
            id: AttemptId {
                order: OrderId::compose(OPENED_MS, 1, 1).unwrap(),
                seq: 1,
            },
            attempt: Attempt {
                seq: 1,
                supplier: SupplierId::from("any"),
                settings: SettingsDigest::from("any"),
                code: "77".into(),
                cost: cny(9_850),
                opened_at_ms: OPENED_MS,
                transmissions: Vec::new(),
                state: AttemptState::Sent,
                supplier_ref: None,
                queries: 0,
                not_found: 0,
                recalls: 0,
                is_hinted: false,
                is_known_there: false,
            },
            terms: Terms {
                shop: ShopId(1),
                shop_order_no: ShopOrderNo::from("S1"),
                sku: sku.clone(),
                kind: ProductKind::TopUp,
                quantity: 1,
                face: cny(10_000),
                price: cny(9_900),
                may_lose_money: false,
                floor_minor: 0,
                fingerprint: Fingerprint::of(&Asked {
                    sku: &sku,
                    quantity: 1,
                    face_value: None,
                    max_price: None,
                    inputs: &inputs,
                    callback_url: None,
                    deadline_seconds: Some(600),
                }),
                deadline_ms: OPENED_MS + 600_000,
                callback_url: None,
                segment: None,
                advance_after_ms: None,
            },
            inputs,
        }
    }

    fn call(&self, now_ms: i64) -> Call<'_> {
        Call {
            attempt: &self.attempt,
            attempt_id: self.id,
            terms: &self.terms,
            inputs: &self.inputs,
            now_ms,
            notify_url: "https://gateway.example/notify/any",
        }
    }
}

fn reply(bytes: impl Into<Bytes>) -> http::Response<Bytes> {
    http::Response::new(bytes.into())
}

fn notification(bytes: impl Into<Bytes>) -> http::Request<Bytes> {
    http::Request::post("/notify/any").body(bytes.into()).unwrap()
}
