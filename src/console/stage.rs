//! A small world for tests: a memory store, a clock that stands still, chance that counts, and a
//! running server that remembers what it was asked.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test that meets another reply should stop where it stands"
)]

mod running;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::time::Duration;

use running::{Remembers, plan};

use super::{AdminCall, AdminContext, AdminReply, CatalogFile, FileFormat, Links, SupplierLine, perform};
use crate::domain::decide::{Facts, Input, accept, decide};
use crate::domain::desk::Manning;
use crate::domain::effect::Change;
use crate::domain::ids::{EvidenceId, OrderId, ProcessId, ShopId, ShopOrderNo, SupplierId};
use crate::domain::limits::Limits;
use crate::domain::money::{Currency, Money};
use crate::domain::order::{Asked, Fingerprint, Order, Terms};
use crate::domain::outcome::{Delivery, Doubt, Outcome, Reading, Via};
use crate::domain::plan::Plan;
use crate::domain::policy::{Policy, Promises, RuleBook};
use crate::domain::product::ProductKind;
use crate::domain::recipient::Inputs;
use crate::seams::{BoxFuture, Clock, Random};
use crate::store::SealKey;
use crate::store::signer::Signer;
use crate::store::{Answer, Command, Decision, Evidence, MemoryStore, Store};

/// What a buyer entered: no test's output may contain it.
pub(crate) const RECIPIENT: &str = "13800138000";
/// A card secret: no test's output may contain it.
pub(crate) const CARD_SECRET: &str = "SECRET-9911-7733";
pub(crate) const NOW_MS: i64 = 1_793_350_000_000;

#[derive(Default)]
struct Counting(AtomicU8);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Stands still until it is set.
pub(crate) struct StandsStill(AtomicI64);

impl Clock for StandsStill {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

pub(crate) struct Stage {
    pub store: MemoryStore,
    pub running: Arc<Remembers>,
    pub context: AdminContext,
    clock: Arc<StandsStill>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let store = MemoryStore::new();
        let running = Arc::new(Remembers {
            store: store.clone(),
            ..Remembers::default()
        });
        let clock = Arc::new(StandsStill(AtomicI64::new(NOW_MS)));
        let context = AdminContext {
            store: Arc::new(store.clone()),
            running: Some(running.clone()),
            suppliers: Arc::new(|| vec![supplier("beta"), supplier("alpha"), supplier("gamma")]),
            statements: Arc::new(BTreeMap::new()),
            clock: clock.clone(),
            random: Arc::new(Counting::default()),
            manning: Manning::Pair,
            links: Some(Links {
                signer: Arc::new(Signer::new(&SealKey::new([1; 32])).unwrap()),
                public_url: "https://gateway.example".to_owned(),
            }),
        };
        Self {
            store,
            running,
            context,
            clock,
        }
    }

    pub(crate) fn pass(&self, ms: i64) {
        self.clock.0.fetch_add(ms, Ordering::SeqCst);
    }

    pub(crate) async fn perform(&self, call: AdminCall) -> AdminReply {
        perform(&self.context, call).await
    }

    pub(crate) async fn add_shop(&self, name: &str) -> ShopId {
        let call = AdminCall::ShopAdd {
            name: name.to_owned(),
            currency: Currency::Cny,
            credit_limit: None,
        };
        match self.perform(call).await {
            AdminReply::ShopAdded(shop) => shop.shop,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn credit(&self, shop: ShopId, amount: &str, reference: &str) -> AdminReply {
        let call = AdminCall::ShopCredit {
            shop,
            amount: amount.to_owned(),
            reference: reference.to_owned(),
        };
        self.perform(call).await
    }

    async fn commit(&self, change: Change, inputs: Option<Inputs>, evidence: Vec<Evidence>) -> Order {
        let after = (*change.after).clone();
        let decision = Decision { change, inputs, evidence };
        assert_eq!(self.store.commit(Command::Decide(Box::new(decision))).await, Answer::Done);
        after
    }

    /// An order of the shop with one attempt at alpha on the wire.
    pub(crate) async fn order(&self, shop: ShopId, number: &str) -> Order {
        let inputs = Inputs(BTreeMap::from([("account".to_owned(), RECIPIENT.to_owned())]));
        let id = OrderId::compose(NOW_MS, 1, 7).unwrap();
        let change = accept(
            id,
            terms(shop, number, &inputs),
            plan(),
            Some(&SupplierId::from("alpha")),
            facts(),
            NOW_MS,
        )
        .unwrap();
        self.commit(change, Some(inputs), Vec::new()).await
    }

    /// The supplier's answer about the first attempt, with its body as evidence.
    pub(crate) async fn hears(&self, order: &Order, via: Via, outcome: Outcome) -> Order {
        let evidence = EvidenceId(format!("{}-{}", order.id, order.version).into());
        let input = Input::Fact {
            seq: 1,
            via,
            reading: Reading {
                outcome,
                supplier_ref: Some("S-77".to_owned()),
                cost: None,
            },
            evidence: Some(evidence.clone()),
        };
        let change = decide(order, input, facts(), NOW_MS + 900).unwrap();
        let body = format!("account={RECIPIENT}&card={CARD_SECRET}");
        let stored = Evidence {
            id: evidence,
            order: Some(order.id),
            seq: Some(1),
            supplier: SupplierId::from("alpha"),
            via,
            status: Some(200),
            body: body.into_bytes(),
            at_ms: NOW_MS + 900,
        };
        self.commit(change, None, vec![stored]).await
    }

    pub(crate) fn cards(&self) -> Vec<Delivery> {
        vec![Delivery::Card {
            number: Some("100200300".to_owned()),
            secret: CARD_SECRET.to_owned(),
        }]
    }

    /// Time passes until a doubt is a case.
    pub(crate) async fn grows_old(&self, order: &Order) -> Order {
        let change = decide(order, Input::Review, facts(), NOW_MS + 7_200_000).unwrap();
        self.commit(change, None, Vec::new()).await
    }

    /// Nobody else can be tried.
    pub(crate) async fn fails(&self, order: &Order) -> Order {
        let nobody = Input::Route {
            plan: Plan::default(),
            permitted: None,
        };
        let change = decide(order, nobody, facts(), NOW_MS + 1_000).unwrap();
        self.commit(change, None, Vec::new()).await
    }

    /// A delivered card order, callback included.
    pub(crate) async fn delivered(&self, shop: ShopId, number: &str) -> Order {
        let order = self.order(shop, number).await;
        let order = self.hears(&order, Via::Submit, Outcome::Unknown(Doubt::Timeout)).await;
        let deliveries = self.cards();
        self.hears(&order, Via::Query, Outcome::Succeeded { deliveries }).await
    }
}

fn terms(shop: ShopId, number: &str, inputs: &Inputs) -> Terms {
    let face = Money::new(10_000, Currency::Cny);
    let sku = "CARD-100".into();
    let url = "https://shop.example/callback?token=hush".to_owned();
    Terms {
        shop,
        shop_order_no: ShopOrderNo::from(number),
        fingerprint: Fingerprint::of(&Asked {
            sku: &sku,
            quantity: 1,
            face_value: None,
            max_price: None,
            inputs,
            callback_url: Some(&url),
            deadline_seconds: Some(600),
        }),
        sku,
        kind: ProductKind::Card,
        quantity: 1,
        face,
        price: Money::new(9_850, Currency::Cny),
        may_lose_money: false,
        floor_minor: 0,
        deadline_ms: NOW_MS + 600_000,
        callback_url: Some(url),
        segment: None,
        advance_after_ms: None,
    }
}

fn facts() -> Facts<'static> {
    static POLICY: std::sync::LazyLock<Policy> = std::sync::LazyLock::new(Policy::default);
    static RULES: std::sync::LazyLock<RuleBook> = std::sync::LazyLock::new(RuleBook::default);
    Facts {
        policy: &POLICY,
        rules: &RULES,
        process: ProcessId(1),
    }
}

pub(crate) fn supplier(name: &str) -> SupplierLine {
    SupplierLine {
        health: None,
        id: SupplierId::from(name),
        label: format!("{name} 供货"),
        dialect: "plain".to_owned(),
        state: "active".to_owned(),
        paused: None,
        default_priority: 10,
        limits: Limits::default(),
        promises: Promises::default(),
        digest: "d1".to_owned(),
    }
}

pub(crate) fn csv(text: &str) -> CatalogFile {
    CatalogFile {
        format: FileFormat::Csv,
        text: text.to_owned(),
        dry_run: false,
    }
}

pub(crate) fn toml(text: &str) -> CatalogFile {
    CatalogFile {
        format: FileFormat::Toml,
        text: text.to_owned(),
        dry_run: false,
    }
}
