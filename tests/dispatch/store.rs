//! The memory store behind a slow disk: commits take as long as the test says, and it can say that
//! nothing can be written.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use recharge_gateway::domain::desk::Deed;
use recharge_gateway::domain::event::Recorded;
use recharge_gateway::domain::ids::{OrderId, SettingsDigest, ShopId, ShopOrderNo, SupplierId};
use recharge_gateway::domain::money::Currency;
use recharge_gateway::domain::offer::Offer;
use recharge_gateway::domain::order::Order;
use recharge_gateway::domain::outcome::{Delivery, Via};
use recharge_gateway::domain::product::Product;
use recharge_gateway::domain::recipient::Inputs;
use recharge_gateway::seams::{BoxFuture, Clock};
use recharge_gateway::store::{
    AccountBalance, Answer, Catalog, Census, Command, Evidence, Had, MemoryStore, Queued, Read, ScheduleCursor, SentAt, ShopBalance,
    ShopRecord, Store, StoredCallback, StoredCase,
};

use crate::clocks::Clocks;

pub struct SlowStore {
    pub inner: MemoryStore,
    pub clocks: Arc<Clocks>,
    /// How long a commit takes.
    pub commit_ms: AtomicU64,
    /// The commit's answer is lost, and it happens only after this time.
    pub late_ms: AtomicU64,
    pub is_stuck: Arc<AtomicBool>,
    pub orders_read: AtomicU64,
    /// How long reading an order takes, how many are being read, and the most there ever were.
    pub read_ms: AtomicU64,
    pub reading: AtomicU64,
    pub most_reading: AtomicU64,
    /// What submits answered cannot be written, while everything else can.
    pub declines_submits: AtomicBool,
}

impl SlowStore {
    pub fn new(clocks: Arc<Clocks>) -> Self {
        Self {
            inner: MemoryStore::new(),
            clocks,
            commit_ms: AtomicU64::new(0),
            late_ms: AtomicU64::new(0),
            is_stuck: Arc::default(),
            orders_read: AtomicU64::new(0),
            read_ms: AtomicU64::new(0),
            reading: AtomicU64::new(0),
            most_reading: AtomicU64::new(0),
            declines_submits: AtomicBool::new(false),
        }
    }
}

fn is_of_a_submit(command: &Command) -> bool {
    let Command::Decide(decision) = command else { return false };
    decision.evidence.iter().any(|evidence| evidence.via == Via::Submit)
}

impl Store for SlowStore {
    fn commit(&self, command: Command) -> BoxFuture<'_, Answer> {
        let late_ms = self.late_ms.swap(0, Ordering::Relaxed);
        if late_ms > 0 {
            let (inner, wait, is_stuck) = (
                self.inner.clone(),
                self.clocks.sleep(Duration::from_millis(late_ms)),
                Arc::clone(&self.is_stuck),
            );
            is_stuck.store(true, Ordering::Relaxed);
            tokio::spawn(async move {
                wait.await;
                assert_eq!(inner.commit(command).await, Answer::Done);
                is_stuck.store(false, Ordering::Relaxed);
            });
            return Box::pin(std::future::ready(Answer::Unknown));
        }
        if self.declines_submits.load(Ordering::Relaxed) && is_of_a_submit(&command) {
            return Box::pin(std::future::ready(Answer::Outage("planned".to_owned())));
        }
        Box::pin(async move {
            self.clocks
                .sleep(Duration::from_millis(self.commit_ms.load(Ordering::Relaxed)))
                .await;
            self.inner.commit(command).await
        })
    }

    fn is_writable(&self) -> bool {
        !self.is_stuck.load(Ordering::Relaxed)
    }

    fn commit_all(&self, commands: Vec<Command>) -> BoxFuture<'_, Vec<Answer>> {
        self.inner.commit_all(commands)
    }
    fn order(&self, id: OrderId) -> Read<'_, Option<Order>> {
        Box::pin(async move {
            self.orders_read.fetch_add(1, Ordering::Relaxed);
            let reading = self.reading.fetch_add(1, Ordering::Relaxed) + 1;
            self.most_reading.fetch_max(reading, Ordering::Relaxed);
            self.clocks.sleep(Duration::from_millis(self.read_ms.load(Ordering::Relaxed))).await;
            self.reading.fetch_sub(1, Ordering::Relaxed);
            self.inner.order(id).await
        })
    }
    fn order_by_shop_no(&self, shop: ShopId, number: ShopOrderNo) -> Read<'_, Option<Order>> {
        self.inner.order_by_shop_no(shop, number)
    }
    fn order_with_inputs(&self, id: OrderId) -> Read<'_, Option<(Order, Inputs)>> {
        self.inner.order_with_inputs(id)
    }

    fn inputs(&self, id: OrderId) -> Read<'_, Option<Inputs>> {
        self.inner.inputs(id)
    }
    fn history(&self, id: OrderId) -> Read<'_, Vec<Recorded>> {
        self.inner.history(id)
    }
    fn deliveries(&self, id: OrderId) -> Read<'_, Vec<Delivery>> {
        self.inner.deliveries(id)
    }
    fn evidence(&self, id: OrderId) -> Read<'_, Vec<Evidence>> {
        self.inner.evidence(id)
    }
    fn callbacks_of(&self, id: OrderId) -> Read<'_, Vec<StoredCallback>> {
        self.inner.callbacks_of(id)
    }
    fn schedule(&self, after: Option<ScheduleCursor>, limit: u32) -> Read<'_, Vec<ScheduleCursor>> {
        self.inner.schedule(after, limit)
    }
    fn orders_from(&self, from: OrderId, limit: u32) -> Read<'_, Vec<OrderId>> {
        self.inner.orders_from(from, limit)
    }
    fn had(&self, supplier: SupplierId, first: OrderId, from_ms: i64, until_ms: i64) -> Read<'_, Had> {
        self.inner.had(supplier, first, from_ms, until_ms)
    }
    fn sent_since(&self, supplier: SupplierId, first: OrderId, from_ms: i64) -> Read<'_, Vec<SentAt>> {
        self.inner.sent_since(supplier, first, from_ms)
    }
    fn callbacks_due(&self, until_ms: i64, limit: u32) -> Read<'_, Vec<StoredCallback>> {
        self.inner.callbacks_due(until_ms, limit)
    }
    fn callbacks_parked(&self, limit: u32) -> Read<'_, Vec<StoredCallback>> {
        self.inner.callbacks_parked(limit)
    }
    fn balance(&self, shop: ShopId, currency: Currency) -> Read<'_, ShopBalance> {
        self.inner.balance(shop, currency)
    }
    fn balances(&self) -> Read<'_, Vec<AccountBalance>> {
        self.inner.balances()
    }
    fn case(&self, key: String) -> Read<'_, Option<StoredCase>> {
        self.inner.case(key)
    }
    fn stray_evidence(&self, at_ms: i64) -> Read<'_, Vec<Evidence>> {
        self.inner.stray_evidence(at_ms)
    }
    fn deeds(&self, subject: String, limit: u32) -> Read<'_, Vec<Deed>> {
        self.inner.deeds(subject, limit)
    }
    fn open_cases(&self, limit: u32) -> Read<'_, Vec<StoredCase>> {
        self.inner.open_cases(limit)
    }
    fn census(&self) -> Read<'_, Census> {
        self.inner.census()
    }
    fn catalog(&self) -> Read<'_, Catalog> {
        self.inner.catalog()
    }
    fn put_shop(&self, record: ShopRecord) -> Read<'_, ShopId> {
        self.inner.put_shop(record)
    }
    fn put_products(&self, products: Vec<Product>) -> Read<'_, ()> {
        self.inner.put_products(products)
    }
    fn put_offers(&self, offers: Vec<Offer>) -> Read<'_, ()> {
        self.inner.put_offers(offers)
    }
    fn put_settings(&self, digest: SettingsDigest, supplier: SupplierId, body: String) -> Read<'_, ()> {
        self.inner.put_settings(digest, supplier, body)
    }
    fn settings(&self, digest: SettingsDigest) -> Read<'_, Option<String>> {
        self.inner.settings(digest)
    }
    fn queued_callbacks(&self) -> BoxFuture<'_, Queued> {
        self.inner.queued_callbacks()
    }
}
