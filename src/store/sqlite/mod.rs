//! The store on one SQLite file: one writer with group commit, several readers, everything durable
//! when it is answered.
//!
//! Callers hand commands to a bounded queue and wait; the writer takes all that wait into one
//! transaction. Reads go through a pool whose connections cannot write and see every commit that
//! was answered before they began. Dropping a future cancels only the waiting.
//!
//! Invariants: one process a file; a full queue answers `Outage` at once; after an I/O error
//! nothing is read or written any more and `fatal` completes, so that the process can stop, start
//! and recover. Deliberately absent: a cache of anything.

mod archive;
mod archive_rows;
mod catalog;
mod desk;
mod evidence;
mod heads;
mod opening;
mod orders;
mod parcel;
mod reads;
mod rows;
mod script;
mod shared;
mod shared_reads;
mod statements;
mod surroundings;
mod tables;
mod trouble;
mod words;
mod writer;
mod written;

pub use archive::Archive;
pub use opening::OpenError;
pub use surroundings::Surroundings;

use std::future::Future;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
use tokio::sync::{mpsc, oneshot, watch};

use super::handover::{Handover, Queued};
use super::seal::{SealKey, Sealer};
use super::signer::Signer;
use super::statement::Statements;
use super::{
    AccountBalance, Answer, Catalog, Census, Command, Evidence, Had, LinkKept, Outage, Read, ScheduleCursor, SentAt, ShopBalance,
    ShopRecord, Store, StoredCallback, StoredCase,
};
use crate::domain::desk::Deed;
use crate::domain::event::Recorded;
use crate::domain::ids::{OrderId, SettingsDigest, ShopId, ShopOrderNo, SupplierId};
use crate::domain::money::Currency;
use crate::domain::offer::Offer;
use crate::domain::order::Order;
use crate::domain::outcome::Delivery;
use crate::domain::product::Product;
use crate::domain::recipient::Inputs;
use crate::seams::BoxFuture;
use catalog::Edit;
use opening::Lock;
use orders::Kept;
use reads::Unread;
use shared::Shared;
use shared_reads::Ask;
use trouble::{Phase, Trouble};
use writer::{Commands, Job, Writer};
use written::Written;

/// Most callers that may wait for the writer; more are turned away at once.
const QUEUE: usize = 4_096;
/// A read waits this long for a connection.
const READER_PATIENCE: Duration = Duration::from_secs(1);

/// The store on one SQLite file.
pub struct SqliteStore {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    readers: SqlitePool,
    asks: mpsc::Sender<Ask>,
    shared: Arc<Shared>,
}

impl SqliteStore {
    /// Opens the file at `path`, creates it if there is none, and starts its writer.
    ///
    /// # Errors
    /// Says what stands in the way and what to do about it.
    pub async fn open(path: &Path, key: &SealKey, surroundings: Surroundings) -> Result<Self, OpenError> {
        let Surroundings {
            clock,
            random,
            spawner,
            readers,
            faults,
        } = surroundings;
        let lock = Lock::take(path)?;
        let wrong_key = |_| OpenError::WrongKey { database: path.to_owned() };
        let signer = Arc::new(Signer::new(key).map_err(wrong_key)?);
        let sealer = Sealer::new(key, random).map_err(wrong_key)?;
        let options = opening::writer_options(path);
        let connection = opening::open(path, &options, &sealer).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(readers.max(1))
            .acquire_timeout(READER_PATIENCE)
            .connect_lazy_with(opening::reader_options(path));
        let shared = Arc::new(Shared {
            clock,
            sealer,
            signer,
            faults,
            writable: AtomicBool::new(true),
            fatal: watch::Sender::new(None),
            handover: Handover::default(),
            ended: watch::Sender::new(false),
            lock: Mutex::new(Some(lock)),
        });
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let writer = Writer {
            jobs: waiting,
            options,
            connection: Some(connection),
            shared: Arc::clone(&shared),
            carried: std::collections::VecDeque::new(),
            latest: 0,
        };
        spawner.spawn(Box::pin(writer.run()));
        let (asks, asked) = mpsc::channel(shared_reads::QUEUE);
        spawner.spawn(Box::pin(shared_reads::run(asked, readers.clone())));
        Ok(Self {
            jobs: Mutex::new(Some(jobs)),
            readers,
            asks,
            shared,
        })
    }

    /// Completes, with the reason, when the file can no longer be trusted: stop the process and
    /// start anew, which recovers what was committed.
    #[must_use]
    pub fn fatal(&self) -> BoxFuture<'_, String> {
        Box::pin(async move {
            let mut fatal = self.shared.fatal.subscribe();
            let reason = fatal.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone());
            reason.unwrap_or_default()
        })
    }

    /// Takes no more, writes what waits, folds the log into the file and lets go of it.
    pub async fn close(&self) {
        drop(self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take());
        let mut ended = self.shared.ended.subscribe();
        // The sender lives in `shared`, so the wait ends only with the writer.
        let _ = ended.wait_for(|ended| *ended).await;
        self.readers.close().await;
        drop(self.shared.lock.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Orders for which exactly this was entered in any input, the newest first; at most `limit`.
    #[must_use]
    pub fn orders_by_input(&self, value: &str, limit: u32) -> Read<'_, Vec<OrderId>> {
        let hash = self.shared.sealer.input_hash(value);
        self.read(reads::orders_by_input(&self.readers, hash, limit))
    }

    /// Hands a job over, or says at once why not.
    fn hand_over(&self, job: Job) -> Result<(), String> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(jobs) = &*jobs else {
            return Err("the store is closed".to_owned());
        };
        jobs.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => "the writer's queue is full".to_owned(),
            mpsc::error::TrySendError::Closed(_) => "the writer has ended".to_owned(),
        })
    }

    async fn write(&self, commands: Vec<Command>) -> Vec<Answer> {
        let count = commands.len();
        let all = |answer: Answer| std::iter::repeat_n(answer, count).collect();
        let written = commands.iter().map(|command| Written::of(command, &self.shared.sealer));
        let written = match written.collect() {
            Ok(written) => written,
            Err(trouble) => return all(writer::answer(trouble)),
        };
        let (reply, answers) = oneshot::channel();
        match self.hand_over(Job::Commit(Commands { all: commands, written }, reply)) {
            Err(reason) => all(Answer::Outage(reason)),
            // A writer that ended without an answer may have written.
            Ok(()) => answers.await.unwrap_or_else(|_| all(Answer::Unknown)),
        }
    }

    fn edit(&self, edit: Edit) -> Read<'_, ShopId> {
        Box::pin(async move {
            let (reply, done) = oneshot::channel();
            self.hand_over(Job::Edit(edit, reply)).map_err(Outage)?;
            let lost = |_| Err(Outage("perhaps written: the writer ended".to_owned()));
            done.await.unwrap_or_else(lost)
        })
    }

    /// What is kept of an order, read together with whatever else is being asked for.
    async fn kept(&self, id: OrderId) -> Result<Option<Arc<Kept>>, Unread> {
        shared_reads::kept(&self.asks, &self.readers, id).await
    }

    /// A read of its own.
    fn read<'s, T: Send + 's>(&'s self, look: impl Future<Output = Result<T, Unread>> + Send + 's) -> Read<'s, T> {
        metrics::counter!("recharge_store_statements_total").increment(1);
        self.guarded(look)
    }

    fn guarded<'s, T: Send + 's>(&'s self, look: impl Future<Output = Result<T, Unread>> + Send + 's) -> Read<'s, T> {
        Box::pin(async move {
            if self.shared.faults.reads_fail() {
                return Err(Outage("planned outage".to_owned()));
            }
            if self.shared.is_fatal() {
                return Err(Outage("the database failed; the process is stopping".to_owned()));
            }
            look.await.map_err(|unread| {
                if let Unread::Database(error) = &unread
                    && let Trouble::Fatal(reason) = Trouble::of(error, Phase::Before)
                {
                    self.shared.declare_fatal(&reason);
                }
                Outage(unread.to_string())
            })
        })
    }
}

impl Store for SqliteStore {
    fn commit(&self, command: Command) -> BoxFuture<'_, Answer> {
        Box::pin(async move { self.write(vec![command]).await.pop().unwrap_or(Answer::Unknown) })
    }

    fn commit_all(&self, commands: Vec<Command>) -> BoxFuture<'_, Vec<Answer>> {
        Box::pin(async move {
            if commands.is_empty() {
                return Vec::new();
            }
            self.write(commands).await
        })
    }

    fn order(&self, id: OrderId) -> Read<'_, Option<Order>> {
        self.guarded(async move { self.kept(id).await?.map(|kept| kept.order(id)).transpose() })
    }

    fn order_by_shop_no(&self, shop: ShopId, number: ShopOrderNo) -> Read<'_, Option<Order>> {
        self.read(orders::with_number(&self.readers, shop, number))
    }

    fn order_with_inputs(&self, id: OrderId) -> Read<'_, Option<(Order, Inputs)>> {
        self.guarded(async move {
            let Some(kept) = self.kept(id).await? else { return Ok(None) };
            let order = kept.order(id)?;
            Ok(kept.inputs(&self.shared.sealer, id)?.map(|inputs| (order, inputs)))
        })
    }

    fn inputs(&self, id: OrderId) -> Read<'_, Option<Inputs>> {
        self.guarded(async move {
            let kept = self.kept(id).await?;
            kept.map_or(Ok(None), |kept| kept.inputs(&self.shared.sealer, id))
        })
    }

    fn history(&self, id: OrderId) -> Read<'_, Vec<Recorded>> {
        self.read(reads::history(&self.readers, id))
    }

    fn deliveries(&self, id: OrderId) -> Read<'_, Vec<Delivery>> {
        self.read(reads::deliveries(&self.readers, &self.shared.sealer, id))
    }

    fn evidence(&self, id: OrderId) -> Read<'_, Vec<Evidence>> {
        self.read(evidence::of_order(&self.readers, &self.shared.sealer, id))
    }

    fn callbacks_of(&self, id: OrderId) -> Read<'_, Vec<StoredCallback>> {
        self.read(reads::callbacks_of(&self.readers, &self.shared.sealer, id))
    }

    fn schedule(&self, after: Option<ScheduleCursor>, limit: u32) -> Read<'_, Vec<ScheduleCursor>> {
        self.read(reads::schedule(&self.readers, after, limit))
    }

    fn orders_from(&self, from: OrderId, limit: u32) -> Read<'_, Vec<OrderId>> {
        self.read(reads::orders_from(&self.readers, from, limit))
    }

    fn had(&self, supplier: SupplierId, first: OrderId, from_ms: i64, until_ms: i64) -> Read<'_, Had> {
        self.read(reads::had(&self.readers, supplier, first, from_ms, until_ms))
    }

    fn sent_since(&self, supplier: SupplierId, first: OrderId, from_ms: i64) -> Read<'_, Vec<SentAt>> {
        self.read(reads::sent_since(&self.readers, supplier, first, from_ms))
    }

    fn callbacks_due(&self, until_ms: i64, limit: u32) -> Read<'_, Vec<StoredCallback>> {
        self.read(reads::callbacks_due(&self.readers, &self.shared.sealer, until_ms, limit))
    }

    fn callbacks_parked(&self, limit: u32) -> Read<'_, Vec<StoredCallback>> {
        self.read(reads::callbacks_parked(&self.readers, &self.shared.sealer, limit))
    }

    fn balance(&self, shop: ShopId, currency: Currency) -> Read<'_, ShopBalance> {
        self.read(reads::balance(&self.readers, shop, currency))
    }

    fn balances(&self) -> Read<'_, Vec<AccountBalance>> {
        self.read(reads::balances(&self.readers))
    }

    fn case(&self, key: String) -> Read<'_, Option<StoredCase>> {
        self.read(reads::case(&self.readers, key))
    }

    fn stray_evidence(&self, at_ms: i64) -> Read<'_, Vec<Evidence>> {
        self.read(evidence::strays(&self.readers, &self.shared.sealer, at_ms))
    }

    fn deeds(&self, subject: String, limit: u32) -> Read<'_, Vec<Deed>> {
        self.read(desk::deeds(&self.readers, subject, limit))
    }

    fn open_cases(&self, limit: u32) -> Read<'_, Vec<StoredCase>> {
        self.read(reads::open_cases(&self.readers, limit))
    }

    fn census(&self) -> Read<'_, Census> {
        self.read(reads::census(&self.readers))
    }

    fn catalog(&self) -> Read<'_, Catalog> {
        self.read(catalog::read(&self.readers, &self.shared.sealer))
    }

    fn put_shop(&self, record: ShopRecord) -> Read<'_, ShopId> {
        self.edit(Edit::Shop(record))
    }

    fn put_products(&self, products: Vec<Product>) -> Read<'_, ()> {
        let put = self.edit(Edit::Products(products));
        Box::pin(async move { put.await.map(|_| ()) })
    }

    fn put_offers(&self, offers: Vec<Offer>) -> Read<'_, ()> {
        let put = self.edit(Edit::Offers(offers));
        Box::pin(async move { put.await.map(|_| ()) })
    }

    fn put_settings(&self, digest: SettingsDigest, supplier: SupplierId, body: String) -> Read<'_, ()> {
        let put = self.edit(Edit::Settings { digest, supplier, body });
        Box::pin(async move { put.await.map(|_| ()) })
    }

    fn settings(&self, digest: SettingsDigest) -> Read<'_, Option<String>> {
        self.read(reads::settings(&self.readers, digest))
    }

    fn links(&self, id: OrderId) -> Read<'_, Vec<LinkKept>> {
        self.read(reads::links(&self.readers, id))
    }

    fn statements(&self) -> Option<&dyn Statements> {
        Some(self)
    }

    fn queued_callbacks(&self) -> BoxFuture<'_, Queued> {
        Box::pin(self.shared.handover.take())
    }

    fn is_writable(&self) -> bool {
        self.shared.writable.load(Ordering::SeqCst)
    }
}
