//! An outbox in memory; everything else a store does is not asked of it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;

use super::lock;
use crate::domain::event::Recorded;
use crate::domain::ids::{OrderId, SettingsDigest, ShopId, ShopOrderNo, SupplierId};
use crate::domain::money::Currency;
use crate::domain::offer::Offer;
use crate::domain::order::Order;
use crate::domain::outcome::Delivery;
use crate::domain::product::Product;
use crate::domain::recipient::Inputs;
use crate::seams::BoxFuture;
use crate::store::{
    AccountBalance, Answer, CallbackState, Catalog, Census, Command, Evidence, Fresh, Had, Outage, Queued, Read, ScheduleCursor, SentAt,
    ShopBalance, ShopRecord, Store, StoredCallback, StoredCase,
};

pub(super) struct FakeStore {
    rows: Mutex<Vec<StoredCallback>>,
    queued: Mutex<Queued>,
    wake: Notify,
    turns: AtomicUsize,
    looks: AtomicUsize,
    commits: AtomicUsize,
    /// Callbacks whose next result ends in a way nobody knows.
    pub(super) doubtful: Mutex<Vec<String>>,
    pub(super) is_away: AtomicBool,
    pub(super) takes_no_results: AtomicBool,
}

impl FakeStore {
    pub(super) fn holding(rows: Vec<StoredCallback>) -> Self {
        Self {
            rows: Mutex::new(rows),
            queued: Mutex::default(),
            wake: Notify::new(),
            turns: AtomicUsize::new(0),
            looks: AtomicUsize::new(0),
            commits: AtomicUsize::new(0),
            doubtful: Mutex::default(),
            is_away: AtomicBool::new(false),
            takes_no_results: AtomicBool::new(false),
        }
    }

    pub(super) fn rows(&self) -> Vec<StoredCallback> {
        lock(&self.rows).clone()
    }

    /// Queues a row that is not handed over: the worker is only told to look.
    pub(super) fn queue(&self, row: StoredCallback) {
        lock(&self.rows).push(row);
        lock(&self.queued).is_partial = true;
        self.wake.notify_one();
    }

    /// Loses what would have been handed over, as a restart does.
    pub(super) fn forget_queued(&self) {
        *lock(&self.queued) = Queued::default();
    }

    /// How often an order's callbacks, and how often the outbox was read.
    pub(super) fn reads(&self) -> (usize, usize) {
        (self.turns.load(Ordering::SeqCst), self.looks.load(Ordering::SeqCst))
    }

    /// How often results were written.
    pub(super) fn commits(&self) -> usize {
        self.commits.load(Ordering::SeqCst)
    }

    /// Queues a row and hands it over.
    pub(super) fn hand_over(&self, row: StoredCallback, is_first: bool) {
        lock(&self.rows).push(row.clone());
        lock(&self.queued).rows.push(Fresh { row, is_first });
        self.wake.notify_one();
    }

    fn take_result(&self, command: Command) -> Answer {
        let Command::CallbackTried(tried) = command else {
            panic!("only results are written")
        };
        if self.is_away.load(Ordering::SeqCst) || self.takes_no_results.load(Ordering::SeqCst) {
            return Answer::Unknown;
        }
        let mut doubtful = lock(&self.doubtful);
        if let Some(place) = doubtful.iter().position(|id| *id == tried.id) {
            doubtful.remove(place);
            return Answer::Unknown;
        }
        let mut rows = lock(&self.rows);
        let row = rows.iter_mut().find(|row| row.callback.id == tried.id).unwrap();
        assert!(
            matches!(row.state, CallbackState::Due(_)),
            "{} had ended and was tried again",
            tried.id
        );
        row.state = tried.state;
        row.tries = tried.tries;
        row.last_result = Some(tried.result);
        Answer::Done
    }

    fn read(&self, wanted: impl Fn(&StoredCallback) -> bool, limit: usize) -> Result<Vec<StoredCallback>, Outage> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(Outage("away".to_owned()));
        }
        Ok(lock(&self.rows).iter().filter(|row| wanted(row)).take(limit).cloned().collect())
    }
}

fn never_asked<T>() -> T {
    panic!("the worker has no business here")
}

impl Store for FakeStore {
    fn commit_all(&self, commands: Vec<Command>) -> BoxFuture<'_, Vec<Answer>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.commits.fetch_add(1, Ordering::SeqCst);
            commands.into_iter().map(|command| self.take_result(command)).collect()
        })
    }

    fn callbacks_due(&self, until_ms: i64, limit: u32) -> Read<'_, Vec<StoredCallback>> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        let is_due = move |row: &StoredCallback| matches!(row.state, CallbackState::Due(at_ms) if at_ms <= until_ms);
        let rows = self.read(is_due, usize::try_from(limit).unwrap());
        Box::pin(async move {
            // Time passes between the look and the answer.
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
            rows
        })
    }

    fn callbacks_parked(&self, limit: u32) -> Read<'_, Vec<StoredCallback>> {
        let rows = self.read(|row| row.state == CallbackState::Parked, usize::try_from(limit).unwrap());
        Box::pin(async move { rows })
    }

    fn callbacks_of(&self, id: OrderId) -> Read<'_, Vec<StoredCallback>> {
        self.turns.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.read(|row| row.callback.order == id, usize::MAX)
        })
    }

    fn queued_callbacks(&self) -> BoxFuture<'_, Queued> {
        Box::pin(async move {
            loop {
                let queued = std::mem::take(&mut *lock(&self.queued));
                if queued != Queued::default() {
                    return queued;
                }
                self.wake.notified().await;
            }
        })
    }

    fn is_writable(&self) -> bool {
        true
    }

    fn commit(&self, _: Command) -> BoxFuture<'_, Answer> {
        never_asked()
    }
    fn order(&self, _: OrderId) -> Read<'_, Option<Order>> {
        never_asked()
    }
    fn order_by_shop_no(&self, _: ShopId, _: ShopOrderNo) -> Read<'_, Option<Order>> {
        never_asked()
    }
    fn order_with_inputs(&self, _: OrderId) -> Read<'_, Option<(Order, Inputs)>> {
        never_asked()
    }

    fn inputs(&self, _: OrderId) -> Read<'_, Option<Inputs>> {
        never_asked()
    }
    fn history(&self, _: OrderId) -> Read<'_, Vec<Recorded>> {
        never_asked()
    }
    fn deliveries(&self, _: OrderId) -> Read<'_, Vec<Delivery>> {
        never_asked()
    }
    fn evidence(&self, _: OrderId) -> Read<'_, Vec<Evidence>> {
        never_asked()
    }
    fn schedule(&self, _: Option<ScheduleCursor>, _: u32) -> Read<'_, Vec<ScheduleCursor>> {
        never_asked()
    }
    fn balance(&self, _: ShopId, _: Currency) -> Read<'_, ShopBalance> {
        never_asked()
    }
    fn balances(&self) -> Read<'_, Vec<AccountBalance>> {
        never_asked()
    }
    fn case(&self, _: String) -> Read<'_, Option<StoredCase>> {
        never_asked()
    }
    fn stray_evidence(&self, _: i64) -> Read<'_, Vec<Evidence>> {
        never_asked()
    }
    fn deeds(&self, _: String, _: u32) -> Read<'_, Vec<crate::domain::desk::Deed>> {
        never_asked()
    }
    fn open_cases(&self, _: u32) -> Read<'_, Vec<StoredCase>> {
        never_asked()
    }
    fn census(&self) -> Read<'_, Census> {
        never_asked()
    }
    fn had(&self, _: SupplierId, _: OrderId, _: i64, _: i64) -> Read<'_, Had> {
        never_asked()
    }
    fn sent_since(&self, _: SupplierId, _: OrderId, _: i64) -> Read<'_, Vec<SentAt>> {
        never_asked()
    }
    fn catalog(&self) -> Read<'_, Catalog> {
        never_asked()
    }
    fn put_shop(&self, _: ShopRecord) -> Read<'_, ShopId> {
        never_asked()
    }
    fn put_products(&self, _: Vec<Product>) -> Read<'_, ()> {
        never_asked()
    }
    fn put_offers(&self, _: Vec<Offer>) -> Read<'_, ()> {
        never_asked()
    }
    fn put_settings(&self, _: SettingsDigest, _: SupplierId, _: String) -> Read<'_, ()> {
        never_asked()
    }
    fn settings(&self, _: SettingsDigest) -> Read<'_, Option<String>> {
        never_asked()
    }
}
