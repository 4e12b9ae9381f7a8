//! A start with a hundred thousand orders open, all of them due at once.

use std::time::Duration;

use recharge_gateway::domain::decide::{Facts, accept};
use recharge_gateway::domain::ids::{OrderId, ProcessId, ShopId, ShopOrderNo, Sku, SupplierId};
use recharge_gateway::domain::money::{Currency, Money};
use recharge_gateway::domain::order::{Asked, Fingerprint, Terms};
use recharge_gateway::domain::plan::{Candidate, Plan as Route, Stands};
use recharge_gateway::domain::policy::{Policy, RuleBook};
use recharge_gateway::domain::product::ProductKind;
use recharge_gateway::domain::recipient::Inputs;
use recharge_gateway::seams::Clock;
use recharge_gateway::store::{Answer, Command, Decision, Store};

use crate::load::Load;
use crate::world::{Plan, SKUS, World};

const OPEN: u32 = 100_000;
/// Orders written together.
const CHUNK: u32 = 500;
const CHUNK_STEP: usize = 500;
const SERVING_WITHIN: Duration = Duration::from_secs(10);
/// So long new orders come while the old ones are looked at.
const AFTERWARDS: Duration = Duration::from_secs(10);
/// A new order is taken within this, whatever else is due.
const TAKEN_WITHIN: Duration = Duration::from_secs(1);
/// Those that have to be asked about wait until the old ones, due longer, have been looked at once.
const DELIVERED_WITHIN: Duration = Duration::from_secs(180);

#[actix_web::test]
async fn a_start_with_a_hundred_thousand_open_orders_serves_within_ten_seconds() {
    let world = World::open(Plan::default()).await;
    let store = world.store().await;
    let now_ms = world.clock.now_ms();
    for first in (0..OPEN).step_by(CHUNK_STEP) {
        let commands = (first..first + CHUNK).map(|n| stamped(n, now_ms)).collect();
        let answers = store.commit_all(commands).await;
        assert!(answers.iter().all(|answer| *answer == Answer::Done), "not all were written");
    }
    store.close().await;

    let begin = world.clock.monotonic();
    let mut process = world.spawn(None);
    world.until_ready(&mut process, SERVING_WITHIN).await;
    let serving = world.clock.monotonic().saturating_sub(begin);
    assert!(serving < SERVING_WITHIN, "serving after {serving:?}");

    let load = Load::new(&world);
    load.run_for(AFTERWARDS).await;
    let (taken, slowest) = (load.accepted.borrow().len(), load.slowest_taken.get());
    let told = world.door.letters().len();
    println!("taken {taken} in {AFTERWARDS:?}, the slowest in {slowest:?}; {told} delivered meanwhile");
    let delivered = world
        .until("every new order is delivered", DELIVERED_WITHIN, || async {
            world.door.letters().len() >= taken
        })
        .await;
    let resident = process.resident() >> 20;
    let requests: usize = world.suppliers.iter().map(|supplier| supplier.mock.requests().len()).sum();
    println!(
        "{OPEN} open orders, all due: serving after {serving:?}; in the {AFTERWARDS:?} after that {taken} new orders were taken, the slowest in {slowest:?}, and the last was delivered {delivered:?} later; {requests} requests to suppliers, {resident} MiB resident"
    );
    assert!(load.wrong.borrow().is_empty(), "{:?}", load.wrong.borrow());
    assert!(taken > 20 && slowest < TAKEN_WITHIN, "{taken} orders, the slowest in {slowest:?}");
    assert!(requests > taken, "nobody asked about the open orders");
    process.kill();
}

/// An order that was accepted and stamped a minute ago by a process that then died.
fn stamped(n: u32, now_ms: i64) -> Command {
    let at_ms = now_ms - 60_000 - i64::from(OPEN - n);
    let id = OrderId::compose(at_ms, 1, 0).unwrap();
    let (policy, rules) = (Policy::default(), RuleBook::default());
    let facts = Facts {
        policy: &policy,
        rules: &rules,
        process: ProcessId(1),
    };
    let inputs = Inputs([("account".to_owned(), format!("137{n:08}"))].into_iter().collect());
    let (sku, [supplier, _]) = SKUS[usize::from(n.is_multiple_of(2))];
    let supplier = SupplierId::from(supplier);
    let candidate = Candidate {
        supplier: supplier.clone(),
        settings: serde_json::from_value(serde_json::Value::String("0".repeat(64))).unwrap(),
        code: "12".into(),
        cost: Money::new(9_800, Currency::Cny),
        stands: Stands::default(),
    };
    let route = Route {
        candidates: vec![candidate],
        skipped: Vec::new(),
        ..Route::default()
    };
    let change = accept(id, terms(n, at_ms, Sku::from(sku), &inputs), route, Some(&supplier), facts, at_ms).unwrap();
    Command::Decide(Box::new(Decision {
        change,
        inputs: Some(inputs),
        evidence: Vec::new(),
    }))
}

fn terms(n: u32, at_ms: i64, sku: Sku, inputs: &Inputs) -> Terms {
    let fingerprint = Fingerprint::of(&Asked {
        sku: &sku,
        quantity: 1,
        face_value: None,
        max_price: None,
        inputs,
        callback_url: None,
        deadline_seconds: None,
    });
    Terms {
        shop: ShopId(1),
        shop_order_no: ShopOrderNo::from(format!("OPEN-{n:08}").as_str()),
        sku,
        kind: ProductKind::TopUp,
        quantity: 1,
        face: Money::new(10_000, Currency::Cny),
        price: Money::new(9_950, Currency::Cny),
        may_lose_money: false,
        floor_minor: 0,
        fingerprint,
        deadline_ms: at_ms + 36_000_000,
        callback_url: None,
        segment: None,
        advance_after_ms: None,
    }
}
