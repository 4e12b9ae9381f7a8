//! Dayuanren: UTF-8 form in, JSON out, `sign = UPPER(MD5(sorted k=v& + apikey=KEY))` over everything, empties too.
//!
//! `POST /yrapi.php/index/{recharge,check,cancel,user}`. Codes of this mock's own choice (the public texts name only 0, 1 and
//! 208): 3 signature, 4 balance, 5 bad number, 6 product or face value, 7 cost above `price`, 8 missing or malformed
//! parameter, 9 unknown method, 10 too late to withdraw, or unknown; 500 and above appear in no list.

use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::{Answer, Ask, Named, Notice, Told, form, same};
use crate::book::Settled;
use crate::config::Credentials;
use crate::http::{Reply, Request};
use crate::ledger::Refusal;
use crate::money::{fen, yuan};
use crate::order::{Order, Submission};

const FORM: &str = "application/x-www-form-urlencoded";

type Pairs = Vec<(String, String)>;

/// The signature over all pairs but `sign` itself.
fn sign(pairs: &[(String, String)], key: &str) -> String {
    let mut sorted: Vec<_> = pairs.iter().filter(|(name, _)| name != "sign").collect();
    sorted.sort();
    let mut text = String::new();
    for (name, value) in sorted {
        text.push_str(&format!("{name}={value}&"));
    }
    text.push_str("apikey=");
    text.push_str(key);
    hex::encode_upper(Md5::digest(text.as_bytes()))
}

pub(super) fn read(credentials: &Credentials, request: &Request) -> Result<Ask, Reply> {
    let method = request
        .path
        .strip_prefix("/yrapi.php/index/")
        .ok_or_else(|| Reply::text(404, "no such page"))?;
    if request.method != "POST" || !request.is_of_type(FORM) {
        return Err(refuse(8, "请使用POST表单提交"));
    }
    let pairs = pairs(&request.body).ok_or_else(|| refuse(8, "参数错误"))?;
    if get(&pairs, "userid") != Some(credentials.user.as_str()) {
        return Err(refuse(3, "用户不存在"));
    }
    let given = get(&pairs, "sign").unwrap_or_default();
    if !same(given, &sign(&pairs, &credentials.key)) {
        return Err(refuse(3, "签名错误"));
    }
    match method {
        "recharge" => submission(&pairs).map(Ask::Submit),
        "check" => {
            let ids: Vec<String> = need(&pairs, "out_trade_nums")?.split(',').map(str::to_owned).collect();
            Ok(Ask::Query(Named::Ids(ids)))
        }
        "cancel" => {
            let ids = need(&pairs, "out_trade_nums")?.split(',').map(str::to_owned).collect();
            Ok(Ask::Recall(ids))
        }
        "user" => Ok(Ask::Balance),
        _ => Err(refuse(9, "接口不存在")),
    }
}

fn pairs(body: &[u8]) -> Option<Pairs> {
    form::pairs(body)?
        .into_iter()
        .map(|(name, value)| Some((String::from_utf8(name).ok()?, String::from_utf8(value).ok()?)))
        .collect()
}

fn get<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn need<'a>(pairs: &'a [(String, String)], name: &str) -> Result<&'a str, Reply> {
    get(pairs, name)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| refuse(8, &format!("缺少参数{name}")))
}

fn optional_fen(pairs: &[(String, String)], name: &str) -> Result<Option<i64>, Reply> {
    get(pairs, name)
        .filter(|value| !value.is_empty())
        .map(|value| fen(value).ok_or_else(|| refuse(8, &format!("参数{name}错误"))))
        .transpose()
}

fn submission(pairs: &[(String, String)]) -> Result<Submission, Reply> {
    Ok(Submission {
        id: need(pairs, "out_trade_num")?.to_owned(),
        recipient: need(pairs, "mobile")?.to_owned(),
        product: need(pairs, "product_id")?.to_owned(),
        quantity: 1,
        face_minor: optional_fen(pairs, "amount")?,
        max_cost_minor: optional_fen(pairs, "price")?,
        notify_url: Some(need(pairs, "notify_url")?.to_owned()),
    })
}

fn reply(errno: i64, errmsg: &str, data: &Value) -> Reply {
    let body = json!({"errno": errno, "errmsg": errmsg, "data": data});
    Reply::new(200, "application/json; charset=utf-8", body.to_string().into_bytes())
}

fn refuse(errno: i64, errmsg: &str) -> Reply {
    reply(errno, errmsg, &json!([]))
}

/// `status` and `state` of a settled state.
fn codes(settled: Settled) -> (i64, i64) {
    match settled {
        Settled::Processing => (3, 0),
        Settled::Delivered => (4, 1),
        Settled::Partial => (9, 3),
        Settled::Failed => (5, 2),
        Settled::Reversed => (6, 2),
    }
}

pub(super) fn write(credentials: &Credentials, answer: &Answer) -> Reply {
    match answer {
        Answer::Accepted(Told { order, .. }) => reply(
            0,
            "提交成功",
            &json!({
                "order_number": order.supplier_ref,
                "out_trade_num": order.id,
                "mobile": order.recipient,
                "product_id": order.product,
                "total_price": yuan(order.cost_minor),
            }),
        ),
        Answer::Exists => refuse(1, "已经存在相同商户订单号的订单"),
        Answer::ExistsAfterRace(Told { order, .. }) => reply(
            208,
            "订单已存在",
            &json!({"order_number": order.supplier_ref, "out_trade_num": order.id}),
        ),
        Answer::Refused(Refusal::Balance) => refuse(4, "余额不足"),
        Answer::Refused(Refusal::BadNumber) => refuse(5, "充值号码不正确"),
        Answer::Refused(Refusal::FaceMismatch) => refuse(6, "产品面值不符"),
        Answer::Refused(Refusal::CostAboveLimit) => refuse(7, "产品成本价高于最高限价"),
        Answer::Unlisted(pick) => {
            let errno = [500, 501, 900, 999, -1];
            let place = usize::try_from(pick % 5).unwrap_or_default();
            refuse(errno.get(place).copied().unwrap_or(999), "系统繁忙")
        }
        Answer::Found(all, _) => {
            let data: Vec<Value> = all.iter().map(line).collect();
            reply(0, "查询成功", &Value::Array(data))
        }
        Answer::Balance(minor) => reply(
            0,
            "查询成功",
            &json!({"id": credentials.user, "username": "mock", "balance": yuan(*minor)}),
        ),
        Answer::Recalled(true) => reply(0, "申请成功", &json!({})),
        Answer::Recalled(false) => refuse(10, "订单不存在或已完成"),
        Answer::Broken => Reply::text(500, "book not writable"),
    }
}

fn line(told: &Told) -> Value {
    let (status, state) = codes(told.settled);
    json!({
        "order_number": told.order.supplier_ref,
        "out_trade_num": told.order.id,
        "mobile": told.order.recipient,
        "product_id": told.order.product,
        "status": status,
        "state": state,
        "charge_amount": yuan(told.order.delivered_minor(told.settled)),
        "total_price": yuan(told.order.billed_minor(told.settled)),
    })
}

pub(super) fn notice(credentials: &Credentials, order: &Order, settled: Settled, now_ms: u64) -> Notice {
    let (_, state) = codes(settled);
    let remark = match settled {
        Settled::Processing => "充值中",
        Settled::Delivered => "充值成功",
        Settled::Partial => "部分成功",
        Settled::Failed | Settled::Reversed => "充值失败",
    };
    let mut pairs: Pairs = [
        ("userid", credentials.user.clone()),
        ("order_number", order.supplier_ref.clone()),
        ("out_trade_num", order.id.clone()),
        ("otime", (now_ms / 1000).to_string()),
        ("state", state.to_string()),
        ("mobile", order.recipient.clone()),
        ("remark", remark.to_owned()),
        ("charge_amount", yuan(order.delivered_minor(settled))),
        ("voucher", String::new()),
        ("charge_kami", String::new()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec();
    let signature = sign(&pairs, &credentials.key);
    pairs.push(("sign".to_owned(), signature));
    Notice {
        content_type: FORM,
        body: form::encode(pairs.iter().map(|(n, v)| (n.as_str(), v.as_bytes()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_meets_the_published_recipe() {
        let body = b"userid=10001&out_trade_num=T20260101000001&product_id=12&mobile=13800138000&amount=100\
            &notify_url=http%3A%2F%2F127.0.0.1%3A9%2Fcb";
        let pairs = pairs(body).unwrap();
        assert_eq!(sign(&pairs, "testkey"), "05D74F1287EDC9FDE9DF0BA50CB18113");
    }

    #[test]
    fn empty_values_are_signed_and_the_signature_itself_is_not() {
        let with = pairs(b"a=&b=1&sign=x").unwrap();
        let without = pairs(b"b=1").unwrap();
        assert_ne!(sign(&with, "k"), sign(&without, "k"));
        assert_eq!(sign(&with, "k"), sign(&pairs(b"b=1&a=").unwrap(), "k"));
    }
}
