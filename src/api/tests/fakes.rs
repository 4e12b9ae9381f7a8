//! Stand-ins for what the room leans on. The store answers only the reads this room makes; writing
//! through it is an outage, so a handler that tried would be seen.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use secrecy::SecretString;
use tokio::sync::Notify;

use crate::api::Front;
use crate::dispatch::{Acted, Heard, NewOrder, Scorecard, Submitted, Turned};
use crate::domain::attempt::Extent;
use crate::domain::event::{Event, Recorded};
use crate::domain::evolve::replay;
use crate::domain::ids::{OrderId, SettingsDigest, ShopId, ShopOrderNo, Sku, SupplierId};
use crate::domain::money::{Currency, Money};
use crate::domain::order::{Asked, Fingerprint, Order, Terms};
use crate::domain::outcome::{Delivery, Via};
use crate::domain::product::{Charset, Denomination, InputField, Product, ProductKind};
use crate::domain::recipient::Inputs;
use crate::domain::shop::Shop;
use crate::seams::{BoxFuture, Clock};
use crate::store::{
    AccountBalance, Answer, Catalog, Census, Command, Evidence, Had, LinkKept, Outage, Queued, Read, ScheduleCursor, SentAt, ShopBalance,
    ShopRecord, Store, StoredCallback, StoredCase,
};

use super::{KEY, NOW, OLD_SECRET, OTHER_KEY, OTHER_SECRET, SECRET};

/// A clock that is moved by hand; its sleeps end never, or at once.
pub struct FakeClock {
    now_ms: AtomicI64,
    is_hasty: AtomicBool,
}

impl FakeClock {
    pub fn at(seconds: i64) -> Self {
        Self {
            now_ms: AtomicI64::new(seconds * 1_000),
            is_hasty: AtomicBool::new(false),
        }
    }

    pub fn advance(&self, seconds: i64) {
        self.now_ms.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }

    /// From now on every sleep is over at once.
    pub fn hurry(&self) {
        self.is_hasty.store(true, Ordering::Relaxed);
    }
}

impl Clock for FakeClock {
    fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::Relaxed)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.now_ms()).unwrap())
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        if self.is_hasty.load(Ordering::Relaxed) {
            Box::pin(std::future::ready(()))
        } else {
            Box::pin(std::future::pending())
        }
    }
}

/// A working heart that answers what the test has laid down.
#[derive(Default)]
pub struct FakeFront {
    pub is_closed: AtomicBool,
    pub answer: Mutex<Option<Result<Submitted, Turned>>>,
    pub verdict: Mutex<Option<Order>>,
    /// While set, no verdict ever comes.
    pub is_undecided: AtomicBool,
    pub heard: Mutex<Option<Heard>>,
    pub cancelled: Mutex<Vec<OrderId>>,
    pub acts: Mutex<Option<Acted>>,
    pub taken: Mutex<Vec<NewOrder>>,
    pub patience: Mutex<Vec<Duration>>,
    pub notified: Mutex<Vec<(String, http::Request<Bytes>)>>,
    /// While set, a submit waits here.
    pub hold: Mutex<Option<std::sync::Arc<Notify>>>,
}

impl FakeFront {
    pub fn answers(&self, answer: Result<Submitted, Turned>) {
        *self.answer.lock().unwrap() = Some(answer);
    }

    pub fn only_order(&self) -> NewOrder {
        let taken = self.taken.lock().unwrap();
        assert_eq!(taken.len(), 1, "exactly one order reaches dispatch");
        taken[0].clone()
    }
}

impl Front for FakeFront {
    fn scorecard(&self, supplier: &SupplierId) -> Scorecard {
        Scorecard {
            score_bp: (supplier.as_str() == "north").then_some(8_700),
            circuit: "closed".to_owned(),
            ..Scorecard::default()
        }
    }

    fn submit(&self, order: NewOrder) -> BoxFuture<'_, Result<Submitted, Turned>> {
        self.taken.lock().unwrap().push(order);
        Box::pin(async {
            let hold = self.hold.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(hold) = hold {
                hold.notified().await;
            }
            let answer = self.answer.lock().unwrap().clone();
            answer.unwrap_or_else(|| Ok(Submitted::New(pending(1, ShopId(1)).into())))
        })
    }

    fn verdict(&self, order: Arc<Order>, patience: Duration) -> BoxFuture<'_, Arc<Order>> {
        self.patience.lock().unwrap().push(patience);
        if self.is_undecided.load(Ordering::Relaxed) {
            return Box::pin(std::future::pending());
        }
        let verdict = self.verdict.lock().unwrap().clone();
        Box::pin(std::future::ready(verdict.map_or(order, Arc::new)))
    }

    fn cancel(&self, order: OrderId) -> BoxFuture<'_, Acted> {
        self.cancelled.lock().unwrap().push(order);
        let acted = self.acts.lock().unwrap().clone();
        Box::pin(std::future::ready(acted.unwrap_or(Acted::Done)))
    }

    fn notification(&self, supplier: String, request: http::Request<Bytes>) -> BoxFuture<'_, Heard> {
        self.notified.lock().unwrap().push((supplier, request));
        let heard = self.heard.lock().unwrap().take();
        Box::pin(std::future::ready(heard.unwrap_or(Heard::Unavailable)))
    }

    fn is_accepting(&self) -> bool {
        !self.is_closed.load(Ordering::Relaxed)
    }
}

/// A store of orders with their histories and deliveries.
#[derive(Default)]
pub struct FakeStore {
    pub orders: Mutex<BTreeMap<OrderId, Order>>,
    pub histories: Mutex<BTreeMap<OrderId, Vec<Recorded>>>,
    pub deliveries: Mutex<BTreeMap<OrderId, Vec<Delivery>>>,
    pub is_away: AtomicBool,
}

impl FakeStore {
    pub fn put(&self, order: Order) {
        self.orders.lock().unwrap().insert(order.id, order);
    }

    fn reads<T: Send + 'static>(&self, value: T) -> Read<'_, T> {
        let away = self.is_away.load(Ordering::Relaxed);
        Box::pin(std::future::ready(if away { Err(outage()) } else { Ok(value) }))
    }
}

fn outage() -> Outage {
    Outage("away".to_owned())
}

fn not_here<T: Send + 'static>() -> Read<'static, T> {
    Box::pin(std::future::ready(Err(outage())))
}

impl Store for FakeStore {
    fn commit(&self, _: Command) -> BoxFuture<'_, Answer> {
        Box::pin(std::future::ready(Answer::Outage("away".to_owned())))
    }
    fn commit_all(&self, commands: Vec<Command>) -> BoxFuture<'_, Vec<Answer>> {
        let answers = commands.iter().map(|_| Answer::Outage("away".to_owned())).collect();
        Box::pin(std::future::ready(answers))
    }
    fn order(&self, id: OrderId) -> Read<'_, Option<Order>> {
        self.reads(self.orders.lock().unwrap().get(&id).cloned())
    }
    fn order_by_shop_no(&self, shop: ShopId, number: ShopOrderNo) -> Read<'_, Option<Order>> {
        let orders = self.orders.lock().unwrap();
        let found = orders.values().find(|o| o.terms.shop == shop && o.terms.shop_order_no == number);
        self.reads(found.cloned())
    }
    fn history(&self, id: OrderId) -> Read<'_, Vec<Recorded>> {
        self.reads(self.histories.lock().unwrap().get(&id).cloned().unwrap_or_default())
    }
    fn deliveries(&self, id: OrderId) -> Read<'_, Vec<Delivery>> {
        self.reads(self.deliveries.lock().unwrap().get(&id).cloned().unwrap_or_default())
    }
    fn balance(&self, _: ShopId, currency: Currency) -> Read<'_, ShopBalance> {
        self.reads(ShopBalance {
            available: Money::new(-1_000, currency),
            held: Money::new(2_550, currency),
        })
    }
    fn inputs(&self, _: OrderId) -> Read<'_, Option<Inputs>> {
        not_here()
    }
    fn evidence(&self, _: OrderId) -> Read<'_, Vec<Evidence>> {
        not_here()
    }
    fn callbacks_of(&self, _: OrderId) -> Read<'_, Vec<StoredCallback>> {
        not_here()
    }
    fn schedule(&self, _: Option<ScheduleCursor>, _: u32) -> Read<'_, Vec<ScheduleCursor>> {
        not_here()
    }
    fn callbacks_due(&self, _: i64, _: u32) -> Read<'_, Vec<StoredCallback>> {
        not_here()
    }
    fn callbacks_parked(&self, _: u32) -> Read<'_, Vec<StoredCallback>> {
        not_here()
    }
    fn balances(&self) -> Read<'_, Vec<AccountBalance>> {
        not_here()
    }
    fn case(&self, _: String) -> Read<'_, Option<StoredCase>> {
        not_here()
    }
    fn stray_evidence(&self, _: i64) -> Read<'_, Vec<Evidence>> {
        not_here()
    }
    fn deeds(&self, _: String, _: u32) -> Read<'_, Vec<crate::domain::desk::Deed>> {
        not_here()
    }
    fn open_cases(&self, _: u32) -> Read<'_, Vec<StoredCase>> {
        not_here()
    }
    fn census(&self) -> Read<'_, Census> {
        not_here()
    }
    fn had(&self, _: SupplierId, _: OrderId, _: i64, _: i64) -> Read<'_, Had> {
        not_here()
    }
    fn sent_since(&self, _: SupplierId, _: OrderId, _: i64) -> Read<'_, Vec<SentAt>> {
        not_here()
    }
    fn catalog(&self) -> Read<'_, Catalog> {
        not_here()
    }
    fn put_shop(&self, _: ShopRecord) -> Read<'_, ShopId> {
        not_here()
    }
    fn put_products(&self, _: Vec<Product>) -> Read<'_, ()> {
        not_here()
    }
    fn put_offers(&self, _: Vec<crate::domain::offer::Offer>) -> Read<'_, ()> {
        not_here()
    }
    fn put_settings(&self, _: SettingsDigest, _: SupplierId, _: String) -> Read<'_, ()> {
        not_here()
    }
    fn settings(&self, _: SettingsDigest) -> Read<'_, Option<String>> {
        not_here()
    }
    fn order_with_inputs(&self, _: OrderId) -> Read<'_, Option<(Order, Inputs)>> {
        not_here()
    }
    fn links(&self, _: OrderId) -> Read<'_, Vec<LinkKept>> {
        let link = |number| LinkKept {
            number,
            at_ms: 1_000,
            link: [7; 32],
        };
        self.reads(vec![link(1), link(9)])
    }
    fn queued_callbacks(&self) -> BoxFuture<'_, Queued> {
        Box::pin(std::future::pending())
    }
    fn is_writable(&self) -> bool {
        !self.is_away.load(Ordering::Relaxed)
    }
}

fn shop(id: i64, key: &str, secrets: &[&str], active: bool) -> ShopRecord {
    ShopRecord {
        shop: Shop {
            id: ShopId(id),
            name: format!("shop {id}"),
            key: key.to_owned(),
            currency: Currency::Cny,
            credit_limit_minor: 5_000,
            active,
        },
        request_secrets: secrets.iter().map(|secret| SecretString::from(*secret)).collect(),
        callback_secrets: Vec::new(),
    }
}

pub fn catalog() -> Catalog {
    let product = Product {
        sku: Sku::from("mobile"),
        sku_no: 7,
        name: "话费".to_owned(),
        kind: ProductKind::TopUp,
        currency: Currency::Cny,
        denominations: vec![Denomination {
            face_minor: 1_000,
            price_minor: 985,
        }],
        inputs: vec![InputField {
            key: "account".to_owned(),
            required: true,
            charset: Charset::Digits,
            min_len: 11,
            max_len: 11,
            is_recipient: true,
        }],
        max_quantity: 1,
        deadline_seconds: 600,
        advance: None,
        may_lose_money: false,
        on_sale: true,
    };
    let withdrawn = Product {
        sku: Sku::from("withdrawn"),
        on_sale: false,
        ..product.clone()
    };
    Catalog {
        shops: vec![
            shop(1, KEY, &[SECRET, OLD_SECRET], true),
            shop(2, OTHER_KEY, &[OTHER_SECRET], true),
            shop(3, "shop-three", &["secret-of-shop-three"], false),
            shop(4, "shop-without-secrets", &[], true),
        ],
        products: vec![product, withdrawn],
        offers: Vec::new(),
    }
}

pub fn cny(minor: i64) -> Money {
    Money::new(minor, Currency::Cny)
}

pub fn accepted(id: i64, shop: ShopId) -> Event {
    let sku = Sku::from("mobile");
    Event::OrderAccepted {
        id: OrderId::from_stored(id).unwrap(),
        terms: Terms {
            shop,
            shop_order_no: ShopOrderNo::from("A-1"),
            fingerprint: Fingerprint::of(&Asked {
                sku: &sku,
                quantity: 1,
                face_value: None,
                max_price: None,
                inputs: &Inputs::default(),
                callback_url: None,
                deadline_seconds: Some(600),
            }),
            sku,
            kind: ProductKind::TopUp,
            quantity: 1,
            face: cny(1_000),
            price: cny(985),
            may_lose_money: false,
            floor_minor: 0,
            deadline_ms: (NOW + 600) * 1_000,
            callback_url: None,
            segment: None,
            advance_after_ms: None,
        }
        .into(),
    }
}

pub fn recorded(events: Vec<Event>) -> Vec<Recorded> {
    let numbered = (1_u32..).zip(events);
    numbered
        .map(|(number, event)| Recorded {
            number,
            at_ms: NOW * 1_000 + i64::from(number),
            event,
        })
        .collect()
}

pub fn pending(id: i64, shop: ShopId) -> Order {
    replay(&recorded(vec![accepted(id, shop)])).unwrap()
}

pub fn opened(seq: u8, supplier: &str) -> Event {
    Event::AttemptOpened {
        seq,
        supplier: SupplierId::from(supplier),
        settings: SettingsDigest::from("digest"),
        code: "supplier-code".into(),
        cost: cny(970),
        skipped: Vec::new(),
        process: None,
        choice: None,
    }
}

pub fn succeeded(id: i64, shop: ShopId) -> Order {
    let won = Event::AttemptWon {
        seq: 1,
        via: Via::Query,
        extent: Extent::Full,
        cost: cny(970),
        supplier_ref: None,
        deliveries: 1,
        evidence: None,
    };
    let events = vec![accepted(id, shop), opened(1, "first"), won, Event::OrderSucceeded { seq: 1 }];
    replay(&recorded(events)).unwrap()
}
