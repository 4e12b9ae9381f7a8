//! Receipts: signed, the shop's own, and without what is not to be shown around.

use actix_web::test::TestRequest;

use crate::api::receipts::KIND;
use crate::domain::ids::{OrderId, ShopId};
use crate::domain::outcome::Delivery;
use crate::store::signer::{PublicKey, verify};

use super::World;
use super::fakes::{pending, succeeded};

#[actix_web::test]
async fn a_receipt_is_verified_with_the_published_key_and_tells_no_secret() {
    let world = World::new();
    let order = succeeded(1, ShopId(1));
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
    world.store.put(order.clone());
    let answer = world.get("/v1/orders/1/receipt").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/jose"));
    let keys = world.send(TestRequest::get().uri("/.well-known/jwks.json")).await.json();
    let key = PublicKey::from_text(keys["keys"][0]["x"].as_str().unwrap()).unwrap();
    assert_eq!(
        (keys["keys"][0]["crv"].as_str(), keys["keys"][0]["kty"].as_str()),
        (Some("Ed25519"), Some("OKP"))
    );
    let verified = verify(std::str::from_utf8(&answer.body).unwrap(), Some(&key)).unwrap();
    assert_eq!(verified.kind, KIND);
    let receipt: serde_json::Value = serde_json::from_str(&verified.payload).unwrap();
    assert_eq!(
        (&receipt["order"]["status"], &receipt["order"]["charged"]),
        (&"succeeded".into(), &"9.85".into())
    );
    assert_eq!(receipt["fingerprint"], order.terms.fingerprint.as_str());
    assert!(
        !verified.payload.contains("S3CRET") && !verified.payload.contains("deliveries"),
        "{receipt}"
    );
    // A link of a commit after the order was read belongs to the next receipt.
    assert_eq!(receipt["history"].as_array().unwrap().len(), 1);
    assert_eq!(receipt["history"][0]["link"], "07".repeat(32));
}

#[actix_web::test]
async fn there_is_no_receipt_of_another_shops_order() {
    let world = World::new();
    world.store.put(pending(1, ShopId(2)));
    let answer = world.get("/v1/orders/1/receipt").await;
    assert_eq!((answer.status, answer.code().as_str()), (404, "order_not_found"));
}
