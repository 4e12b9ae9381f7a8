//! What a shop has, holds and pays.

use std::collections::BTreeSet;

use mock_suppliers::{Fault, Operation};

use crate::house::{COST_MINOR, House, PRICE_MINOR, Settings, script};

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

#[actix_web::test]
async fn three_cards_are_three_secrets_and_three_times_the_price() {
    let house = House::open().await;
    let body =
        serde_json::json!({ "shop_order_no": "M1", "sku": "card-100", "inputs": {}, "quantity": 3, "callback_url": house.mail.url() });
    let (status, told) = house.shop.post("/v1/orders", &body).await;
    assert_eq!((status, &told["price"]), (201, &"298.50".into()), "{told}");
    let id = told["id"].as_str().unwrap();
    let order = house.until_final(id).await;
    assert_eq!((&order["status"], &order["charged"]), (&"succeeded".into(), &"298.50".into()));
    let cards = order["deliveries"].as_array().unwrap();
    let secrets: BTreeSet<&str> = cards.iter().map(|card| card["secret"].as_str().unwrap()).collect();
    assert_eq!((cards.len(), secrets.len()), (3, 3), "{order}");
    let charges = house.charges(id);
    assert_eq!((charges.len(), charges[0].amount_minor), (1, 3 * COST_MINOR));
    assert_eq!(house.money().await, ("9701.50".to_owned(), "0.00".to_owned()));
    house.until_told(id).await;
    assert_eq!(house.mail.about(id)[0].body["data"]["deliveries"], order["deliveries"]);
    house.close().await;
}

#[actix_web::test]
async fn a_supplier_that_costs_more_than_the_shop_pays_is_passed_over() {
    let house = House::open().await;
    let order = house.order("M1", "dear", "13800000001").await;
    assert_eq!(order["status"], "succeeded");
    let id = order["id"].as_str().unwrap();
    assert_eq!(house.charges(id)[0].supplier, "river");
    assert_eq!(house.seen("north", Operation::Submit, id), 0);
    let told = house.until_timeline(id, |_| true).await;
    assert!(told.to_string().contains("cannot deliver at this price"), "{told}");
    house.close().await;
}
