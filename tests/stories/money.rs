//! What a shop has, holds and pays.

use mock_suppliers::Fault;

use crate::house::{House, PRICE_MINOR, Settings, script};

#[actix_web::test]
async fn the_last_fen_is_spent_once_however_many_ask_for_it() {
    let settings = Settings {
        credit_minor: PRICE_MINOR * 3,
        ..Settings::default()
    };
    let house = House::open_with(settings).await;
    let asks = (0..12).map(|n| {
        let (shop, body) = (
            house.shop.clone(),
            house.body(&format!("M{n}"), "north", &format!("138000000{n:02}")),
        );
        async move { shop.post("/v1/orders", &body).await }
    });
    let answers = futures_util::future::join_all(asks).await;
    let count = |wanted: u16| answers.iter().filter(|(status, _)| *status == wanted).count();
    assert_eq!((count(201), count(402)), (3, 9), "{answers:?}");
    let refused = answers.iter().find(|(status, _)| *status == 402).unwrap();
    assert_eq!(refused.1["order_may_exist"], false);
    for (_, told) in answers.iter().filter(|(status, _)| *status == 201) {
        house
            .until(told["id"].as_str().unwrap(), |order| order["finality"] == "final")
            .await;
    }
    let (_, balance) = house.shop.get("/v1/balance").await;
    assert_eq!(
        (&balance["available"], &balance["held"]),
        (&"0.00".into(), &"0.00".into()),
        "{balance}"
    );
    house.close().await;
}

#[actix_web::test]
async fn a_credit_line_lets_the_balance_fall_below_zero_and_no_further() {
    let settings = Settings {
        credit_minor: 0,
        credit_limit_minor: PRICE_MINOR,
        ..Settings::default()
    };
    let house = House::open_with(settings).await;
    assert_eq!(house.order("M1", "north", "13800000001").await["status"], "succeeded");
    let (status, _) = house.shop.post("/v1/orders", &house.body("M2", "north", "13800000002")).await;
    assert_eq!(status, 402);
    let (_, balance) = house.shop.get("/v1/balance").await;
    assert_eq!(balance["available"], "-99.50");
    house.close().await;
}

#[actix_web::test]
async fn a_part_that_was_delivered_is_paid_and_the_rest_comes_back() {
    let house = House::open().await;
    script(&house.north, "13800000001", &[Fault::Partial { percent: 40 }]);
    let order = house.order("M1", "north", "13800000001").await;
    assert_eq!(order["status"], "partially_succeeded");
    assert_eq!(
        (&order["charged"], &order["delivered_face_value"]),
        (&"39.80".into(), &"40.00".into())
    );
    let (_, balance) = house.shop.get("/v1/balance").await;
    assert_eq!((&balance["available"], &balance["held"]), (&"9960.20".into(), &"0.00".into()));
    house.close().await;
}

#[actix_web::test]
async fn the_same_number_is_the_same_order_and_other_content_is_a_conflict() {
    let house = House::open().await;
    let body = house.body("M1", "north", "13800000001");
    let (first, told) = house.shop.post("/v1/orders", &body).await;
    let (again, same) = house.shop.post("/v1/orders", &body).await;
    assert_eq!((first, again), (201, 200));
    assert_eq!(told["id"], same["id"]);
    let (other, conflict) = house.shop.post("/v1/orders", &house.body("M1", "north", "13800000009")).await;
    assert_eq!(other, 409);
    assert_eq!(conflict["order_may_exist"], true);
    house
        .until(told["id"].as_str().unwrap(), |order| order["finality"] == "final")
        .await;
    assert_eq!(house.charges(told["id"].as_str().unwrap()).len(), 1);
    house.close().await;
}
