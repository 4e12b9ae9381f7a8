//! Where callbacks arrive: a door that reads, checks the signature, writes down and answers 204.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine;
use hmac::{Hmac, KeyInit, Mac};
use recharge_gateway::seams::{Spawner, TokioSpawner};
use serde_json::Value;
use sha2::Sha256;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::http;

pub const SECRET: &str = "chaos-callback-secret";

/// One callback as it arrived.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Letter {
    pub event: String,
    pub status: String,
    pub body: Vec<u8>,
}

/// What has arrived.
#[derive(Default)]
pub struct Desk {
    letters: Mutex<BTreeMap<i64, Vec<Letter>>>,
    forged: Mutex<u32>,
}

/// A shop's door.
pub struct Door {
    address: SocketAddr,
    desk: Arc<Desk>,
}

impl Door {
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let desk = Arc::<Desk>::default();
        let at_work = Arc::clone(&desk);
        let spawner = TokioSpawner::new(tokio::runtime::Handle::current());
        spawner.clone().spawn(Box::pin(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let desk = Arc::clone(&at_work);
                spawner.spawn(Box::pin(async move {
                    // A gateway that is killed in the middle is what this is for.
                    let _ = desk.receive(stream).await;
                }));
            }
        }));
        Self { address, desk }
    }

    pub fn url(&self) -> String {
        format!("http://{}/told", self.address)
    }

    /// Every callback by order, repeats included.
    pub fn letters(&self) -> BTreeMap<i64, Vec<Letter>> {
        self.desk.letters.lock().unwrap().clone()
    }

    pub fn forged(&self) -> u32 {
        *self.desk.forged.lock().unwrap()
    }
}

impl Desk {
    async fn receive(&self, mut stream: TcpStream) -> std::io::Result<()> {
        loop {
            let message = http::message(&mut stream).await?;
            let Some(head) = http::head_length(&message) else {
                return Ok(());
            };
            let (head, body) = message.split_at(head);
            let word = |name: &str| http::header(head, name).unwrap_or_default();
            let event = word("webhook-id");
            let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
            mac.update(format!("{event}.{}.", word("webhook-timestamp")).as_bytes());
            mac.update(body);
            let right = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
            if word("webhook-signature")
                .split(' ')
                .any(|signature| signature == format!("v1,{right}"))
            {
                self.write_down(event, body);
            } else {
                *self.forged.lock().unwrap() += 1;
            }
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await?;
        }
    }

    fn write_down(&self, event: String, body: &[u8]) {
        let told: Value = serde_json::from_slice(body).unwrap();
        let order = told["data"]["id"].as_str().unwrap().parse().unwrap();
        let letter = Letter {
            event,
            status: told["data"]["status"].as_str().unwrap().to_owned(),
            body: body.to_vec(),
        };
        self.letters.lock().unwrap().entry(order).or_default().push(letter);
    }
}
