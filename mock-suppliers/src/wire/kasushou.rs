//! Kasushou v2: JSON in and out; headers `UserId`, `Timestamp` (13 digits) and `Sign`.
//!
//! `POST /api/v1/{order/buy,order/info,user/info}`; `Sign = sha1hex(Timestamp + JSON + apikey)`, where JSON is the body
//! with its top keys sorted, no blanks, slashes and unicode unescaped, numbers in their shortest form (`98.5`, not
//! `98.50`), `{}` when empty. Codes of this mock's own choice: 401 signature or account, 4000 malformed, 4001 bad
//! account, 4002 balance, 4003 `external_orderno` exists, 4004 cost above `safe_price`; free text with HTTP 400 and
//! codes of 5000 and above appear in no list.
//!
//! Card secrets are shown by `order/info` only. A notification of a card product carries a decoy in its unsigned
//! `card_list`: whoever delivers that has trusted what nobody signed.

use serde_json::{Map, Value, json};
use sha1::{Digest, Sha1};

use super::{Answer, Ask, Named, Notice, Shelf, Told, same};
use crate::book::Settled;
use crate::config::Credentials;
use crate::http::{Reply, Request};
use crate::ledger::Refusal;
use crate::money::{fen, yuan};
use crate::order::{Order, Submission};

const JSON: &str = "application/json";
const MOST_CARDS: u32 = 1_000;

/// `sha1hex(time + sorted JSON + key)`.
fn sign(time: &str, body: &Map<String, Value>, key: &str) -> String {
    let mut sorted: Vec<_> = body.iter().collect();
    sorted.sort_by(|left, right| left.0.cmp(right.0));
    let sorted: Map<String, Value> = sorted.into_iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let text = format!("{time}{}{key}", Value::Object(sorted));
    hex::encode(Sha1::digest(text.as_bytes()))
}

pub(super) fn read(credentials: &Credentials, request: &Request) -> Result<Ask, Reply> {
    let Some(operation) = request.path.strip_prefix("/api/v1/") else {
        return Err(Reply::text(404, "no such page"));
    };
    if request.method != "POST" || !request.is_of_type(JSON) {
        return Err(refuse(4000, "请使用POST提交JSON"));
    }
    let bytes = if request.body.is_empty() { b"{}" } else { request.body.as_slice() };
    let body = match serde_json::from_slice(bytes) {
        Ok(Value::Object(body)) => body,
        Ok(_) | Err(_) => return Err(refuse(4000, "请求体不是JSON对象")),
    };
    let time = request.header("timestamp").unwrap_or_default();
    if time.len() != 13 || !time.bytes().all(|b| b.is_ascii_digit()) {
        return Err(refuse(401, "Timestamp错误"));
    }
    let given = request.header("sign").unwrap_or_default();
    if request.header("userid") != Some(credentials.user.as_str()) || !same(given, &sign(time, &body, &credentials.key)) {
        return Err(refuse(401, "签名错误"));
    }
    match operation {
        "order/buy" => submission(&body).map(Ask::Submit),
        "order/info" => named(&body).map(Ask::Query),
        "user/info" => Ok(Ask::Balance),
        _ => Err(Reply::text(404, "no such page")),
    }
}

/// A string, or a number as its text.
fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn submission(body: &Map<String, Value>) -> Result<Submission, Reply> {
    let need = |name: &str| text(body.get(name)).ok_or_else(|| refuse(4000, &format!("参数{name}错误")));
    let quantity: u32 = need("quantity")?
        .parse()
        .ok()
        .filter(|quantity| (1..=MOST_CARDS).contains(quantity))
        .ok_or_else(|| refuse(4000, "参数quantity错误"))?;
    let max_cost_minor = text(body.get("safe_price"))
        .map(|price| fen(&price).ok_or_else(|| refuse(4000, "参数safe_price错误")))
        .transpose()?;
    let account = body.get("attach").and_then(|attach| text(attach.get("recharge_account")));
    Ok(Submission {
        id: need("external_orderno")?,
        recipient: account.unwrap_or_default(),
        product: need("id")?,
        quantity,
        face_minor: None,
        max_cost_minor,
        notify_url: text(body.get("url")),
    })
}

fn named(body: &Map<String, Value>) -> Result<Named, Reply> {
    let list = |numbers: String| numbers.split(',').map(str::to_owned).collect();
    if let Some(ids) = text(body.get("external_orderno")) {
        return Ok(Named::Ids(list(ids)));
    }
    text(body.get("ordersn"))
        .map(|refs| Named::Refs(list(refs)))
        .ok_or_else(|| refuse(4000, "缺少订单号"))
}

fn reply(code: i64, message: &str, data: &Value) -> Reply {
    let body = json!({"code": code, "message": message, "data": data});
    Reply::new(200, JSON, body.to_string().into_bytes())
}

fn refuse(code: i64, message: &str) -> Reply {
    reply(code, message, &Value::Null)
}

/// 2 in progress, 3 done (in full or in part), 4 cancelled, 5 refunded.
fn status(settled: Settled) -> i64 {
    match settled {
        Settled::Processing => 2,
        Settled::Delivered | Settled::Partial => 3,
        Settled::Failed => 4,
        Settled::Reversed => 5,
    }
}

/// What the caller has got back, in fen.
fn back_minor(order: &Order, settled: Settled) -> i64 {
    order.cost_minor.saturating_sub(order.billed_minor(settled))
}

pub(super) fn write(shelf: Shelf<'_>, answer: &Answer) -> Reply {
    match answer {
        Answer::Accepted(told) => reply(
            200,
            "下单成功",
            &json!({
                "ordersn": told.order.supplier_ref,
                "external_orderno": told.order.id,
                "status": status(told.settled),
                "amount": yuan(told.order.cost_minor),
            }),
        ),
        Answer::Exists | Answer::ExistsAfterRace(_) => refuse(4003, "外部订单号已存在"),
        Answer::Refused(Refusal::BadNumber) => refuse(4001, "充值账号不正确"),
        Answer::Refused(Refusal::Balance) => refuse(4002, "余额不足"),
        Answer::Refused(Refusal::CostAboveLimit | Refusal::FaceMismatch) => refuse(4004, "商品价格高于安全价格"),
        Answer::Unlisted(pick) if pick % 2 == 0 => Reply::text(400, "系统繁忙，请稍后再试"),
        Answer::Unlisted(pick) => {
            let code = i64::try_from(pick % 100).unwrap_or_default();
            refuse(5000 + code, "系统异常")
        }
        Answer::Found(all, _) => {
            let data: Vec<Value> = all.iter().map(|told| line(shelf, told)).collect();
            reply(200, "success", &Value::Array(data))
        }
        Answer::Balance(minor) => reply(
            200,
            "success",
            &json!({"id": shelf.credentials.user, "username": "mock", "balance": yuan(*minor)}),
        ),
        // This wire has no recall, so nobody asked.
        Answer::Recalled(_) | Answer::Broken => Reply::text(500, "book not writable"),
    }
}

fn line(shelf: Shelf<'_>, told: &Told) -> Value {
    let Told { order, settled } = told;
    json!({
        "ordersn": order.supplier_ref,
        "external_orderno": order.id,
        "status": status(*settled),
        "quantity": order.quantity,
        "price": yuan(order.cost_minor / i64::from(order.quantity.max(1))),
        "amount": yuan(order.cost_minor),
        "has_back_money": yuan(back_minor(order, *settled)),
        "recharge_account": order.recipient,
        "card_list": cards(shelf, order, *settled),
    })
}

/// The card secrets of a delivered card order, always the same for one order number of the mock.
fn cards(shelf: Shelf<'_>, order: &Order, settled: Settled) -> Vec<Value> {
    if !shelf.card_products.contains(&order.product) || settled != Settled::Delivered {
        return Vec::new();
    }
    (0..order.quantity)
        .map(|n| {
            let digest = hex::encode(Sha1::digest(format!("{}/{}/{n}", order.id, order.supplier_ref).as_bytes()));
            let (number, password) = digest.split_at(16);
            json!({"card_no": format!("C{number}"), "card_password": password})
        })
        .collect()
}

pub(super) fn notice(shelf: Shelf<'_>, order: &Order, settled: Settled, now_ms: u64) -> Notice {
    let mut body = Map::new();
    body.insert("ordersn".to_owned(), json!(order.supplier_ref));
    body.insert("external_orderno".to_owned(), json!(order.id));
    body.insert("status".to_owned(), json!(status(settled)));
    body.insert("quantity".to_owned(), json!(order.quantity));
    body.insert("amount".to_owned(), json!(yuan(order.cost_minor)));
    let back = yuan(back_minor(order, settled));
    body.insert("has_back_money".to_owned(), json!(back));
    body.insert("recharge_account".to_owned(), json!(order.recipient));
    body.insert("time".to_owned(), json!(now_ms));
    let signature = sign(&now_ms.to_string(), &body, &shelf.credentials.key);
    let decoys = if shelf.card_products.contains(&order.product) {
        json!([{"card_no": "DECOY", "card_password": "DECOY"}])
    } else {
        json!([])
    };
    body.insert("card_list".to_owned(), decoys);
    body.insert("express_list".to_owned(), json!([]));
    body.insert("sign".to_owned(), json!(signature));
    Notice {
        content_type: JSON,
        body: Value::Object(body).to_string().into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_meets_the_published_recipe() {
        let body = r#"{"id": 77, "quantity": 1, "external_orderno": "K0001", "safe_price": 98.5,
            "attach": {"recharge_account": "13800138000"}, "url": "http://127.0.0.1:9/cb"}"#;
        assert_eq!(
            sign("1767225601000", &serde_json::from_str(body).unwrap(), "testkey"),
            "de27f2dacd87989a9480c10e26a141f2e480f84c"
        );
    }

    #[test]
    fn an_empty_body_is_signed_as_an_empty_object() {
        let digest = hex::encode(Sha1::digest(b"1767225601000{}testkey"));
        assert_eq!(sign("1767225601000", &Map::new(), "testkey"), digest);
    }
}
