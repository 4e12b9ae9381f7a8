//! A tiny HTTP client, a notification receiver, and callers for the three wire formats.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use md5::{Digest, Md5};
use mock_suppliers::{MockConfig, MockSupplier, Wire};
use serde_json::Value;
use sha1::Sha1;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

pub const PHONE: &str = "13800138000";
/// An address that refuses connections.
pub const NOBODY: &str = "http://127.0.0.1:9/cb";

/// What came back: status, head text, body bytes; or how the connection ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Got {
    Answer {
        status: u16,
        head: String,
        body: Vec<u8>,
    },
    /// The connection closed before the declared length was reached.
    Short(Vec<u8>),
    Reset,
    Nothing,
}

impl Got {
    pub fn status(&self) -> u16 {
        match self {
            Got::Answer { status, .. } => *status,
            other => panic!("no answer: {other:?}"),
        }
    }

    pub fn body(&self) -> &[u8] {
        match self {
            Got::Answer { body, .. } => body,
            other => panic!("no answer: {other:?}"),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(self.body()).unwrap()
    }

    /// The body decoded from GBK, strictly.
    pub fn gbk(&self) -> String {
        encoding_rs::GBK
            .decode_without_bom_handling_and_without_replacement(self.body())
            .expect("valid GBK")
            .into_owned()
    }

    /// The content of an element of a GBK document.
    pub fn element(&self, name: &str) -> String {
        let text = self.gbk();
        let start = text.find(&format!("<{name}>")).unwrap() + name.len() + 2;
        let end = text.find(&format!("</{name}>")).unwrap();
        text[start..end].to_owned()
    }
}

/// One raw request on a new connection; `Nothing` when no byte comes within `patience_ms`.
pub async fn exchange(mock: &MockSupplier, request: Vec<u8>, patience_ms: u64) -> Got {
    let mut stream = TcpStream::connect(mock.addr()).await.unwrap();
    stream.write_all(&request).await.unwrap();
    let reading = read_answer(&mut stream);
    match tokio::time::timeout(Duration::from_millis(patience_ms), reading).await {
        Ok(got) => got,
        Err(_) => Got::Nothing,
    }
}

pub async fn read_answer(stream: &mut TcpStream) -> Got {
    let mut bytes = Vec::new();
    loop {
        let ended = match stream.read_buf(&mut bytes).await {
            Ok(n) => n == 0,
            Err(_) => return Got::Reset,
        };
        if let Some(split) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..split].to_vec()).unwrap();
            let length: usize = head
                .lines()
                .find_map(|l| l.strip_prefix("Content-Length: "))
                .unwrap()
                .parse()
                .unwrap();
            let body = bytes[split + 4..].to_vec();
            if body.len() >= length {
                return Got::Answer {
                    status: head[9..12].parse().unwrap(),
                    head,
                    body,
                };
            }
        }
        if ended {
            return Got::Short(bytes);
        }
    }
}

pub fn http(method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut text = format!("{method} {target} HTTP/1.1\r\nHost: mock\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

pub async fn get(mock: &MockSupplier, path: &str) -> Got {
    exchange(mock, http("GET", path, &[], b""), 2_000).await
}

fn escape(value: &str) -> String {
    percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn form(pairs: &[(&str, String)]) -> String {
    let parts: Vec<String> = pairs.iter().map(|(n, v)| format!("{n}={}", escape(v))).collect();
    parts.join("&")
}

pub fn md5_upper(text: &str) -> String {
    hex::encode_upper(Md5::digest(text.as_bytes()))
}

pub fn md5_lower(text: &str) -> String {
    hex::encode(Md5::digest(text.as_bytes()))
}

pub fn sha1_hex(text: &str) -> String {
    hex::encode(Sha1::digest(text.as_bytes()))
}

/// A signed dayuanren request; `key` may be a wrong one.
pub fn dayuanren(operation: &str, pairs: &[(&str, &str)], key: &str) -> Vec<u8> {
    let mut pairs: Vec<(&str, String)> = pairs.iter().map(|(n, v)| (*n, (*v).into())).collect();
    pairs.push(("userid", "10001".into()));
    pairs.sort();
    let text: String = pairs.iter().map(|(n, v)| format!("{n}={v}&")).collect();
    pairs.push(("sign", md5_upper(&format!("{text}apikey={key}"))));
    http(
        "POST",
        &format!("/yrapi.php/index/{operation}"),
        &[("Content-Type", "application/x-www-form-urlencoded")],
        form(&pairs).as_bytes(),
    )
}

/// A signed ofpay request; the last of `signed` is followed by the key.
pub fn ofpay(path: &str, signed: &[(&str, &str)], unsigned: &[(&str, &str)], key: &str, method: &str) -> Vec<u8> {
    let password = md5_lower("demo-password");
    let mut pairs: Vec<(&str, String)> = vec![("userid", "A00001".into()), ("userpws", password.clone())];
    let mut text = format!("A00001{password}");
    for (name, value) in signed {
        text.push_str(value);
        pairs.push((name, (*value).into()));
    }
    pairs.push(("md5_str", md5_upper(&format!("{text}{key}"))));
    pairs.extend(unsigned.iter().map(|(n, v)| (*n, (*v).into())));
    if method == "GET" {
        http("GET", &format!("{path}?{}", form(&pairs)), &[], b"")
    } else {
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        http("POST", path, &headers, form(&pairs).as_bytes())
    }
}

/// A signed kasushou request; `body` must have its top keys sorted and no blanks.
pub fn kasushou(operation: &str, body: &str, key: &str) -> Vec<u8> {
    let time = "1767225601000";
    http(
        "POST",
        &format!("/api/v1/{operation}"),
        &[
            ("Content-Type", "application/json"),
            ("UserId", "20002"),
            ("Timestamp", time),
            ("Sign", &sha1_hex(&format!("{time}{body}{key}"))),
        ],
        body.as_bytes(),
    )
}

/// A 100 yuan submit in any wire format.
pub fn submit(wire: Wire, id: &str, recipient: &str, notify_url: &str) -> Vec<u8> {
    match wire {
        Wire::Dayuanren => dayuanren(
            "recharge",
            &[
                ("out_trade_num", id),
                ("product_id", "12"),
                ("mobile", recipient),
                ("amount", "100"),
                ("area", ""),
                ("notify_url", notify_url),
            ],
            "demo-dayuanren-key",
        ),
        Wire::Ofpay => ofpay(
            "/onlineorder.do",
            &[
                ("cardid", "140101"),
                ("cardnum", "100"),
                ("sporder_id", id),
                ("sporder_time", "20260101000001"),
                ("game_userid", recipient),
            ],
            &[("ret_url", notify_url), ("version", "6.0")],
            "demo-ofpay-key",
            "GET",
        ),
        Wire::Kasushou => {
            let body = format!(
                r#"{{"attach":{{"recharge_account":"{recipient}"}},"external_orderno":"{id}","id":77,"quantity":1,"safe_price":98.5,"url":"{notify_url}"}}"#
            );
            kasushou("order/buy", &body, "demo-kasushou-key")
        }
    }
}

/// A query for one id in any wire format.
pub fn query(wire: Wire, id: &str) -> Vec<u8> {
    match wire {
        Wire::Dayuanren => dayuanren("check", &[("out_trade_nums", id)], "demo-dayuanren-key"),
        Wire::Ofpay => ofpay("/queryorderinfo.do", &[("sporder_id", id)], &[], "demo-ofpay-key", "GET"),
        Wire::Kasushou => kasushou("order/info", &format!(r#"{{"external_orderno":"{id}"}}"#), "demo-kasushou-key"),
    }
}

/// The state in the answer to a query, in the words of the wire; `None` when the order was not found.
pub fn state(wire: Wire, got: &Got) -> Option<String> {
    match wire {
        Wire::Dayuanren => Some(got.json()["data"].get(0)?["state"].to_string()),
        Wire::Ofpay => Some(got.element("game_state")).filter(|state| state != "-1"),
        Wire::Kasushou => Some(got.json()["data"].get(0)?["status"].to_string()),
    }
}

/// Whether the answer to a submit accepts.
pub fn accepts(wire: Wire, got: &Got) -> bool {
    match wire {
        Wire::Dayuanren => got.json()["errno"] == 0,
        Wire::Ofpay => got.element("retcode") == "1",
        Wire::Kasushou => got.json()["code"] == 200,
    }
}

/// A mock with changed settings.
pub async fn mock(wire: Wire, change: impl FnOnce(&mut MockConfig)) -> MockSupplier {
    let mut config = MockConfig::new(wire.name(), wire);
    config.settle_after_ms = 0;
    change(&mut config);
    MockSupplier::start(config).await.unwrap()
}

/// Sends a submit and waits for its answer.
pub async fn send(mock: &MockSupplier, wire: Wire, id: &str) -> Got {
    exchange(mock, submit(wire, id, PHONE, NOBODY), 2_000).await
}

/// Asks for the state of an id.
pub async fn ask(mock: &MockSupplier, wire: Wire, id: &str) -> Option<String> {
    state(wire, &exchange(mock, query(wire, id), 2_000).await)
}

/// Waits until something holds, for at most five seconds.
pub async fn until(mut holds: impl FnMut() -> bool) {
    for _ in 0..1_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never happened");
}

/// A shop's door for notifications: answers in turn, the last answer for ever, and remembers what came.
pub struct Receiver {
    pub url: String,
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
    _door: JoinSet<()>,
}

impl Receiver {
    pub async fn answering(answers: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/cb", listener.local_addr().unwrap());
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&bodies);
        let mut door = JoinSet::new();
        door.spawn(async move {
            let mut answers = answers.iter().cycle_last();
            while let Ok((mut stream, _)) = listener.accept().await {
                let body = read_request(&mut stream).await;
                kept.lock().unwrap().push(body);
                let answer = answers.next().unwrap();
                let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{answer}", answer.len());
                stream.write_all(text.as_bytes()).await.ok();
            }
        });
        Self { url, bodies, _door: door }
    }

    pub fn bodies(&self) -> Vec<Vec<u8>> {
        self.bodies.lock().unwrap().clone()
    }
}

trait CycleLast<'a> {
    fn cycle_last(self) -> Box<dyn Iterator<Item = &'a str> + Send + 'a>;
}

impl<'a, I> CycleLast<'a> for I
where
    I: Iterator<Item = &'a &'a str> + Clone + Send + 'a,
{
    fn cycle_last(self) -> Box<dyn Iterator<Item = &'a str> + Send + 'a> {
        let last = self.clone().last().copied().unwrap_or_default();
        Box::new(self.copied().chain(std::iter::repeat(last)))
    }
}

async fn read_request(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        if let Some(split) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..split].to_vec()).unwrap();
            let length: usize = head
                .lines()
                .find_map(|l| l.strip_prefix("Content-Length: "))
                .unwrap()
                .parse()
                .unwrap();
            if bytes.len() >= split + 4 + length {
                return bytes[split + 4..].to_vec();
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap() == 0 {
            return bytes;
        }
    }
}
