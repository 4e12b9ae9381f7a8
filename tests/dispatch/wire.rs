//! A supplier that speaks the dayuanren dialect and says what the test tells it to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use md5::{Digest, Md5};
use recharge_gateway::seams::{BoxFuture, Clock, MaybeSent, Outbound, SendFailure, Transport};

use crate::clocks::Clocks;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Say {
    Accepted,
    Succeeded,
    NotFound,
    Refused,
    /// Because of the recipient.
    RefusedNumber,
    Silence,
    /// HTTP 429, with `Retry-After` in seconds.
    TooMany(u64),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub number: String,
    pub is_query: bool,
    pub at_ms: i64,
}

pub struct Wire {
    clocks: Arc<Clocks>,
    pub submits: Mutex<VecDeque<Say>>,
    pub queries: Mutex<VecDeque<Say>>,
    pub sent: Mutex<Vec<Sent>>,
    /// How long an answer takes.
    pub delay_ms: Mutex<u64>,
    /// What it says that we have there.
    pub balance_minor: Mutex<i64>,
}

impl Wire {
    pub fn new(clocks: Arc<Clocks>) -> Self {
        Self {
            clocks,
            submits: Mutex::default(),
            queries: Mutex::default(),
            sent: Mutex::default(),
            delay_ms: Mutex::new(10),
            balance_minor: Mutex::new(1_000_000),
        }
    }

    pub fn submits(&self, says: &[Say]) {
        self.submits.lock().unwrap().extend(says);
    }

    pub fn queries(&self, says: &[Say]) {
        self.queries.lock().unwrap().extend(says);
    }

    pub fn submitted(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().iter().filter(|sent| !sent.is_query).cloned().collect()
    }

    pub fn queried(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().iter().filter(|sent| sent.is_query).cloned().collect()
    }
}

impl Transport for Wire {
    fn send(&self, outbound: Outbound) -> BoxFuture<'_, Result<http::Response<Bytes>, SendFailure>> {
        if outbound.request.uri().path().ends_with("/user") {
            let minor = *self.balance_minor.lock().unwrap();
            let body = format!(
                r#"{{"errno":0,"data":{{"id":"10001","balance":"{}.{:02}"}}}}"#,
                minor / 100,
                minor % 100
            );
            return Box::pin(async move { Ok(http::Response::new(Bytes::from(body))) });
        }
        let is_query = outbound.request.uri().path().ends_with("/check");
        let field = if is_query { "out_trade_nums" } else { "out_trade_num" };
        let number = url::form_urlencoded::parse(outbound.request.body())
            .find(|(name, _)| name == field)
            .map(|(_, value)| value.into_owned())
            .unwrap();
        let planned = if is_query { &self.queries } else { &self.submits };
        let say = planned.lock().unwrap().pop_front().unwrap_or(Say::Succeeded);
        let at_ms = self.clocks.now_ms();
        self.sent.lock().unwrap().push(Sent {
            number: number.clone(),
            is_query,
            at_ms,
        });
        let delay = self.clocks.sleep(Duration::from_millis(*self.delay_ms.lock().unwrap()));
        Box::pin(async move {
            delay.await;
            let entry = |state: &str| format!(r#"[{{"order_number":"CZ","out_trade_num":"{number}","state":{state},"voucher":"SN"}}]"#);
            let body = match (say, is_query) {
                (Say::TooMany(seconds), _) => {
                    let reply = http::Response::builder().status(429).header("retry-after", seconds.to_string());
                    return Ok(reply.body(Bytes::new()).unwrap());
                }
                (Say::Silence, _) => return Err(SendFailure::MaybeSent(MaybeSent::Timeout)),
                (Say::Refused, false) => r#"{"errno":4,"data":[]}"#.to_owned(),
                (Say::RefusedNumber, false) => r#"{"errno":5,"data":[]}"#.to_owned(),
                (Say::Accepted | Say::Succeeded | Say::NotFound, false) => {
                    format!(r#"{{"errno":0,"data":{{"order_number":"CZ","out_trade_num":"{number}"}}}}"#)
                }
                (Say::Accepted, true) => format!(r#"{{"errno":0,"data":{}}}"#, entry("0")),
                (Say::Succeeded, true) => format!(r#"{{"errno":0,"data":{}}}"#, entry("1")),
                (Say::Refused | Say::RefusedNumber, true) => format!(r#"{{"errno":0,"data":{}}}"#, entry("2")),
                (Say::NotFound, true) => r#"{"errno":0,"data":[]}"#.to_owned(),
            };
            Ok(http::Response::new(Bytes::from(body)))
        })
    }
}

/// A signed notification about `number`: state 1 is delivered, 2 failed, 0 in work.
pub fn notification(number: &str, state: &str, key: &str) -> http::Request<Bytes> {
    notification_of(number, state, "100.00", key)
}

/// The same, naming the amount that was delivered.
pub fn notification_of(number: &str, state: &str, amount: &str, key: &str) -> http::Request<Bytes> {
    let plain = format!("charge_amount={amount}&order_number=CZ&out_trade_num={number}&state={state}&userid=10001&voucher=SN");
    let signature = hex::encode_upper(Md5::digest(format!("{plain}&apikey={key}")));
    let body = Bytes::from(format!("{plain}&sign={signature}"));
    http::Request::post("/notify/north").body(body).unwrap()
}
