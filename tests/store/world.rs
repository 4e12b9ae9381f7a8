//! A small world for stores: one shop, two suppliers, and decisions made by the real domain.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use recharge_gateway::domain::decide::{Facts, Input, accept, decide};
use recharge_gateway::domain::effect::Change;
use recharge_gateway::domain::ids::{EvidenceId, OrderId, ProcessId, Seq, SettingsDigest, ShopId, ShopOrderNo, Sku, SupplierId};
use recharge_gateway::domain::ledger::Posting;
use recharge_gateway::domain::money::{Currency, Money};
use recharge_gateway::domain::order::{Asked, Fingerprint, Order, Terms};
use recharge_gateway::domain::outcome::{Delivery, Outcome, Reading, Refusal, RefusalKind, Via};
use recharge_gateway::domain::plan::{Candidate, Plan, Stands};
use recharge_gateway::domain::policy::{Policy, Promises, RuleBook, Rules};
use recharge_gateway::domain::product::ProductKind;
use recharge_gateway::domain::recipient::Inputs;
use recharge_gateway::seams::{SystemClock, SystemRandom, TokioSpawner};
use recharge_gateway::store::sqlite::{OpenError, Surroundings};
use recharge_gateway::store::{Answer, Command, Decision, Evidence, SealKey, SqliteStore, Store};

pub const SHOP: ShopId = ShopId(7);
pub const START_MS: i64 = 1_800_000_000_000;
pub const RECIPIENT: &str = "13800138000";

pub fn surroundings() -> Surroundings {
    let spawner = TokioSpawner::new(tokio::runtime::Handle::current());
    Surroundings::new(Arc::new(SystemClock::new()), Arc::new(SystemRandom), Arc::new(spawner))
}

pub async fn open(path: &Path, key: u8) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(path, &SealKey::new([key; 32]), surroundings()).await
}

pub fn cny(minor: i64) -> Money {
    Money::new(minor, Currency::Cny)
}

pub fn id(counter: u16) -> OrderId {
    OrderId::compose(START_MS, 1, counter).unwrap()
}

/// What `decide` may look at: supplier `a` promises everything, `b` nothing.
pub struct Book {
    pub policy: Policy,
    rules: RuleBook,
}

impl Book {
    pub fn new() -> Self {
        let promises = Promises {
            deduplicates: true,
            keeps_failed_ids: true,
            horizon_ms: 86_400_000,
            failed_is_final: true,
            recall_is_final: false,
            query_consistent: false,
        };
        let generous = Rules {
            promises,
            submit_timeout_ms: 10_000,
            answers_queries: true,
            recall_after_ms: None,
        };
        let rules = BTreeMap::from([(SupplierId::from("a"), generous), (SupplierId::from("b"), Rules::default())]);
        Self {
            policy: Policy {
                // For two or three of the cheapest orders, so that the cap is reached.
                advance_total_minor: 8,
                ..Policy::default()
            },
            rules: RuleBook(rules),
        }
    }

    pub fn facts(&self) -> Facts<'_> {
        Facts {
            policy: &self.policy,
            rules: &self.rules,
            process: ProcessId(1),
        }
    }
}

pub struct Wish {
    pub id: OrderId,
    pub number: &'static str,
    pub price: i64,
    pub kind: ProductKind,
    pub content: u8,
    pub permitted: Option<&'static str>,
}

impl Wish {
    pub fn new(counter: u16, number: &'static str, price: i64) -> Self {
        Self {
            id: id(counter),
            number,
            price,
            kind: ProductKind::TopUp,
            content: 0,
            permitted: Some("a"),
        }
    }

    pub fn inputs(&self) -> Inputs {
        let account = format!("{RECIPIENT}{}", "0".repeat(usize::from(self.content)));
        Inputs(BTreeMap::from([
            ("account".to_owned(), account),
            ("server".to_owned(), "east-4711".to_owned()),
        ]))
    }

    pub fn change(&self, book: &Book, now_ms: i64) -> Change {
        let sku = Sku::from("mobile");
        let inputs = self.inputs();
        let terms = Terms {
            shop: SHOP,
            shop_order_no: ShopOrderNo::from(self.number),
            sku: sku.clone(),
            kind: self.kind,
            quantity: 1,
            face: cny(10_000),
            price: cny(self.price),
            may_lose_money: false,
            floor_minor: 0,
            fingerprint: Fingerprint::of(&Asked {
                sku: &sku,
                quantity: 1,
                face_value: None,
                max_price: None,
                inputs: &inputs,
                callback_url: None,
                deadline_seconds: Some(600),
            }),
            deadline_ms: now_ms + 600_000,
            callback_url: Some("https://shop.example/callback".to_owned()),
            segment: None,
            advance_after_ms: Some(0),
        };
        let permitted = self.permitted.map(SupplierId::from);
        accept(self.id, terms, plan(), permitted.as_ref(), book.facts(), now_ms).unwrap()
    }

    pub fn command(&self, book: &Book, now_ms: i64) -> Command {
        Command::Decide(Box::new(Decision {
            change: self.change(book, now_ms),
            inputs: Some(self.inputs()),
            evidence: Vec::new(),
        }))
    }
}

pub fn plan() -> Plan {
    let candidate = |name: &str, cost| Candidate {
        supplier: SupplierId::from(name),
        settings: SettingsDigest::from("digest-1"),
        code: format!("{name}-100").into(),
        cost: cny(cost),
        stands: Stands::default(),
    };
    Plan {
        candidates: vec![candidate("a", 3), candidate("b", 2)],
        skipped: Vec::new(),
        ..Plan::default()
    }
}

pub fn succeeded() -> Outcome {
    let text = "receipt-SECRET-4242".to_owned();
    Outcome::Succeeded {
        deliveries: vec![Delivery::Receipt { text }],
    }
}

pub fn card(secret: &str) -> Outcome {
    let card = Delivery::Card {
        number: Some("6200".to_owned()),
        secret: secret.to_owned(),
    };
    Outcome::Succeeded { deliveries: vec![card] }
}

pub fn refused() -> Outcome {
    Outcome::Refused(Refusal {
        kind: RefusalKind::Stock,
        code: "E7".to_owned(),
    })
}

pub fn fact(seq: Seq, via: Via, outcome: Outcome, evidence: Option<EvidenceId>) -> Input {
    let reading = Reading {
        outcome,
        supplier_ref: Some("ref-1".to_owned()),
        cost: None,
    };
    Input::Fact {
        seq,
        via,
        reading,
        evidence,
    }
}

pub fn evidence(id: &str, order: Option<OrderId>, via: Via, body: &str, at_ms: i64) -> Evidence {
    Evidence {
        id: EvidenceId(id.into()),
        order,
        seq: order.map(|_| 1),
        supplier: SupplierId::from("a"),
        via,
        status: Some(200),
        body: body.as_bytes().to_vec(),
        at_ms,
    }
}

pub fn command(change: Change, evidence: Vec<Evidence>) -> Command {
    Command::Decide(Box::new(Decision {
        change,
        inputs: None,
        evidence,
    }))
}

/// Decides on `order` as it is stored and commits; what the store answered.
pub async fn step(store: &dyn Store, book: &Book, order: OrderId, input: Input, now_ms: i64) -> Answer {
    let order = store.order(order).await.unwrap().unwrap();
    let change = decide(&order, input, book.facts(), now_ms).unwrap();
    store.commit(command(change, Vec::new())).await
}

pub async fn credit(store: &dyn Store, minor: i64) {
    let posting = Posting::credit(SHOP, cny(minor), &format!("start-{minor}"));
    assert_eq!(store.commit(Command::Post(posting)).await, Answer::Done);
}

pub async fn accepted(store: &dyn Store, book: &Book, wish: Wish) -> Order {
    assert_eq!(store.commit(wish.command(book, START_MS)).await, Answer::Done);
    store.order(wish.id).await.unwrap().unwrap()
}
