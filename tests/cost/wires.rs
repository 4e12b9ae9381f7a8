//! A supplier and a shop in memory: they answer at once and allocate as little as they can.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use md5::{Digest, Md5};
use recharge_gateway::seams::{BoxFuture, Outbound, SendFailure, Transport};

use crate::catalog::SIGNING_KEY;

/// Answers both dialects' submits: ofpay with a success, dayuanren with "accepted".
#[derive(Default)]
pub struct SupplierWire {
    /// The number of the last order accepted.
    pub accepted: Mutex<String>,
}

impl Transport for SupplierWire {
    fn send(&self, outbound: Outbound) -> BoxFuture<'_, Result<http::Response<Bytes>, SendFailure>> {
        let request = outbound.request;
        let reply = match request.uri().query() {
            Some(query) => success(query),
            None => self.accept(std::str::from_utf8(request.body()).unwrap()),
        };
        Box::pin(std::future::ready(Ok(http::Response::new(Bytes::from(reply)))))
    }
}

impl SupplierWire {
    fn accept(&self, form: &str) -> String {
        let number = field(form, "out_trade_num");
        number.clone_into(&mut self.accepted.lock().unwrap());
        format!(r#"{{"errno":0,"errmsg":"ok","data":{{"order_number":"CZ{number}","out_trade_num":"{number}","total_price":"98.00"}}}}"#)
    }
}

fn success(query: &str) -> String {
    let (number, account) = (field(query, "sporder_id"), field(query, "game_userid"));
    format!(
        "<?xml version=\"1.0\" encoding=\"GBK\"?>\n<orderinfo><err_msg></err_msg><retcode>1</retcode><orderid>OF{number}</orderid><cardid>140101</cardid><cardnum>100</cardnum><ordercash>98.00</ordercash><cardname>mobile</cardname><sporder_id>{number}</sporder_id><game_userid>{account}</game_userid><game_state>1</game_state></orderinfo>"
    )
}

/// The form by which dayuanren says that an order has succeeded.
pub fn notification(number: &str) -> String {
    let sorted = format!(
        "charge_amount=100.00&charge_kami=&mobile=13800138000&order_number=CZ{number}&otime=1767196900&out_trade_num={number}&remark=ok&state=1&userid=10001&voucher=SN{number}"
    );
    let sign = hex::encode_upper(Md5::digest(format!("{sorted}&apikey={SIGNING_KEY}")));
    format!("{sorted}&sign={sign}")
}

fn field<'t>(text: &'t str, name: &str) -> &'t str {
    let mut pairs = text.split('&');
    pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).unwrap()
}

/// Takes every callback and counts them.
#[derive(Default)]
pub struct ShopWire {
    pub told: AtomicU32,
}

impl Transport for ShopWire {
    fn send(&self, _: Outbound) -> BoxFuture<'_, Result<http::Response<Bytes>, SendFailure>> {
        self.told.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::ready(Ok(http::Response::new(Bytes::new()))))
    }
}
