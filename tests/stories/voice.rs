//! What suppliers say to the gateway unasked, signed as their documents say, or as a forger would.
//!
//! Written from the suppliers' documents and not with the gateway's own signing, so that a mistake
//! there cannot hide here.

use bytes::Bytes;
use md5::{Digest, Md5};
use mock_suppliers::Wire;
use recharge_gateway::domain::event::Event;
use recharge_gateway::domain::ids::OrderId;
use recharge_gateway::domain::order::Order;
use recharge_gateway::store::Store;
use serde_json::json;
use sha1::Sha1;

use crate::house::House;

/// A notification on its way.
pub struct Notice {
    pub content_type: &'static str,
    pub body: String,
}

/// North's form: every pair sorted, then the key.
pub fn north(number: &str, state: &str, amount: &str, key: &str) -> Notice {
    let mut pairs = vec![
        ("userid", "10001"),
        ("order_number", "CZH1"),
        ("out_trade_num", number),
        ("otime", "1767196900"),
        ("state", state),
        ("mobile", "13800000001"),
        ("remark", ""),
        ("charge_amount", amount),
        ("voucher", ""),
        ("charge_kami", ""),
    ];
    pairs.sort_unstable();
    let text: String = pairs.iter().map(|(name, value)| format!("{name}={value}&")).collect();
    let signature = hex::encode_upper(Md5::digest(format!("{text}apikey={key}")));
    Notice {
        content_type: "application/x-www-form-urlencoded",
        body: format!("{text}sign={signature}"),
    }
}

/// River's form, which nobody signs.
pub fn river(number: &str, code: &str) -> Notice {
    Notice {
        content_type: "application/x-www-form-urlencoded; charset=GBK",
        body: format!("ret_code={code}&sporder_id={number}&ordersuccesstime=20260101000201&err_msg="),
    }
}

/// Stone's JSON: keys sorted, between the time and the key.
pub fn stone(number: &str, status: u8, key: &str) -> Notice {
    // Sorted by hand: the signature is over the keys in this order.
    let mut body = json!({
        "amount": "98.00", "external_orderno": number, "has_back_money": "0.00", "ordersn": "KS1",
        "quantity": 1, "recharge_account": "13800000001", "status": status, "time": 1_767_225_700_000_u64,
    });
    let signature = hex::encode(Sha1::digest(format!("1767225700000{body}{key}")));
    body["card_list"] = json!([]);
    body["express_list"] = json!([]);
    body["sign"] = json!(signature);
    Notice {
        content_type: "application/json",
        body: body.to_string(),
    }
}

/// The key a supplier really signs with.
pub fn key_of(wire: Wire) -> String {
    wire.demo_credentials().key
}

impl House {
    /// Posts a notification in a supplier's name; the status and the answer, byte for byte.
    pub async fn hear(&self, supplier: &str, notice: &Notice) -> (u16, String) {
        let request = http::Request::post(format!("http://{}/notify/{supplier}", self.gateway.address()))
            .header("content-type", notice.content_type)
            .body(Bytes::from(notice.body.clone()))
            .unwrap();
        let (status, body) = self.shop.raw(request).await;
        (status, String::from_utf8(body).unwrap())
    }

    /// Whether the success of an order names an answer, and that answer is kept.
    pub async fn success_rests_on_evidence(&self, id: &str) -> bool {
        let id: OrderId = id.parse().unwrap();
        let history = self.gateway.store().history(id).await.unwrap();
        let kept = self.gateway.store().evidence(id).await.unwrap();
        history.iter().any(|recorded| {
            let Event::AttemptWon { evidence: Some(named), .. } = &recorded.event else {
                return false;
            };
            kept.iter().any(|evidence| evidence.id == *named && !evidence.body.is_empty())
        })
    }

    /// The order as the store has it.
    pub async fn stored(&self, id: &str) -> Order {
        let id: OrderId = id.parse().unwrap();
        self.gateway.store().order(id).await.unwrap().unwrap()
    }
}
