//! An order on its way in: what dispatch is given, what each of its answers becomes, who waits.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::Notify;

use crate::api::ApiLimits;
use crate::dispatch::{FieldError, FieldProblem, Submitted, Turned};
use crate::domain::ids::{OrderId, ShopId};
use crate::domain::outcome::Delivery;

use super::fakes::{cny, pending, succeeded};
use super::{ORDER, World};

const SHOP: ShopId = ShopId(1);

#[actix_web::test]
async fn every_field_reaches_dispatch_as_it_was_written() {
    let world = World::new();
    let body = r#"{"shop_order_no":"A-1","sku":"mobile","inputs":{"account":"013800138000","city":"上海"},"quantity":2,
        "face_value":"10.0","max_price":"9.90","callback_url":"https://shop.example/cb","deadline_seconds":60}"#;
    let answer = world.post(body).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("location"), "/v1/orders/1");
    assert_eq!(answer.header("cache-control"), "no-store");
    let report = answer.json();
    assert_eq!((&report["status"], &report["finality"]), (&"processing".into(), &"pending".into()));
    assert_eq!((&report["price"], &report["currency"]), (&"9.85".into(), &"CNY".into()));
    assert_eq!(report["safe_to_resubmit"], false);
    let order = world.front.only_order();
    assert_eq!(order.shop.id, SHOP);
    assert_eq!(order.shop_order_no.as_str(), "A-1");
    assert_eq!(order.sku.as_str(), "mobile");
    assert_eq!(order.inputs.get("account"), Some("013800138000"));
    assert_eq!(order.inputs.get("city"), Some("上海"));
    assert_eq!((order.quantity, order.deadline_seconds), (Some(2), Some(60)));
    assert_eq!(
        (order.face_value.as_deref(), order.max_price.as_deref()),
        (Some("10.0"), Some("9.90"))
    );
    assert_eq!(order.callback_url.as_deref(), Some("https://shop.example/cb"));
}

#[actix_web::test]
async fn the_same_content_again_is_200_with_the_same_order() {
    let world = World::new();
    world.front.answers(Ok(Submitted::Same(pending(5, SHOP).into())));
    let answer = world.post(ORDER).await;
    assert_eq!((answer.status, &answer.json()["id"]), (200, &"5".into()));
}

#[actix_web::test]
async fn each_refusal_has_its_status_and_says_whether_an_order_may_exist() {
    let order = OrderId::from_stored(77).unwrap();
    let fields = vec![FieldError {
        field: "inputs.account".to_owned(),
        problem: FieldProblem::Length { min: 11, max: 11 },
    }];
    let no_funds = Turned::NoFunds {
        available: cny(100),
        price: cny(985),
    };
    for (turned, status, code, may_exist, retry_after) in [
        (Turned::Fields(fields), 422, "fields_invalid", false, ""),
        (Turned::Conflict { order }, 409, "number_used", true, ""),
        (no_funds, 402, "insufficient_balance", false, ""),
        (Turned::Overloaded, 503, "overloaded", false, "1"),
        (Turned::Unavailable, 503, "unavailable", false, "2"),
        (Turned::OutcomeUnknown, 503, "outcome_unknown", true, "1"),
    ] {
        let world = World::new();
        world.front.answers(Err(turned));
        let answer = world.send(world.posting(ORDER).insert_header(("Accept-Language", "en"))).await;
        answer.refuses(status, code, may_exist);
        assert_eq!(answer.header("retry-after"), retry_after, "{code}");
        let body = answer.json();
        assert_eq!(body["type"], format!("urn:recharge-gateway:problem:{code}"));
        match code {
            "fields_invalid" => {
                assert_eq!(body["errors"][0]["field"], "inputs.account");
                assert_eq!(body["errors"][0]["code"], "length");
                assert!(body["errors"][0]["message"].as_str().unwrap().contains("11"));
            }
            "number_used" => assert_eq!(body["order_id"], "77"),
            "insufficient_balance" => assert_eq!(body["detail"], "Available is 1.00 CNY; the order costs 9.85 CNY."),
            "outcome_unknown" => assert_eq!(body["remedy"], "Send the same request again with the same number."),
            _ => assert!(body["remedy"].as_str().unwrap().contains("same number")),
        }
    }
}

#[actix_web::test]
async fn a_preferred_wait_answers_with_the_verdict() {
    let world = World::new();
    *world.front.verdict.lock().unwrap() = Some(succeeded(1, SHOP));
    let receipt = Delivery::Receipt { text: "SN-9".to_owned() };
    world
        .store
        .deliveries
        .lock()
        .unwrap()
        .insert(OrderId::from_stored(1).unwrap(), vec![receipt]);
    let answer = world.send(world.posting(ORDER).insert_header(("Prefer", "wait=60"))).await;
    assert_eq!((answer.status, answer.header("preference-applied")), (201, "wait=25"));
    let report = answer.json();
    assert_eq!((&report["status"], &report["finality"]), (&"succeeded".into(), &"final".into()));
    assert_eq!(report["deliveries"][0]["text"], "SN-9");
    assert_eq!(*world.front.patience.lock().unwrap(), [Duration::from_secs(25)]);
}

#[actix_web::test]
async fn nobody_waits_who_did_not_ask_or_has_the_verdict_already() {
    let world = World::new();
    assert_eq!(world.post(ORDER).await.header("preference-applied"), "");
    world.front.answers(Ok(Submitted::Same(succeeded(1, SHOP).into())));
    let answer = world.send(world.posting(ORDER).insert_header(("Prefer", "wait=5"))).await;
    assert_eq!((answer.status, &answer.json()["status"]), (200, &"succeeded".into()));
    assert!(world.front.patience.lock().unwrap().is_empty());
}

#[actix_web::test]
async fn where_no_more_can_wait_the_answer_comes_at_once() {
    let world = World::with(ApiLimits {
        max_waiting_per_shop: 0,
        ..ApiLimits::default()
    });
    *world.front.verdict.lock().unwrap() = Some(succeeded(1, SHOP));
    let answer = world.send(world.posting(ORDER).insert_header(("Prefer", "wait=5"))).await;
    assert_eq!((answer.status, &answer.json()["status"]), (201, &"processing".into()));
    assert_eq!(answer.header("preference-applied"), "");
}

#[actix_web::test]
async fn a_success_whose_deliveries_cannot_be_read_is_an_order_that_stands() {
    let world = World::new();
    world.front.answers(Ok(Submitted::Same(succeeded(9, SHOP).into())));
    world.store.is_away.store(true, Ordering::Relaxed);
    let answer = world.post(ORDER).await;
    answer.refuses(503, "order_unreadable", true);
    assert_eq!(answer.json()["order_id"], "9");
}

#[actix_web::test]
async fn nothing_is_taken_in_while_dispatch_is_not_accepting() {
    let world = World::new();
    world.front.is_closed.store(true, Ordering::Relaxed);
    let answer = world.post(ORDER).await;
    answer.refuses(503, "unavailable", false);
    assert!(world.front.taken.lock().unwrap().is_empty());
    world.store.put(pending(1, SHOP));
    assert_eq!(world.get("/v1/orders/1").await.status, 200, "looking still works");
}

#[actix_web::test]
async fn beyond_the_cap_orders_are_shed_before_their_body_is_read() {
    for limits in [
        ApiLimits {
            max_reading: 0,
            ..ApiLimits::default()
        },
        ApiLimits {
            max_submitting: 0,
            ..ApiLimits::default()
        },
    ] {
        let world = World::with(limits);
        let answer = world.post(ORDER).await;
        answer.refuses(503, "overloaded", false);
        assert_eq!(answer.header("retry-after"), "1");
        assert!(world.front.taken.lock().unwrap().is_empty());
    }
}

#[actix_web::test]
async fn a_shop_at_its_cap_is_turned_away_and_its_request_stays_good() {
    let world = World::with(ApiLimits {
        max_per_shop: 1,
        ..ApiLimits::default()
    });
    let gate = Arc::new(Notify::new());
    *world.front.hold.lock().unwrap() = Some(Arc::clone(&gate));
    let first = world.post(ORDER);
    let second = async {
        let repeated = world.nonces.load(Ordering::Relaxed);
        world.post(ORDER).await.refuses(429, "shop_busy", false);
        gate.notify_one();
        repeated
    };
    let (first, repeated) = futures_util::future::join(first, second).await;
    assert_eq!(first.status, 201);
    *world.front.hold.lock().unwrap() = None;
    world.nonces.store(repeated, Ordering::Relaxed);
    let same_request = world.post(ORDER).await;
    assert_eq!(same_request.status, 201, "the nonce of a request without a slot is not used up");
}

#[actix_web::test]
async fn a_client_that_hangs_up_frees_its_slots() {
    let world = World::new();
    *world.front.hold.lock().unwrap() = Some(Arc::new(Notify::new()));
    {
        let mut hanging = Box::pin(world.post(ORDER));
        let first_poll = futures_util::FutureExt::now_or_never(&mut hanging);
        assert!(first_poll.is_none(), "the request is at work");
        assert_eq!(world.state.gates.submitting.inside(), 1);
    }
    assert_eq!(world.state.gates.submitting.inside(), 0);
    assert!(world.state.gates.per_shop.enter(SHOP).is_some());
}

#[actix_web::test]
async fn those_who_wait_hold_no_slot_that_an_order_needs() {
    let world = World::with(ApiLimits {
        max_submitting: 1,
        max_per_shop: 1,
        max_reading: 1,
        ..ApiLimits::default()
    });
    world.front.is_undecided.store(true, Ordering::Relaxed);
    let mut waiting = Box::pin(world.send(world.posting(ORDER).insert_header(("Prefer", "wait=25"))));
    let first_poll = futures_util::FutureExt::now_or_never(&mut waiting);
    assert!(
        first_poll.is_none() && world.state.gates.waiting.inside() == 1,
        "the first one waits"
    );
    assert_eq!(world.post(ORDER).await.status, 201, "the second one is taken in");
    drop(waiting);
    assert_eq!(world.state.gates.waiting.inside(), 0);
}
