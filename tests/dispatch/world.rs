//! A dispatch with one shop, one product and two suppliers, north before south.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use recharge_gateway::adapters::Adapters;
use recharge_gateway::dispatch::{Dispatch, NewOrder, Parts, Submitted, Supplier, Turned};
use recharge_gateway::domain::attempt::Attempt;
use recharge_gateway::domain::ids::{OrderId, ShopId, ShopOrderNo, Sku, SupplierId};
use recharge_gateway::domain::ledger::Posting;
use recharge_gateway::domain::money::{Currency, Money};
use recharge_gateway::domain::offer::Offer;
use recharge_gateway::domain::order::Order;
use recharge_gateway::domain::policy::Policy;
use recharge_gateway::domain::product::{Charset, Denomination, InputField, Product, ProductKind};
use recharge_gateway::domain::recipient::Inputs;
use recharge_gateway::domain::segment::{self, Segments};
use recharge_gateway::domain::shop::Shop;
use recharge_gateway::net::address::AddressPolicy;
use recharge_gateway::ratelimit::Lane;
use recharge_gateway::seams::{BoxFuture, Spawner, SystemRandom};
use recharge_gateway::store::{Answer, Command, ShopRecord, Store};
use secrecy::SecretString;

use crate::clocks::Clocks;
use crate::store::SlowStore;
use crate::wire::{Wire, notification};

pub const KEY: &str = "testkey";

/// Counts the tasks that are started: work that nobody asked for shows here first.
#[derive(Default)]
pub struct CountingSpawner(AtomicUsize);

impl CountingSpawner {
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Spawner for CountingSpawner {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.0.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(task);
    }
}

pub struct World {
    pub clocks: Arc<Clocks>,
    pub store: Arc<SlowStore>,
    pub north: Arc<Wire>,
    pub south: Arc<Wire>,
    pub dispatch: Dispatch,
    pub spawner: Arc<CountingSpawner>,
    shop: Shop,
}

impl World {
    pub async fn new() -> Self {
        Self::with(
            "submit = { per_minute = 60000, burst = 100 }\nquery = { per_minute = 60000, burst = 100 }",
            &["north", "south"],
        )
        .await
    }

    /// A world where each supplier has these `limits`, and only some of them have an offer.
    pub async fn with(limits: &str, offering: &[&str]) -> Self {
        Self::made(limits, limits, offering).await
    }

    /// A world where both have an offer, and what follows north's limits in adapters.toml is `at_north`.
    pub async fn with_at_north(limits: &str, at_north: &str) -> Self {
        Self::made(limits, at_north, &["north", "south"]).await
    }

    async fn made(limits: &str, at_north: &str, offering: &[&str]) -> Self {
        let clocks = Arc::new(Clocks::new());
        let store = Arc::new(SlowStore::new(Arc::clone(&clocks)));
        let shop = stock(&store, offering).await;
        let (north, south) = (Arc::new(Wire::new(Arc::clone(&clocks))), Arc::new(Wire::new(Arc::clone(&clocks))));
        let wires = BTreeMap::from([("north", Arc::clone(&north)), ("south", Arc::clone(&south))]);
        let spawner = Arc::default();
        let dispatch = open(&clocks, &store, &wires, &spawner, [limits, at_north]).await;
        let world = Self {
            clocks,
            store,
            north,
            south,
            dispatch,
            spawner,
            shop,
        };
        // Buckets start empty.
        world.clocks.pass(1_000).await;
        world
    }

    /// Another process on the same store ten minutes later, which knows only these suppliers.
    pub async fn reopened_with(self, suppliers: &[&str]) -> Self {
        self.reopened(600_000, suppliers, "").await
    }

    /// Another process on the same store a while later, with these limits.
    pub async fn reopened(self, later_ms: i64, suppliers: &[&str], limits: &str) -> Self {
        self.dispatch.stop(Duration::ZERO).await;
        self.clocks.pass(later_ms).await;
        let all = [("north", &self.north), ("south", &self.south)];
        let wires = all.into_iter().filter(|(name, _)| suppliers.contains(name));
        let wires = wires.map(|(name, wire)| (name, Arc::clone(wire))).collect();
        let dispatch = open(&self.clocks, &self.store, &wires, &self.spawner, [limits, limits]).await;
        Self { dispatch, ..self }
    }

    pub fn ask(&self, number: &str) -> NewOrder {
        self.ask_for(number, "13800138000")
    }

    pub fn ask_for(&self, number: &str, recipient: &str) -> NewOrder {
        NewOrder {
            shop: self.shop.clone(),
            shop_order_no: ShopOrderNo::from(number),
            sku: Sku::from("top-up"),
            inputs: Inputs(BTreeMap::from([("account".to_owned(), recipient.to_owned())])),
            quantity: None,
            face_value: None,
            max_price: None,
            callback_url: None,
            deadline_seconds: None,
        }
    }

    /// Hands an order in and lets its intake end.
    pub async fn submit(&self, number: &str) -> Result<OrderId, Turned> {
        self.hand_in(self.ask(number)).await
    }

    pub async fn hand_in(&self, asked: NewOrder) -> Result<OrderId, Turned> {
        let dispatch = self.dispatch.clone();
        let taken = tokio::spawn(async move { dispatch.submit(asked).await });
        self.clocks.pass(0).await;
        while !taken.is_finished() {
            self.clocks.pass(10).await;
        }
        match taken.await.unwrap()? {
            Submitted::New(order) | Submitted::Same(order) => Ok(order.id),
        }
    }

    pub async fn order(&self, id: OrderId) -> Order {
        self.store.inner.order(id).await.unwrap().unwrap()
    }

    pub async fn attempt(&self, id: OrderId) -> Attempt {
        self.order(id).await.attempts.last().unwrap().clone()
    }

    /// North says in a signed notification how attempt 1 of an order stands.
    pub fn north_says(&self, id: OrderId, state: &str) -> http::Request<bytes::Bytes> {
        notification(&format!("{id}01"), state, KEY)
    }
}

async fn open(
    clocks: &Arc<Clocks>,
    store: &Arc<SlowStore>,
    wires: &BTreeMap<&str, Arc<Wire>>,
    spawner: &Arc<CountingSpawner>,
    [limits, at_north]: [&str; 2],
) -> Dispatch {
    let table = |name: &&str| {
        let limits = if *name == "north" { at_north } else { limits };
        format!(
            "[supplier.{name}]\ndialect = \"dayuanren\"\nbase_url = \"https://{name}.example\"\nsubmit_timeout_ms = 1000\n\
             query_timeout_ms = 1000\nsecrets = {{ key = \"KEY\" }}\ncfg = {{ userid = \"10001\" }}\n\
             status.submit = {{ \"4\" = \"refused:supplier_balance\", \"5\" = \"refused:recipient\" }}\n[supplier.{name}.limits]\n{limits}\n\
             [supplier.{name}.promises]\ndeduplicates = true\nkeeps_failed_ids = true\nhorizon_ms = 86400000\nfailed_is_final = true\nquery_consistent = true\n"
        )
    };
    let text: String = wires.keys().map(table).collect();
    let adapters = Adapters::load("adapters.toml", &text, &|_| Some(SecretString::from(KEY)), &[]).unwrap();
    let mut suppliers = BTreeMap::new();
    for adapter in adapters.iter() {
        let settings = store
            .inner
            .put_settings(adapter.digest().clone(), adapter.id().clone(), adapter.document());
        settings.await.unwrap();
        let lane = Lane::new(adapter.limits(), Arc::<Clocks>::clone(clocks));
        let transport = Arc::<Wire>::clone(&wires[adapter.id().as_str()]);
        let supplier = Supplier {
            adapter: Arc::clone(adapter),
            lane,
            transport,
        };
        suppliers.insert(adapter.id().clone(), supplier);
    }
    let parts = Parts {
        store: Arc::<SlowStore>::clone(store),
        clock: Arc::<Clocks>::clone(clocks),
        random: Arc::new(SystemRandom),
        spawner: Arc::<CountingSpawner>::clone(spawner),
        suppliers,
        secrets: Arc::new(|_| Some(SecretString::from(KEY))),
        policy: Policy::default(),
        callback_addresses: AddressPolicy { may_call_loopback: false },
        balance_every: Some(Duration::from_secs(3_600)),
        segments: Arc::new(Segments::read(segment::BUILT_IN).unwrap()),
        public_url: "https://gateway.example".to_owned(),
        node: 0,
    };
    let dispatch = Dispatch::new(parts).await.unwrap();
    dispatch.recover().await.unwrap();
    let at_work = dispatch.clone();
    tokio::spawn(async move { at_work.run().await });
    dispatch
}

async fn stock(store: &SlowStore, offering: &[&str]) -> Shop {
    let shop = Shop {
        id: ShopId(0),
        name: "Shop".to_owned(),
        key: "shop".to_owned(),
        currency: Currency::Cny,
        credit_limit_minor: 0,
        active: true,
    };
    let record = ShopRecord {
        shop: shop.clone(),
        request_secrets: Vec::new(),
        callback_secrets: Vec::new(),
    };
    let id = store.inner.put_shop(record).await.unwrap();
    let credit = Posting::credit(id, Money::new(100_000_000, Currency::Cny), "first");
    assert_eq!(store.inner.commit(Command::Post(credit)).await, Answer::Done);
    let account = InputField {
        key: "account".to_owned(),
        required: true,
        charset: Charset::Phone,
        min_len: 11,
        max_len: 11,
        is_recipient: true,
    };
    let product = Product {
        sku: Sku::from("top-up"),
        sku_no: 0,
        name: "Top-up".to_owned(),
        kind: ProductKind::TopUp,
        currency: Currency::Cny,
        denominations: vec![Denomination {
            face_minor: 10_000,
            price_minor: 9_950,
        }],
        inputs: vec![account],
        max_quantity: 1,
        deadline_seconds: 86_400,
        advance: None,
        may_lose_money: false,
        on_sale: true,
    };
    store.inner.put_products(vec![product]).await.unwrap();
    let offers = ["north", "south"].iter().zip(1..).filter(|(name, _)| offering.contains(name));
    let offers = offers.map(|(name, priority)| Offer {
        supplier: SupplierId::from(*name),
        sku: Sku::from("top-up"),
        face_minor: 10_000,
        cost_minor: 9_800,
        priority: Some(priority),
        code: "12".into(),
        enabled: true,
    });
    store.inner.put_offers(offers.collect()).await.unwrap();
    Shop { id, ..shop }
}
