//! The wire between gateway and supplier, and what can go wrong on it.
//!
//! Every submit is looked up in the gateway's database before a byte of it reaches the supplier: a
//! transmission without a committed stamp is written down and fails the drill (I6).

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{Either, select};
use recharge_gateway::seams::{Clock, Spawner, SystemClock, TokioSpawner};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};

use crate::dice::Dice;
use crate::http;

/// What the wire does to one submit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    Clean,
    /// The answer is late, in milliseconds.
    Delay(u64),
    /// The request is swallowed and never answered.
    Drop,
    /// The connection is reset before anything is read.
    ResetBeforeRead,
    /// The request is read, not handed on, and the connection reset.
    ResetAfterRead,
    /// The supplier handles the request; the connection is reset instead of the answer.
    ResetAfterHandling,
    /// The supplier handles the request; half of its answer arrives.
    Truncate,
    /// The supplier gets the request twice.
    Duplicate,
    /// The answer arrives byte by byte, in milliseconds a byte.
    Drip(u64),
    /// A redirect to the same address instead of handing the request on.
    Redirect,
    /// So many requests in each second, and 429 to the others.
    Limit(usize),
    /// Of a hundred requests, so many are swallowed.
    Share(u64),
}

/// Waits for the so-manieth submit that a supplier has handled, withholds its answer, and tells.
#[derive(Default)]
pub struct Trap(Mutex<Option<(u64, oneshot::Sender<()>)>>);

impl Trap {
    /// The receiver hears when the `nth` submit from now has been handled and not answered.
    pub fn arm(&self, nth: u64) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        *self.0.lock().unwrap() = Some((nth, sender));
        receiver
    }

    fn is_sprung(&self) -> bool {
        let mut armed = self.0.lock().unwrap();
        match armed.take() {
            Some((1, sender)) => sender.send(()).is_ok(),
            Some((nth, sender)) => {
                *armed = Some((nth - 1, sender));
                false
            }
            None => false,
        }
    }
}

struct Wire {
    supplier: SocketAddr,
    database: PathBuf,
    plan: Mutex<VecDeque<Trouble>>,
    /// What happens to submits that nothing is planned for.
    standing: Mutex<Trouble>,
    /// Whether connections are refused, and what tells the listener.
    is_shut: Mutex<bool>,
    turned: Notify,
    /// The second that is counted, and what it has had.
    second: Mutex<(u64, usize)>,
    trap: Arc<Trap>,
    sent: Mutex<BTreeMap<String, i64>>,
    unstamped: Mutex<Vec<String>>,
    clock: SystemClock,
}

/// A proxy in front of one supplier.
pub struct Proxy {
    pub address: SocketAddr,
    wire: Arc<Wire>,
}

impl Proxy {
    /// `database` is the gateway's.
    pub async fn open(supplier: SocketAddr, database: PathBuf, trap: Arc<Trap>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let wire = Arc::new(Wire {
            supplier,
            database,
            plan: Mutex::default(),
            standing: Mutex::new(Trouble::Clean),
            is_shut: Mutex::new(false),
            turned: Notify::new(),
            second: Mutex::default(),
            trap,
            sent: Mutex::default(),
            unstamped: Mutex::default(),
            clock: SystemClock::new(),
        });
        let at_work = Arc::clone(&wire);
        let spawner = TokioSpawner::new(tokio::runtime::Handle::current());
        spawner.clone().spawn(Box::pin(async move {
            let mut listener = Some(listener);
            loop {
                let is_shut = *at_work.is_shut.lock().unwrap();
                match (&listener, is_shut) {
                    (Some(_), true) => listener = None,
                    (None, false) => listener = Some(TcpListener::bind(address).await.unwrap()),
                    (Some(_), false) | (None, true) => {}
                }
                let Some(stream) = at_work.next(listener.as_ref()).await else {
                    continue;
                };
                let wire = Arc::clone(&at_work);
                spawner.spawn(Box::pin(async move {
                    // A connection that breaks is what this is for.
                    let _ = wire.carry(stream).await;
                }));
            }
        }));
        Self { address, wire }
    }

    /// What happens to the next submits, one each.
    pub fn plan(&self, troubles: &[Trouble]) {
        self.wire.plan.lock().unwrap().extend(troubles);
    }

    /// What happens to every submit from now on that nothing is planned for.
    pub fn stand(&self, trouble: Trouble) {
        *self.wire.standing.lock().unwrap() = trouble;
    }

    /// Refuses connections from now on, or accepts them again.
    pub fn shut(&self, is_shut: bool) {
        *self.wire.is_shut.lock().unwrap() = is_shut;
        self.wire.turned.notify_one();
    }

    /// Whether nothing is planned any more.
    pub fn is_calm(&self) -> bool {
        self.wire.plan.lock().unwrap().is_empty()
    }

    /// How many submits have arrived.
    pub fn submits(&self) -> i64 {
        self.wire.sent.lock().unwrap().values().sum()
    }

    /// How many attempts' submits have arrived, however often each did.
    pub fn attempts(&self) -> usize {
        self.wire.sent.lock().unwrap().len()
    }

    /// Transmissions that no committed stamp was found for.
    pub fn unstamped(&self) -> Vec<String> {
        self.wire.unstamped.lock().unwrap().clone()
    }
}

impl Wire {
    /// The next connection; nothing if the listener is to be opened or closed first.
    async fn next(&self, listener: Option<&TcpListener>) -> Option<TcpStream> {
        let turned = pin!(self.turned.notified());
        let Some(listener) = listener else {
            turned.await;
            return None;
        };
        match select(turned, pin!(listener.accept())).await {
            Either::Left(_) => None,
            Either::Right((accepted, _)) => Some(accepted.unwrap().0),
        }
    }

    /// Whether this second has had its requests.
    fn is_full(&self, most: usize) -> bool {
        let mut second = self.second.lock().unwrap();
        let now = self.clock.monotonic().as_secs();
        let had = if second.0 == now { second.1 } else { 0 };
        *second = (now, had + 1);
        had >= most
    }

    async fn carry(&self, mut gateway: TcpStream) -> std::io::Result<()> {
        let next = self.plan.lock().unwrap().front().copied();
        if next == Some(Trouble::ResetBeforeRead) {
            // Nobody can tell a submit from a query here; plans are for times when only submits come.
            self.plan.lock().unwrap().pop_front();
            return gateway.set_zero_linger();
        }
        let request = http::message(&mut gateway).await?;
        let Some(attempt) = submit(&request) else {
            let answer = self.ask(&request).await?;
            return gateway.write_all(&answer).await;
        };
        self.check_stamp(&attempt).await;
        let planned = self.plan.lock().unwrap().pop_front();
        let trouble = planned.unwrap_or(*self.standing.lock().unwrap());
        match trouble {
            Trouble::Drop => {
                // Until the gateway gives up.
                let _ = http::message(&mut gateway).await;
                return Ok(());
            }
            Trouble::ResetBeforeRead | Trouble::ResetAfterRead => return gateway.set_zero_linger(),
            Trouble::Redirect => {
                let target = String::from_utf8_lossy(&request);
                let target = target.split(' ').nth(1).unwrap_or("/").to_owned();
                let answer = format!(
                    "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://{}{target}\r\ncontent-length: 0\r\n\r\n",
                    self.supplier
                );
                return gateway.write_all(answer.as_bytes()).await;
            }
            Trouble::Limit(most) if self.is_full(most) => {
                return gateway
                    .write_all(b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n")
                    .await;
            }
            Trouble::Share(percent) if percent_of(&attempt) < percent => {
                let _ = http::message(&mut gateway).await;
                return Ok(());
            }
            Trouble::Duplicate => drop(self.ask(&request).await?),
            Trouble::Limit(_)
            | Trouble::Share(_)
            | Trouble::Clean
            | Trouble::Delay(_)
            | Trouble::ResetAfterHandling
            | Trouble::Truncate
            | Trouble::Drip(_) => {}
        }
        let answer = self.ask(&request).await?;
        if self.trap.is_sprung() {
            // The gateway is being killed.
            let _ = http::message(&mut gateway).await;
            return Ok(());
        }
        match trouble {
            Trouble::Delay(ms) => self.clock.sleep(Duration::from_millis(ms)).await,
            Trouble::ResetAfterHandling => return gateway.set_zero_linger(),
            Trouble::Truncate => {
                let body = answer.len() - http::head_length(&answer).unwrap_or(0);
                return gateway.write_all(&answer[..answer.len() - body.div_ceil(2)]).await;
            }
            Trouble::Drip(ms) => {
                gateway.set_nodelay(true)?;
                for byte in answer {
                    gateway.write_all(&[byte]).await?;
                    self.clock.sleep(Duration::from_millis(ms)).await;
                }
                return Ok(());
            }
            Trouble::Clean
            | Trouble::Drop
            | Trouble::ResetBeforeRead
            | Trouble::ResetAfterRead
            | Trouble::Duplicate
            | Trouble::Limit(_)
            | Trouble::Share(_)
            | Trouble::Redirect => {}
        }
        gateway.write_all(&answer).await
    }

    /// Hands a request on, over a connection of its own, and takes the answer.
    async fn ask(&self, request: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut supplier = TcpStream::connect(self.supplier).await?;
        supplier.write_all(request).await?;
        http::message(&mut supplier).await
    }

    async fn check_stamp(&self, attempt: &str) {
        let sent = {
            let mut sent = self.sent.lock().unwrap();
            let count = sent.entry(attempt.to_owned()).or_default();
            *count += 1;
            *count
        };
        let stamped = stamps(&self.database, attempt).await;
        if !stamped.as_ref().is_ok_and(|stamped| *stamped >= sent) {
            let found = format!("{attempt} was sent {sent} times; stamps: {stamped:?}");
            self.unstamped.lock().unwrap().push(found);
        }
    }
}

/// From 0 to 99, always the same for an attempt.
fn percent_of(attempt: &str) -> u64 {
    Dice::of(attempt.bytes().fold(0, |sum, byte| sum * 31 % 1_000_003 + u64::from(byte))).below(100)
}

/// Committed stamps of an attempt: read over a connection that never writes, so that nothing is repaired.
async fn stamps(database: &std::path::Path, attempt: &str) -> Result<i64, String> {
    let told = |error: sqlx::Error| error.to_string();
    let (order, seq) = attempt.split_at(attempt.len().saturating_sub(2));
    let options = SqliteConnectOptions::new()
        .filename(database)
        .read_only(true)
        .busy_timeout(Duration::from_secs(2));
    let mut connection = options.connect().await.map_err(told)?;
    let count = sqlx::query_scalar("SELECT count(*) FROM transmissions WHERE order_id = ? AND seq = ?")
        .bind(order.parse::<i64>().map_err(|error| error.to_string())?)
        .bind(seq.parse::<i64>().map_err(|error| error.to_string())?)
        .fetch_one(&mut connection)
        .await
        .map_err(told);
    connection.close().await.map_err(told)?;
    count
}

/// The attempt's number if this is a submit, in the words of each wire.
fn submit(request: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(request);
    let line = text.lines().next()?;
    let name = if line.contains("/recharge ") {
        "out_trade_num="
    } else if line.contains("/onlineorder.do?") {
        "sporder_id="
    } else if line.contains("/order/buy ") {
        "\"external_orderno\":\""
    } else {
        return None;
    };
    let (_, rest) = text.split_once(name)?;
    Some(rest.chars().take_while(char::is_ascii_digit).collect())
}
