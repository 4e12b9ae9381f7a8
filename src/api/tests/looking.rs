//! What a shop may see, and that it is only its own.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::api::ApiLimits;
use crate::domain::ids::{OrderId, ShopId};
use crate::domain::outcome::Delivery;

use super::World;
use super::fakes::{accepted, opened, pending, recorded, succeeded};

#[actix_web::test]
async fn another_shops_order_is_as_absent_as_none() {
    let world = World::new();
    world.store.put(pending(1, ShopId(2)));
    let absent = world.get("/v1/orders/2").await;
    assert_eq!((absent.status, absent.code().as_str()), (404, "order_not_found"));
    for target in [
        "/v1/orders/1",
        "/v1/orders/1/timeline",
        "/v1/orders?shop_order_no=A-1",
        "/v1/orders/01",
        "/v1/orders/x",
        "/v1/orders/%E5%8D%95",
        "/v1/orders?shop_order_no=with%20space",
        "/v1/orders/99999999999999999999",
    ] {
        let answer = world.get(target).await;
        assert_eq!((answer.status, &answer.body), (404, &absent.body), "{target}");
    }
}

#[actix_web::test]
async fn an_order_is_found_by_its_id_and_by_the_shops_number() {
    let world = World::new();
    world.store.put(succeeded(1, ShopId(1)));
    let card = Delivery::Card {
        number: None,
        secret: "S3CRET".to_owned(),
    };
    world
        .store
        .deliveries
        .lock()
        .unwrap()
        .insert(OrderId::from_stored(1).unwrap(), vec![card]);
    let by_id = world.get("/v1/orders/1").await;
    let by_number = world.get("/v1/orders?shop_order_no=A-1").await;
    assert_eq!((by_id.status, by_number.status), (200, 200));
    assert_eq!(by_id.body, by_number.body);
    let report = by_id.json();
    assert_eq!(report["deliveries"][0]["secret"], "S3CRET");
    assert_eq!(report["charged"], "9.85");
}

#[actix_web::test]
async fn a_search_takes_one_number_and_nothing_else() {
    let world = World::new();
    for (target, field, code) in [
        ("/v1/orders", "shop_order_no", "missing"),
        ("/v1/orders?shop_order_no=A&shop_order_no=B", "shop_order_no", "repeated"),
        ("/v1/orders?number=A-1", "number", "unknown_field"),
    ] {
        let answer = world.get(target).await;
        assert_eq!((answer.status, answer.code().as_str()), (422, "fields_invalid"), "{target}");
        let body = answer.json();
        assert_eq!(
            (&body["errors"][0]["field"], &body["errors"][0]["code"]),
            (&field.into(), &code.into())
        );
        assert!(body.get("order_may_exist").is_none(), "a GET makes no order");
    }
}

#[actix_web::test]
async fn looking_may_wait_for_the_verdict_too() {
    let world = World::new();
    world.store.put(pending(1, ShopId(1)));
    *world.front.verdict.lock().unwrap() = Some(succeeded(1, ShopId(1)));
    let answer = world.send(world.getting("/v1/orders/1").insert_header(("Prefer", "wait=10"))).await;
    assert_eq!((answer.status, &answer.json()["status"]), (200, &"succeeded".into()));
    assert_eq!(*world.front.patience.lock().unwrap(), [Duration::from_secs(10)]);
}

#[actix_web::test]
async fn products_on_sale_are_listed_with_decimals_and_without_suppliers() {
    let world = World::new();
    let answer = world.get("/v1/products").await;
    let expected = serde_json::json!({"products": [{
        "sku": "mobile", "sku_no": 7, "name": "话费", "kind": "top_up", "currency": "CNY",
        "denominations": [{"face_value": "10.00", "price": "9.85"}],
        "inputs": [{"key": "account", "required": true, "charset": "digits", "min_len": 11, "max_len": 11, "recipient": true}],
        "max_quantity": 1, "deadline_seconds": 600,
    }]});
    assert_eq!((answer.status, answer.json()), (200, expected));
}

#[actix_web::test]
async fn the_balance_says_what_may_still_be_spent() {
    let world = World::new();
    let answer = world.get("/v1/balance").await;
    let expected = serde_json::json!({
        "available": "-10.00", "held": "25.50", "credit_limit": "50.00", "spendable": "40.00", "currency": "CNY",
    });
    assert_eq!((answer.status, answer.json()), (200, expected));
}

#[actix_web::test]
async fn the_answer_speaks_the_clients_language_and_says_so() {
    let world = World::new();
    for (accepted, tag, word) in [
        ("en-GB", "en", "No such order"),
        ("zh", "zh-CN", "没有此订单"),
        ("fr", "zh-CN", "没有此订单"),
    ] {
        let answer = world
            .send(world.getting("/v1/orders/1").insert_header(("Accept-Language", accepted)))
            .await;
        assert_eq!(answer.header("content-language"), tag);
        assert_eq!(answer.header("vary"), "Accept-Language");
        assert_eq!(answer.json()["title"], word);
    }
}

#[actix_web::test]
async fn a_database_that_is_away_is_503_with_a_time_to_come_back() {
    let world = World::new();
    world.store.is_away.store(true, Ordering::Relaxed);
    for target in ["/v1/orders/1", "/v1/orders?shop_order_no=A", "/v1/orders/1/timeline", "/v1/balance"] {
        let answer = world.get(target).await;
        assert_eq!((answer.status, answer.code().as_str()), (503, "unavailable"), "{target}");
        assert_eq!(answer.header("retry-after"), "2");
    }
    assert_eq!(world.get("/v1/products").await.status, 200, "the catalog is in memory");
}

#[actix_web::test]
async fn looking_is_shed_beyond_its_own_cap() {
    let world = World::with(ApiLimits {
        max_looking: 0,
        ..ApiLimits::default()
    });
    for target in [
        "/v1/orders/1",
        "/v1/orders?shop_order_no=A",
        "/v1/orders/1/timeline",
        "/v1/products",
        "/v1/balance",
    ] {
        let answer = world.get(target).await;
        assert_eq!((answer.status, answer.code().as_str()), (503, "overloaded"), "{target}");
    }
    assert_eq!(world.post(super::ORDER).await.status, 201, "orders have their own");
}

#[actix_web::test]
async fn the_timeline_tells_the_stored_history() {
    let world = World::new();
    let history = recorded(vec![accepted(1, ShopId(1)), opened(1, "the-suppliers-name")]);
    let mut order = crate::domain::evolve::replay(&history).unwrap();
    order.next_action = Some(crate::domain::order::NextAction {
        at_ms: 1_800_000_005_000,
        step: crate::domain::order::Step::Query { seq: 1 },
    });
    world.store.histories.lock().unwrap().insert(order.id, history);
    world.store.put(order);
    let answer = world
        .send(world.getting("/v1/orders/1/timeline").insert_header(("Accept-Language", "en")))
        .await;
    assert_eq!(answer.status, 200);
    let told = answer.json();
    let expected = serde_json::json!({
        "id": "1", "shop_order_no": "A-1", "status": "processing", "finality": "pending",
        "events": [
            {"at": "2027-01-15T08:00:00.001Z", "code": "order_accepted", "text": "The order was accepted and 9.85 CNY is held."},
            {"at": "2027-01-15T08:00:00.002Z", "code": "attempt_opened", "text": "Attempt 1: sent to supplier 1.", "attempt": 1, "supplier": 1},
        ],
        "next": {
            "at": "2027-01-15T08:00:05Z", "code": "query", "text": "At 08:00:05 UTC, supplier 1 is asked what became of attempt 1.",
            "attempt": 1, "supplier": 1,
        },
    });
    assert_eq!(told, expected);
}
