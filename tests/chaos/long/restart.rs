//! A start with a hundred thousand orders open, all of them due at once.

use std::time::Duration;

use recharge_gateway::domain::decide::{Facts, accept};
use recharge_gateway::domain::ids::{OrderId, ShopId, ShopOrderNo, Sku, SupplierId};
use recharge_gateway::domain::money::{Currency, Money};
use recharge_gateway::domain::order::{Asked, Fingerprint, Terms};
use recharge_gateway::domain::plan::{Candidate, Plan as Route};
use recharge_gateway::domain::policy::{Policy, RuleBook};
use recharge_gateway::domain::product::ProductKind;
use recharge_gateway::domain::recipient::Inputs;
use recharge_gateway::seams::Clock;
use recharge_gateway::store::{Answer, Command, Decision, Store};

use crate::world::{Plan, SKUS, World};

const OPEN: u32 = 100_000;
/// Orders written together.
const CHUNK: u32 = 500;
const CHUNK_STEP: usize = 500;
const SERVING_WITHIN: Duration = Duration::from_secs(10);
/// A new order is taken and delivered within this, whatever else is due.
const NEW_ORDER_WITHIN: Duration = Duration::from_secs(20);

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

    let begin = world.clock.monotonic();
    let url = world.door.url();
    let answer = world.shop.order("NEW-1", SKUS[1].0, "13900000001", &url).await.expect("an answer");
    assert_eq!(answer.status, 201, "{answer:?}");
    let path = format!("/v1/orders/{}", answer.body["id"].as_str().unwrap());
    world
        .until("a new order is delivered", NEW_ORDER_WITHIN, || async {
            let order = world.shop.get(&path).await;
            order.is_some_and(|order| order.body["status"] == "succeeded")
        })
        .await;
    let delivered = world.clock.monotonic().saturating_sub(begin);
    let queries: usize = world.suppliers.iter().map(|supplier| supplier.mock.requests().len()).sum();
    println!(
        "{OPEN} open orders, all due: serving after {serving:?}; a new order was taken in {:?} and delivered in {delivered:?}, after {queries} requests",
        answer.took
    );
    assert!(queries > 1, "nobody asked about the open orders");
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
    };
    let inputs = Inputs([("account".to_owned(), format!("137{n:08}"))].into_iter().collect());
    let (sku, [supplier, _]) = SKUS[usize::from(n % 2 == 0)];
    let supplier = SupplierId::from(supplier);
    let candidate = Candidate {
        supplier: supplier.clone(),
        settings: serde_json::from_value(serde_json::Value::String("0".repeat(64))).unwrap(),
        code: "12".to_owned(),
        cost: Money::new(9_800, Currency::Cny),
    };
    let route = Route {
        candidates: vec![candidate],
        skipped: Vec::new(),
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
    }
}
