//! A receipt from the running gateway, checked with nothing but the key it publishes, and the same
//! order seen by an auditor beside it.

use recharge_gateway::api::receipts::KIND;
use recharge_gateway::audit::whole;
use recharge_gateway::store::signer::{PublicKey, verify};

use crate::house::House;

#[actix_web::test]
async fn a_shop_keeps_a_receipt_that_anybody_can_check_and_the_audit_agrees() {
    let house = House::open().await;
    let (_, told) = house.shop.post("/v1/orders", &house.body("R1", "north", "13800000001")).await;
    let id = told["id"].as_str().unwrap();
    house.until_final(id).await;
    house.until_told(id).await;
    let path = format!("/v1/orders/{id}/receipt");
    let request = house.shop.signed(&http::Method::GET, &path, String::new(), &[]);
    let (status, receipt) = house.shop.raw(request).await;
    assert_eq!(status, 200);
    let (status, keys) = house.shop.try_get("/.well-known/jwks.json").await.unwrap();
    assert_eq!(status, 200, "{keys}");
    let key = PublicKey::from_text(keys["keys"][0]["x"].as_str().unwrap()).unwrap();
    let verified = verify(std::str::from_utf8(&receipt).unwrap(), Some(&key)).unwrap();
    assert_eq!(verified.kind, KIND);
    let says: serde_json::Value = serde_json::from_str(&verified.payload).unwrap();
    assert_eq!((&says["order"]["id"], &says["order"]["status"]), (&id.into(), &"succeeded".into()));
    assert!(!says["history"].as_array().unwrap().is_empty(), "{says}");
    assert!(!verified.payload.contains("13800000001"), "a receipt names no recipient");
    let mut archive = house.archive().await;
    let tally = whole(&mut archive, 1).await.unwrap();
    assert_eq!((tally.orders, tally.findings), (1, Vec::new()));
    drop(archive);
    house.close().await;
}
