//! An attempt and its order, about which suppliers are made to speak.

use std::collections::BTreeMap;

use recharge_gateway::adapters::Call;
use recharge_gateway::domain::attempt::{Attempt, AttemptState};
use recharge_gateway::domain::ids::{AttemptId, OrderId, SettingsDigest, ShopId, ShopOrderNo, Sku, SupplierId};
use recharge_gateway::domain::money::{Currency, Money};
use recharge_gateway::domain::order::{Asked, Fingerprint, Terms};
use recharge_gateway::domain::product::ProductKind;
use recharge_gateway::domain::recipient::Inputs;

/// When the attempt was opened: 2026-01-01 00:00:01 in China.
pub const OPENED_MS: i64 = 1_767_196_801_000;

/// The attempt, owned.
pub struct Story {
    /// The number that suppliers see.
    pub id: AttemptId,
    attempt: Attempt,
    terms: Terms,
    inputs: Inputs,
}

impl Default for Story {
    fn default() -> Self {
        let cny = |minor| Money::new(minor, Currency::Cny);
        let inputs = Inputs(BTreeMap::from([("account".to_owned(), "13800138000".to_owned())]));
        let sku = Sku::from("phone-100");
        let attempt = Attempt {
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
        };
        let asked = Asked {
            sku: &sku,
            quantity: 1,
            face_value: None,
            max_price: None,
            inputs: &inputs,
            callback_url: None,
            deadline_seconds: Some(600),
        };
        let terms = Terms {
            shop: ShopId(1),
            shop_order_no: ShopOrderNo::from("S1"),
            kind: ProductKind::TopUp,
            quantity: 1,
            face: cny(10_000),
            price: cny(9_900),
            may_lose_money: false,
            floor_minor: 0,
            fingerprint: Fingerprint::of(&asked),
            deadline_ms: OPENED_MS + 600_000,
            callback_url: None,
            sku,
            segment: None,
            advance_after_ms: None,
        };
        Self {
            id: AttemptId {
                order: OrderId::compose(OPENED_MS, 1, 1).unwrap(),
                seq: 1,
            },
            attempt,
            terms,
            inputs,
        }
    }
}

impl Story {
    /// The attempt, as adapters are asked about it.
    #[must_use]
    pub fn call(&self) -> Call<'_> {
        Call {
            attempt: &self.attempt,
            attempt_id: self.id,
            terms: &self.terms,
            inputs: &self.inputs,
            now_ms: OPENED_MS,
            notify_url: "https://gateway.example/notify/any",
        }
    }
}
