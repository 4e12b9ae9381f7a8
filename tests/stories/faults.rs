//! Suppliers that misbehave: what the shop is told, and what the suppliers' books say.

use mock_suppliers::Fault;

use crate::house::{House, Settings, script};

#[actix_web::test]
async fn a_lost_reply_is_never_a_reason_to_send_elsewhere() {
    let house = House::open().await;
    script(&house.north, "13800000001", &[Fault::ChargeThenHang]);
    let order = house.order("A1", "north", "13800000001").await;
    assert_eq!(order["status"], "succeeded");
    let charges = house.charges(order["id"].as_str().unwrap());
    assert_eq!(charges.len(), 1);
    assert_eq!(charges[0].supplier, "north");
    house.close().await;
}

#[actix_web::test]
async fn the_same_number_is_sent_again_only_where_it_cannot_charge_twice() {
    let house = House::open().await;
    script(&house.north, "13800000001", &[Fault::HangUncharged]);
    script(&house.stone, "13800000002", &[Fault::HangUncharged]);
    let at_north = house.order("A1", "north", "13800000001").await;
    assert_eq!(at_north["status"], "succeeded");
    assert_eq!(house.charges(at_north["id"].as_str().unwrap()).len(), 1);

    let (_, told) = house.shop.post("/v1/orders", &house.body("A2", "stone", "13800000002")).await;
    let id = told["id"].as_str().unwrap();
    let in_doubt = house.until(id, |order| order["finality"] == "unknown").await;
    assert_eq!(
        (&in_doubt["status"], &in_doubt["safe_to_resubmit"]),
        (&"processing".into(), &false.into())
    );
    let sends = house
        .stone
        .requests()
        .iter()
        .filter(|seen| seen.recipient == "13800000002" && seen.transmission > 1)
        .count();
    assert_eq!(sends, 0, "a supplier that does not deduplicate was sent the same number again");
    house.close().await;
}

#[actix_web::test]
async fn a_definite_refusal_fails_over_and_a_refusal_everywhere_fails() {
    let house = House::open().await;
    for recipient in ["13800000001", "13800000002"] {
        script(&house.north, recipient, &[Fault::Refuse]);
    }
    script(&house.river, "13800000002", &[Fault::Refuse]);
    let moved = house.order("A1", "north", "13800000001").await;
    assert_eq!(moved["status"], "succeeded");
    assert_eq!(house.charges(moved["id"].as_str().unwrap())[0].supplier, "river");
    let failed = house.order("A2", "north", "13800000002").await;
    assert_eq!((&failed["status"], &failed["safe_to_resubmit"]), (&"failed".into(), &true.into()));
    assert_eq!(house.delivered(failed["id"].as_str().unwrap()), 0);
    house.close().await;
}

#[actix_web::test]
async fn a_connection_that_was_refused_fails_over_at_once() {
    let house = House::open().await;
    let order = house.order("A1", "closed", "13800000001").await;
    assert_eq!(order["status"], "succeeded");
    assert_eq!(house.charges(order["id"].as_str().unwrap())[0].supplier, "north");
    house.close().await;
}

#[actix_web::test]
async fn a_success_after_the_failure_is_a_case_and_a_loss_and_the_verdict_stands() {
    let mut house = House::open().await;
    house.expect_double_charges();
    script(&house.north, "13800000001", &[Fault::FailedThenSuccess { after_ms: 1_500 }]);
    script(&house.river, "13800000001", &[Fault::Refuse]);
    let order = house.order("A1", "north", "13800000001").await;
    assert_eq!(order["status"], "failed");
    let id = order["id"].as_str().unwrap();
    let later = house.until(id, |order| order["safe_to_resubmit"] == false).await;
    assert_eq!(later["status"], "failed");
    let kinds: Vec<&str> = house.cases().await.iter().map(|case| case.case.kind.word()).collect();
    assert_eq!(
        kinds,
        ["late_success", "promise_broken"],
        "one for the loss, one for who broke its word"
    );
    assert_eq!(house.mail.about(id).len(), 1, "the shop hears one verdict");
    house.close().await;
}

#[actix_web::test]
async fn a_supplier_whose_failures_are_not_final_is_not_believed_when_it_fails_later() {
    let house = House::open_with(Settings {
        failed_is_final: false,
        ..Settings::default()
    })
    .await;
    script(&house.north, "13800000001", &[Fault::FailedThenSuccess { after_ms: 1_000 }]);
    let order = house.order("A1", "north", "13800000001").await;
    assert_eq!(order["status"], "succeeded");
    assert_eq!(house.charges(order["id"].as_str().unwrap()).len(), 1);
    house.close().await;
}

#[actix_web::test]
async fn cards_come_from_the_query_never_from_the_notification() {
    let house = House::open().await;
    let body =
        serde_json::json!({ "shop_order_no": "C1", "sku": "card-100", "inputs": {}, "quantity": 2, "callback_url": house.mail.url() });
    let (status, told) = house.shop.post("/v1/orders", &body).await;
    assert_eq!(status, 201, "{told}");
    let order = house
        .until(told["id"].as_str().unwrap(), |order| order["finality"] == "final")
        .await;
    assert_eq!(order["status"], "succeeded");
    let cards = order["deliveries"].as_array().unwrap();
    assert_eq!(cards.len(), 2);
    assert!(!order.to_string().contains("DECOY"), "{order}");
    house.close().await;
}
