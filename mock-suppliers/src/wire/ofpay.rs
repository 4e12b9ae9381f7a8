//! Ofpay: query or GBK form in, GBK XML out, `md5_str` over values without separators, unsigned notifications.
//!
//! `GET|POST /onlineorder.do`, `/queryorderinfo.do` and `/queryuserinfo.do` (the last two names are this mock's choice).
//! Signed values, then the key, MD5, upper case: submit userid, userpws, cardid, cardnum, sporder_id, sporder_time,
//! game_userid (and an unsigned `version=6.0`); query userid, userpws, sporder_id; balance userid, userpws. The wire has no word for partial success
//! nor for a price limit.

use encoding_rs::GBK;
use md5::{Digest, Md5};
use quick_xml::escape::escape;

use super::{Answer, Ask, Named, Notice, Told, form, same};
use crate::book::Settled;
use crate::clock::china_stamp;
use crate::config::Credentials;
use crate::http::{Reply, Request};
use crate::ledger::Refusal;
use crate::money::yuan;
use crate::order::{Order, Submission};

type Pairs = Vec<(String, String)>;

/// Upper-case MD5 of the joined values and the key, over their GBK bytes.
fn sign(values: &[&str], key: &str) -> String {
    let text = format!("{}{key}", values.concat());
    let (bytes, _, _) = GBK.encode(&text);
    hex::encode_upper(Md5::digest(&bytes))
}

/// The account's password as it travels.
fn password_digest(credentials: &Credentials) -> String {
    let password = credentials.password.as_deref().unwrap_or_default();
    hex::encode(Md5::digest(password.as_bytes()))
}

pub(super) fn read(credentials: &Credentials, request: &Request) -> Result<Ask, Reply> {
    let signed: &[&str] = match request.path.as_str() {
        "/onlineorder.do" => &["cardid", "cardnum", "sporder_id", "sporder_time", "game_userid"],
        "/queryorderinfo.do" => &["sporder_id"],
        "/queryuserinfo.do" => &[],
        _ => return Err(Reply::text(404, "no such page")),
    };
    let pairs = pairs(request).ok_or_else(|| refuse("1008", "缺少必需参数"))?;
    let password = password_digest(credentials);
    if get(&pairs, "userid") != Some(credentials.user.as_str()) || get(&pairs, "userpws") != Some(password.as_str()) {
        return Err(refuse("1001", "商户名验证错误"));
    }
    if request.path == "/onlineorder.do" && get(&pairs, "version") != Some("6.0") {
        return Err(refuse("1008", "缺少必需参数version"));
    }
    let mut values = vec![credentials.user.as_str(), password.as_str()];
    for name in signed {
        values.push(need(&pairs, name)?);
    }
    let given = get(&pairs, "md5_str").unwrap_or_default();
    if !same(given, &sign(&values, &credentials.key)) {
        return Err(refuse("1003", "MD5串验证错误"));
    }
    match request.path.as_str() {
        "/onlineorder.do" => submission(&pairs).map(Ask::Submit),
        "/queryorderinfo.do" => Ok(Ask::Query(Named::Ids(vec![need(&pairs, "sporder_id")?.to_owned()]))),
        _ => Ok(Ask::Balance),
    }
}

/// The parameters of the address and of a form body, decoded strictly from GBK.
fn pairs(request: &Request) -> Option<Pairs> {
    let mut text = request.query.clone().into_bytes();
    match request.method.as_str() {
        "GET" => {}
        "POST" if request.is_of_type("application/x-www-form-urlencoded") => {
            text.push(b'&');
            text.extend_from_slice(&request.body);
        }
        _ => return None,
    }
    let decode = |bytes: Vec<u8>| {
        GBK.decode_without_bom_handling_and_without_replacement(&bytes)
            .map(|text| text.into_owned())
    };
    form::pairs(&text)?
        .into_iter()
        .map(|(name, value)| Some((decode(name)?, decode(value)?)))
        .collect()
}

fn get<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn need<'a>(pairs: &'a [(String, String)], name: &str) -> Result<&'a str, Reply> {
    get(pairs, name)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| refuse("1008", &format!("缺少必需参数{name}")))
}

fn submission(pairs: &[(String, String)]) -> Result<Submission, Reply> {
    let time = need(pairs, "sporder_time")?;
    if time.len() != 14 || !time.bytes().all(|b| b.is_ascii_digit()) {
        return Err(refuse("1008", "sporder_time格式错误"));
    }
    let face_yuan: i64 = need(pairs, "cardnum")?
        .parse::<u32>()
        .ok()
        .filter(|yuan| *yuan > 0)
        .map(i64::from)
        .ok_or_else(|| refuse("1008", "cardnum格式错误"))?;
    Ok(Submission {
        id: need(pairs, "sporder_id")?.to_owned(),
        recipient: need(pairs, "game_userid")?.to_owned(),
        product: need(pairs, "cardid")?.to_owned(),
        quantity: 1,
        face_minor: Some(face_yuan * 100),
        max_cost_minor: None,
        notify_url: get(pairs, "ret_url").filter(|url| !url.is_empty()).map(str::to_owned),
    })
}

/// A GBK document of these elements under `root`.
fn document(root: &str, elements: &[(&str, &str)]) -> Reply {
    let mut xml = format!("<?xml version=\"1.0\" encoding=\"GBK\"?>\n<{root}>");
    for (name, value) in elements {
        xml.push_str(&format!("<{name}>{}</{name}>", escape(*value)));
    }
    xml.push_str(&format!("</{root}>"));
    let (bytes, _, _) = GBK.encode(&xml);
    Reply::new(200, "text/xml; charset=GBK", bytes.into_owned())
}

fn refuse(retcode: &str, err_msg: &str) -> Reply {
    document("orderinfo", &[("err_msg", err_msg), ("retcode", retcode), ("game_state", "")])
}

fn about(told: &Told, retcode: &str, err_msg: &str) -> Reply {
    let Told { order, settled } = told;
    document(
        "orderinfo",
        &[
            ("err_msg", err_msg),
            ("retcode", retcode),
            ("orderid", &order.supplier_ref),
            ("cardid", &order.product),
            ("cardnum", &(order.face_minor / 100).to_string()),
            ("ordercash", &yuan(order.cost_minor)),
            ("cardname", "全国移动话费快充"),
            ("sporder_id", &order.id),
            ("game_userid", &order.recipient),
            ("game_state", state(*settled)),
        ],
    )
}

/// 0 in progress, 1 success, 9 withdrawn.
fn state(settled: Settled) -> &'static str {
    match settled {
        Settled::Processing => "0",
        Settled::Delivered | Settled::Partial => "1",
        Settled::Failed | Settled::Reversed => "9",
    }
}

pub(super) fn write(credentials: &Credentials, answer: &Answer) -> Reply {
    match answer {
        Answer::Accepted(told) => about(told, "1", ""),
        Answer::Exists | Answer::ExistsAfterRace(_) => refuse("2014", "订单号重复"),
        Answer::Refused(Refusal::Balance) => refuse("1007", "账户余额不足"),
        Answer::Refused(Refusal::BadNumber) => refuse("319", "充值的手机号不正确"),
        Answer::Refused(Refusal::FaceMismatch | Refusal::CostAboveLimit) => refuse("1004", "此商品暂不可用"),
        Answer::Unlisted(pick) => {
            let codes = ["105", "334", "1043", "9999", "7777"];
            let place = usize::try_from(pick % 5).unwrap_or_default();
            refuse(codes.get(place).copied().unwrap_or("9999"), "未知错误")
        }
        Answer::Found(all, id) => match all.first() {
            Some(told) => about(told, "1", ""),
            None => document(
                "orderinfo",
                &[
                    ("err_msg", "订单不存在"),
                    ("retcode", "1"),
                    ("sporder_id", id),
                    ("game_state", "-1"),
                ],
            ),
        },
        Answer::Balance(minor) => document(
            "userinfo",
            &[
                ("err_msg", ""),
                ("retcode", "1"),
                ("userid", &credentials.user),
                ("ret_leftcredit", &yuan(*minor)),
            ],
        ),
        // This wire has no recall, so nobody asked.
        Answer::Recalled(_) | Answer::Broken => Reply::text(500, "book not writable"),
    }
}

pub(super) fn notice(order: &Order, settled: Settled, now_ms: u64) -> Option<Notice> {
    let (ret_code, err_msg) = match settled {
        Settled::Processing => return None,
        Settled::Delivered | Settled::Partial => ("1", "充值成功"),
        Settled::Failed | Settled::Reversed => ("9", "充值失败"),
    };
    let (message, _, _) = GBK.encode(err_msg);
    let stamp = china_stamp(now_ms);
    let body = form::encode([
        ("ret_code", ret_code.as_bytes()),
        ("sporder_id", order.id.as_bytes()),
        ("ordersuccesstime", stamp.as_bytes()),
        ("err_msg", &*message),
    ]);
    Some(Notice {
        content_type: "application/x-www-form-urlencoded; charset=GBK",
        body,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_meets_the_published_recipe() {
        let credentials = Credentials {
            user: "A00001".to_owned(),
            key: "KEYSTR".to_owned(),
            password: Some("pw123456".to_owned()),
        };
        let password = password_digest(&credentials);
        let values = [
            "A00001",
            &password,
            "140101",
            "100",
            "S20260101000001",
            "20260101000001",
            "13800138000",
        ];
        assert_eq!(sign(&values, "KEYSTR"), "960D33154B748255213CD989853B7A0C");
    }

    #[test]
    fn replies_are_really_gbk() {
        let reply = refuse("2014", "订单号重复");
        let needle = [0xB6, 0xA9, 0xB5, 0xA5]; // 订单
        assert!(reply.body.windows(4).any(|part| part == needle));
        assert!(std::str::from_utf8(&reply.body).is_err());
    }
}
