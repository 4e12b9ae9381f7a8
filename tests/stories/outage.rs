//! All suppliers down at once, for long and for a while.

use mock_suppliers::{Fault, MockSupplier};

use crate::house::{House, Settings, script};

async fn accepting(house: &House, are_accepting: bool) {
    for mock in [&house.north, &house.river, &house.stone] {
        MockSupplier::set_accepting(mock, are_accepting).await.unwrap();
    }
}

fn with_deadline(house: &House, number: &str, seconds: u32) -> serde_json::Value {
    let mut body = house.body(number, "north", "13800000001");
    body["deadline_seconds"] = seconds.into();
    body
}

#[actix_web::test]
async fn with_every_supplier_down_an_order_waits_to_its_deadline_and_then_fails_unpaid() {
    let house = House::open().await;
    accepting(&house, false).await;
    let (status, told) = house.shop.post("/v1/orders", &with_deadline(&house, "O1", 1)).await;
    assert_eq!(status, 201, "{told}");
    let id = told["id"].as_str().unwrap();
    assert_eq!(house.money().await.1, "99.50", "the price is held while it waits");
    let order = house.until_final(id).await;
    assert_eq!(order["status"], "failed");
    assert_eq!(order["reason"]["code"], "deadline_passed", "{order}");
    assert_eq!((&order["charged"], &order["safe_to_resubmit"]), (&"0.00".into(), &true.into()));
    let (created, finished) = (order["created_at"].as_str().unwrap(), order["finished_at"].as_str().unwrap());
    let created: jiff::Timestamp = created.parse().unwrap();
    let finished: jiff::Timestamp = finished.parse().unwrap();
    assert!(
        finished.duration_since(created).as_millis() >= 1_000,
        "it failed before its deadline: {order}"
    );
    assert_eq!(house.money().await, ("10000.00".to_owned(), "0.00".to_owned()));
    house.until_told(id).await;
    assert!(house.charges(id).is_empty());
    accepting(&house, true).await;
    house.close().await;
}

#[actix_web::test]
async fn a_supplier_that_comes_back_before_the_deadline_delivers() {
    let house = House::open().await;
    accepting(&house, false).await;
    let (_, told) = house.shop.post("/v1/orders", &with_deadline(&house, "O1", 20)).await;
    let id = told["id"].as_str().unwrap();
    house
        .until(id, |order| order["status"] == "processing" && order["finality"] == "pending")
        .await;
    let waiting = |timeline: &serde_json::Value| {
        let events = timeline["events"].as_array().unwrap();
        events.iter().filter(|event| event["code"] == "order_waiting").count() >= 1
    };
    house.until_timeline(id, waiting).await;
    accepting(&house, true).await;
    assert_eq!(house.until_final(id).await["status"], "succeeded");
    assert_eq!(house.charges(id).len(), 1);
    house.close().await;
}

#[actix_web::test]
async fn a_deadline_does_not_fail_an_order_that_a_supplier_may_have_delivered() {
    let house = House::open().await;
    script(&house.stone, "13800000001", &[Fault::HangUncharged]);
    let mut body = house.body("O1", "stone", "13800000001");
    body["deadline_seconds"] = 1.into();
    let (_, told) = house.shop.post("/v1/orders", &body).await;
    let id = told["id"].as_str().unwrap();
    let order = house.until(id, |order| order["overdue"] == true).await;
    assert_eq!((&order["status"], &order["finality"]), (&"processing".into(), &"unknown".into()));
    assert_eq!(order["safe_to_resubmit"], false);
    assert_eq!(house.money().await.1, "99.50", "the hold stands as long as the doubt");
    house.close().await;
}

#[actix_web::test]
async fn connections_that_were_refused_do_not_use_up_an_orders_tries() {
    let mut settings = Settings::default();
    settings.policy.unreachable_pause_ms = 100;
    settings.policy.max_attempts = 3;
    let house = House::open_with(settings).await;
    accepting(&house, false).await;
    let (_, told) = house.shop.post("/v1/orders", &with_deadline(&house, "O1", 20)).await;
    let id = told["id"].as_str().unwrap();
    let refused = |timeline: &serde_json::Value| {
        let events = timeline["events"].as_array().unwrap();
        let is_over = events.iter().any(|event| event["code"] == "order_failed");
        is_over || events.iter().filter(|event| event["code"] == "attempt_not_sent").count() >= 6
    };
    house.until_timeline(id, refused).await;
    accepting(&house, true).await;
    let order = house.until_final(id).await;
    assert_eq!(order["status"], "succeeded", "{order}");
    house.close().await;
}
