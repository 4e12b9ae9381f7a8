//! Asking for an order: hanging up, waiting, being refused, and what others may see (R1).

use bytes::Bytes;
use mock_suppliers::{Fault, Operation};
use recharge_gateway::domain::ids::ShopId;
use recharge_gateway::domain::ledger::Posting;
use recharge_gateway::domain::money::{Currency, Money};
use recharge_gateway::store::{Answer, Command, Store};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::house::{House, PRICE_MINOR, Settings, script};

/// Writes the request to a socket of its own.
async fn dial(house: &House, body: &Value, headers: &[(&str, &str)]) -> TcpStream {
    let request = house.shop.signed(&http::Method::POST, "/v1/orders", body.to_string(), headers);
    let mut text = format!("POST /v1/orders HTTP/1.1\r\nhost: {}\r\n", house.shop.address());
    for (name, value) in request.headers() {
        text.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    text.push_str(&format!("content-length: {}\r\n\r\n", request.body().len()));
    let mut stream = TcpStream::connect(house.shop.address()).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream.write_all(request.body()).await.unwrap();
    stream
}

#[actix_web::test]
async fn hanging_up_neither_loses_nor_stalls_an_order() {
    let house = House::open().await;
    // One hangs up while it waits for the verdict and its supplier hangs too.
    script(&house.north, "13800000001", &[Fault::ChargeThenHang]);
    let waiting = dial(&house, &house.body("H1", "north", "13800000001"), &[("prefer", "wait=20")]).await;
    let submitted = || house.north.requests().iter().any(|seen| seen.op == Operation::Submit);
    house.until_so("the submit", submitted).await;
    drop(waiting);
    let (status, found) = house.shop.get("/v1/orders?shop_order_no=H1").await;
    assert_eq!(status, 200, "{found}");
    let id = found["id"].as_str().unwrap();
    assert_eq!(house.until_final(id).await["status"], "succeeded");
    house.until_told(id).await;
    // Twenty more hang up at once; whatever became of their requests, the same number again is one order.
    for n in 0..20 {
        drop(dial(&house, &house.body(&format!("H2-{n}"), "north", &format!("139{n:08}")), &[]).await);
    }
    for n in 0..20 {
        let (status, told) = house
            .shop
            .post("/v1/orders", &house.body(&format!("H2-{n}"), "north", &format!("139{n:08}")))
            .await;
        assert!([200, 201].contains(&status), "{told}");
        let id = told["id"].as_str().unwrap();
        assert_eq!(house.until_final(id).await["status"], "succeeded");
        assert_eq!(house.charges(id).len(), 1);
    }
    house.close().await;
}

#[actix_web::test]
async fn a_shop_that_would_rather_wait_is_answered_with_the_verdict() {
    let house = House::open().await;
    let body = house.body("W1", "north", "13800000001").to_string();
    let (status, order) = house
        .shop
        .call(http::Method::POST, "/v1/orders", body, &[("prefer", "wait=5")])
        .await;
    assert_eq!(
        (status, &order["finality"], &order["status"]),
        (201, &"final".into(), &"succeeded".into()),
        "{order}"
    );
    script(&house.stone, "13800000002", &[Fault::HangUncharged]);
    let body = house.body("W2", "stone", "13800000002").to_string();
    let (status, order) = house
        .shop
        .call(http::Method::POST, "/v1/orders", body, &[("prefer", "wait=1")])
        .await;
    assert_eq!(
        (status, &order["status"]),
        (201, &"processing".into()),
        "a wait is granted for so long only"
    );
    house.close().await;
}

#[actix_web::test]
async fn a_number_refused_for_money_or_for_its_fields_is_still_free() {
    let settings = Settings {
        credit_minor: PRICE_MINOR - 1,
        ..Settings::default()
    };
    let house = House::open_with(settings).await;
    let mut wrong = house.body("F1", "north", "13800000001");
    wrong["inputs"]["account"] = "1380000000x".into();
    let (status, told) = house.shop.post("/v1/orders", &wrong).await;
    assert_eq!((status, &told["order_may_exist"]), (422, &false.into()), "{told}");
    assert_eq!(told["errors"][0]["field"], "inputs.account");
    let right = house.body("F1", "north", "13800000001");
    let (status, told) = house.shop.post("/v1/orders", &right).await;
    assert_eq!((status, &told["order_may_exist"]), (402, &false.into()), "{told}");
    let credit = Posting::credit(ShopId(1), Money::new(1, Currency::Cny), "the missing fen");
    assert_eq!(house.gateway.store().commit(Command::Post(credit)).await, Answer::Done);
    let order = house.order("F1", "north", "13800000001").await;
    assert_eq!(order["status"], "succeeded");
    assert_eq!(house.money().await, ("0.00".to_owned(), "0.00".to_owned()));
    house.close().await;
}

#[actix_web::test]
async fn every_error_to_an_order_says_whether_an_order_may_exist() {
    let house = House::open().await;
    let body = house.body("E1", "north", "13800000001");
    let post = |body: String| house.shop.signed(&http::Method::POST, "/v1/orders", body, &[]);
    let with = |name: &'static str, value: &'static str| {
        let mut request = post(body.to_string());
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    let mut tampered = post(body.to_string());
    *tampered.body_mut() = Bytes::from(body.to_string().replace("13800000001", "13800000002"));
    let repeated = post(body.to_string());
    house.order("E1", "north", "13800000001").await;
    let mut other = body.clone();
    other["inputs"]["account"] = "13800000009".into();
    let mut misspelt = body.clone();
    misspelt["max_prise"] = "1.00".into();
    let twice = r#"{"shop_order_no":"E2","shop_order_no":"E3"}"#.to_owned();
    let cases = [
        (401, false, "signature_wrong", tampered),
        (401, false, "signature_wrong", with("x-shop-key", "nobody")),
        (401, false, "timestamp_out_of_window", with("x-timestamp", "1")),
        (415, false, "not_json", with("content-type", "text/plain")),
        (400, false, "json_duplicate_key", post(twice)),
        (400, false, "json_unreadable", post("{".to_owned())),
        (422, false, "fields_invalid", post(misspelt.to_string())),
        (409, true, "number_used", post(other.to_string())),
    ];
    for (status, may_exist, code, request) in cases {
        let (got, told) = house.shop.send(request).await;
        assert_eq!(
            (got, &told["code"], &told["order_may_exist"]),
            (status, &json!(code), &json!(may_exist)),
            "{told}"
        );
    }
    // The very request that was answered before, byte for byte.
    let again = http::Request::from_parts(repeated.clone().into_parts().0, repeated.body().clone());
    assert_eq!(house.shop.send(repeated).await.0, 200);
    let (status, told) = house.shop.send(again).await;
    assert_eq!(
        (status, &told["code"], &told["order_may_exist"]),
        (401, &"nonce_repeated".into(), &true.into())
    );
    house.close().await;
}

#[actix_web::test]
async fn another_shop_cannot_see_an_order_nor_take_its_number() {
    let house = House::open().await;
    let order = house.order("S1", "north", "13800000001").await;
    let id = order["id"].as_str().unwrap();
    for path in [
        format!("/v1/orders/{id}"),
        format!("/v1/orders/{id}/timeline"),
        "/v1/orders?shop_order_no=S1".to_owned(),
    ] {
        let (status, told) = house.neighbour.get(&path).await;
        assert_eq!((status, &told["code"]), (404, &"order_not_found".into()), "{path}");
        assert_eq!(house.shop.get(&path).await.0, 200, "{path}");
    }
    let (status, own) = house.neighbour.post("/v1/orders", &house.body("S1", "north", "13800000002")).await;
    assert_eq!(status, 201, "numbers are each shop's own: {own}");
    assert_ne!(own["id"], order["id"]);
    house.close().await;
}
