//! The benchmark's shops: signed orders over kept connections, and the door their callbacks come to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use recharge_gateway::api::sign;
use secrecy::SecretString;
use tokio::net::TcpListener;

use crate::book::{Book, CLIENTS};
use crate::catalog::{SECRET, key};
use crate::supplier::recipient;
use crate::wire::{Connection, serve};

/// Hosts at which shops are told.
const DOORS: usize = 10;

/// Where callbacks arrive; gives their port.
pub async fn open_doors(book: Arc<Book>) -> std::io::Result<u16> {
    let first = TcpListener::bind("127.0.0.1:0").await?;
    let port = first.local_addr()?.port();
    let mut listeners = vec![first];
    for host in 2..=DOORS {
        listeners.push(TcpListener::bind(format!("127.0.0.{host}:{port}")).await?);
    }
    for listener in listeners {
        tokio::spawn(serve(listener, teller(Arc::clone(&book))));
    }
    Ok(port)
}

/// Where the shop of an order is told: shops have hosts of their own.
pub fn told_url(port: u16, serial: usize) -> String {
    format!("http://127.0.0.{}:{port}/told", 1 + serial % DOORS)
}

fn teller(book: Arc<Book>) -> impl Fn(crate::wire::Message) -> std::future::Ready<Vec<u8>> {
    move |message| {
        let text = std::str::from_utf8(&message.body).unwrap_or_default();
        let number = text.split_once(r#""shop_order_no":"b"#).map(|(_, rest)| rest);
        let serial = number
            .and_then(|rest| rest.split_once('"'))
            .and_then(|(digits, _)| digits.parse().ok());
        book.tell(serial.unwrap_or(0));
        std::future::ready(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec())
    }
}

/// Who orders what from whom.
#[derive(Clone)]
pub struct Load {
    /// Where orders go.
    pub target: SocketAddr,
    /// What is ordered.
    pub sku: &'static str,
    /// Clients at once, each with a connection of its own.
    pub clients: usize,
    /// Shops that the clients belong to.
    pub shops: usize,
    /// Where callbacks are wanted.
    pub door: u16,
    pub pace: Pace,
}

/// When a client orders again.
#[derive(Clone, Copy, PartialEq)]
pub enum Pace {
    /// Once it was told how the last order ended.
    WhenTold,
    /// Once the last order was taken.
    WhenTaken,
    /// All clients together so often a second, whatever became of earlier orders.
    Every(Duration),
}

/// What clients saw.
#[derive(Default)]
pub struct Seen {
    pub accept_us: Vec<u64>,
    pub refused: u64,
}

/// Clients at work until `stop` is set; each gives back what it saw after `since_us`.
pub struct Clients {
    tasks: Vec<tokio::task::JoinHandle<Seen>>,
    stop: Arc<AtomicBool>,
    pub since_us: Arc<AtomicU64>,
}

impl Clients {
    /// Starts the load; orders beyond `most` are not made.
    pub fn start(load: &Load, book: &Arc<Book>, most: usize) -> Self {
        assert!(load.clients <= CLIENTS, "at most {CLIENTS} clients");
        let stop = Arc::new(AtomicBool::new(false));
        let since_us = Arc::new(AtomicU64::new(u64::MAX));
        let left = Arc::new(AtomicU64::new(u64::try_from(most).unwrap_or(u64::MAX)));
        let begin = Instant::now();
        let tasks = (0..load.clients)
            .map(|client| {
                let client = Client {
                    number: client,
                    key: key(client % load.shops),
                    secret: SecretString::from(SECRET),
                    load: load.clone(),
                    book: Arc::clone(book),
                    begin,
                };
                let (stop, since_us, left) = (Arc::clone(&stop), Arc::clone(&since_us), Arc::clone(&left));
                tokio::spawn(client.work(stop, since_us, left))
            })
            .collect();
        Self { tasks, stop, since_us }
    }

    /// Waits until every client has ended by itself.
    pub async fn ended(self) -> Seen {
        let mut all = Seen::default();
        for task in self.tasks {
            if let Ok(seen) = task.await {
                all.accept_us.extend(seen.accept_us);
                all.refused += seen.refused;
            }
        }
        all
    }

    /// Lets every client end its order and go.
    pub async fn stop(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        self.ended().await
    }
}

struct Client {
    number: usize,
    key: String,
    secret: SecretString,
    load: Load,
    book: Arc<Book>,
    begin: Instant,
}

impl Client {
    async fn work(self, stop: Arc<AtomicBool>, since_us: Arc<AtomicU64>, left: Arc<AtomicU64>) -> Seen {
        let mut seen = Seen::default();
        let mut connection: Option<Connection> = None;
        let mut turn = 0_u32;
        while !stop.load(Ordering::Relaxed) {
            let is_left = |left: u64| left.checked_sub(1);
            if left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, is_left).is_err() {
                break;
            }
            let mut asked = Instant::now();
            if let Pace::Every(step) = self.load.pace {
                let place = turn.saturating_mul(u32::try_from(self.load.clients).unwrap_or(1)) + u32::try_from(self.number).unwrap_or(0);
                let due = self.begin + step.saturating_mul(place);
                turn += 1;
                if due > asked {
                    tokio::time::sleep_until(due.into()).await;
                    asked = Instant::now();
                } else {
                    // Late: the wait of an order that could not leave in time counts.
                    asked = due;
                }
            }
            let serial = self.book.next();
            let request = self.request(serial);
            self.book.ask(serial, self.number);
            if connection.is_none() {
                connection = Connection::to(self.load.target).await.ok();
            }
            let reply = match &mut connection {
                Some(open) => open.exchange(&request).await.ok(),
                None => None,
            };
            match reply {
                Some(reply) if reply.status() == 201 => {
                    if self.book.now_us() > since_us.load(Ordering::Relaxed) {
                        seen.accept_us.push(u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX));
                    }
                    if self.load.pace == Pace::WhenTold
                        && tokio::time::timeout(Duration::from_secs(30), self.book.told(self.number))
                            .await
                            .is_err()
                    {
                        seen.refused += 1;
                    }
                }
                refused => {
                    if seen.refused == 0 {
                        let said = refused.map(|reply| String::from_utf8_lossy(&reply.body).into_owned());
                        eprintln!(
                            "client {} was refused: {}",
                            self.number,
                            said.unwrap_or_else(|| "connection lost".to_owned())
                        );
                    }
                    seen.refused += 1;
                    connection = None;
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        }
        seen
    }

    fn request(&self, serial: usize) -> Vec<u8> {
        let (sku, told, account) = (self.load.sku, told_url(self.load.door, serial), recipient(serial));
        let body =
            format!(r#"{{"shop_order_no":"b{serial:08}","sku":"{sku}","inputs":{{"account":"{account}"}},"callback_url":"{told}"}}"#);
        let now_s = std::time::UNIX_EPOCH
            .elapsed()
            .map(|since| since.as_secs())
            .unwrap_or_default()
            .to_string();
        let nonce = format!("nonce-{serial:08}");
        let signature = sign(&self.secret, "POST", "/v1/orders", &now_s, &nonce, body.as_bytes());
        format!(
            "POST /v1/orders HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\nx-shop-key: {}\r\nx-timestamp: {now_s}\r\nx-nonce: {nonce}\r\nx-signature: {signature}\r\ncontent-length: {}\r\n\r\n{body}",
            self.load.target,
            self.key,
            body.len()
        )
        .into_bytes()
    }
}
