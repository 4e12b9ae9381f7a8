//! A running mock: its listener, its ledger and the tasks it owns.
//!
//! Every task belongs to the mock and ends with it; dropping a [`MockSupplier`] stops it like [`MockSupplier::stop`].

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{AbortHandle, JoinSet};

use crate::book::Charge;
use crate::clock::now_ms;
use crate::config::MockConfig;
use crate::dice::Dice;
use crate::fault::Fault;
use crate::http::Reply;
use crate::ledger::Ledger;
use crate::notify::{self, SentNotification};
use crate::seen::SeenRequest;
use crate::serve;
use crate::wire::{Answer, Shelf};

/// What the connections and tasks of one mock share.
#[derive(Debug)]
pub(crate) struct Mock {
    pub(crate) config: MockConfig,
    pub(crate) dice: Dice,
    pub(crate) background: Background,
    ledger: Mutex<Ledger>,
    sent: Mutex<Vec<SentNotification>>,
}

impl Mock {
    /// The ledger, locked; never held over an await.
    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the wire formats need besides the answer.
    pub(crate) fn shelf(&self) -> Shelf<'_> {
        Shelf {
            credentials: &self.config.credentials,
            card_products: &self.config.card_products,
        }
    }

    /// An answer in this mock's wire format.
    pub(crate) fn write(&self, answer: &Answer) -> Reply {
        self.config.wire.write(self.shelf(), answer)
    }

    /// Writes a try of a notification down.
    pub(crate) fn sent(&self, notification: SentNotification) {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(notification);
    }

    /// Every try of a notification so far.
    pub(crate) fn notifications(&self) -> Vec<SentNotification> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Tasks that outlive the connection that began them.
#[derive(Debug, Default)]
pub(crate) struct Background {
    tasks: Mutex<JoinSet<()>>,
}

impl Background {
    /// Runs a task until it ends or the mock stops.
    pub(crate) fn run(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    fn abort(&self) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}

/// A wish to open or close the listener, answered when it is done.
type Switch = (bool, oneshot::Sender<io::Result<()>>);

/// A running mock supplier.
#[derive(Debug)]
pub struct MockSupplier {
    mock: Arc<Mock>,
    address: SocketAddr,
    switch: mpsc::Sender<Switch>,
    acceptor: AbortHandle,
    /// Owns the acceptor, which owns the connections.
    tasks: JoinSet<()>,
}

impl MockSupplier {
    /// Reads the book file, listens, and takes up the notifications that are still to come.
    ///
    /// # Errors
    /// When the address is taken or the book file cannot be read or opened.
    pub async fn start(config: MockConfig) -> io::Result<Self> {
        let now = now_ms();
        let ledger = Ledger::open(&config, now)?;
        let listener = TcpListener::bind(config.listen).await?;
        let address = listener.local_addr()?;
        let known = ledger.orders().to_vec();
        let mock = Arc::new(Mock {
            dice: Dice::new(config.seed),
            config,
            background: Background::default(),
            ledger: Mutex::new(ledger),
            sent: Mutex::new(Vec::new()),
        });
        for order in known.iter().filter(|order| order.charged) {
            notify::start(&mock, order, now);
        }
        let (switch, switched) = mpsc::channel(1);
        let mut tasks = JoinSet::new();
        let acceptor = tasks.spawn(accept(Arc::clone(&mock), listener, address, switched));
        Ok(Self {
            mock,
            address,
            switch,
            acceptor,
            tasks,
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// `http://host:port`, without a path.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Replaces the faults that this recipient meets from now on; `*` scripts every recipient without a script.
    pub fn script(&self, recipient: &str, faults: Vec<Fault>) {
        self.mock.ledger().scripts.write(recipient, faults);
    }

    /// The book as it stands now.
    pub fn book(&self) -> Vec<Charge> {
        self.mock.ledger().book(now_ms())
    }

    /// Every authenticated request so far.
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.mock.ledger().requests.all().to_vec()
    }

    /// Every try of a notification so far.
    pub fn notifications(&self) -> Vec<SentNotification> {
        self.mock.notifications()
    }

    /// The balance in fen.
    pub fn balance_minor(&self) -> i64 {
        self.mock.ledger().balance_minor(now_ms())
    }

    /// Sets the balance, in fen.
    pub fn set_balance(&self, balance_minor: i64) {
        self.mock.ledger().set_balance(balance_minor, now_ms());
    }

    /// Milliseconds from acceptance to the final state, for orders from now on.
    pub fn set_settle_after(&self, ms: u64) {
        self.mock.ledger().set_settle_after(ms);
    }

    /// Closes the listener and the idle connections, so that connections are refused; or opens it again at the same
    /// address. It has happened when this returns; requests under way are finished.
    ///
    /// # Errors
    /// When the address was taken meanwhile.
    pub async fn set_accepting(&self, accepting: bool) -> io::Result<()> {
        let (done, heard) = oneshot::channel();
        let gone = || io::Error::new(io::ErrorKind::NotConnected, "the mock has stopped");
        self.switch.send((accepting, done)).await.map_err(|_| gone())?;
        heard.await.map_err(|_| gone())?
    }

    /// Stops at once: connections are dropped and nothing is sent any more. The book file stays.
    pub async fn stop(mut self) {
        self.mock.background.abort();
        self.tasks.shutdown().await;
    }
}

impl Drop for MockSupplier {
    fn drop(&mut self) {
        self.mock.background.abort();
        self.acceptor.abort();
    }
}

async fn accept(mock: Arc<Mock>, listener: TcpListener, address: SocketAddr, mut switched: mpsc::Receiver<Switch>) {
    let (accepting, _) = watch::channel(true);
    let mut connections = JoinSet::new();
    let mut listener = Some(listener);
    loop {
        while connections.try_join_next().is_some() {}
        tokio::select! {
            biased;
            wish = switched.recv() => {
                let Some((wanted, done)) = wish else { return };
                let outcome = if wanted {
                    match &listener {
                        Some(_) => Ok(()),
                        None => TcpListener::bind(address).await.map(|bound| listener = Some(bound)),
                    }
                } else {
                    listener = None;
                    Ok(())
                };
                accepting.send_replace(listener.is_some());
                // Whoever asked may have stopped waiting.
                done.send(outcome).ok();
            }
            accepted = next(listener.as_ref()) => {
                match accepted {
                    Ok(stream) => {
                        let serving = serve::connection(Arc::clone(&mock), stream, accepting.subscribe());
                        connections.spawn(serving);
                    }
                    // Too many open files, usually: do not spin.
                    Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        }
    }
}

/// The next connection; never, while there is no listener.
async fn next(listener: Option<&TcpListener>) -> io::Result<tokio::net::TcpStream> {
    match listener {
        Some(listener) => listener.accept().await.map(|(stream, _)| stream),
        None => std::future::pending().await,
    }
}
