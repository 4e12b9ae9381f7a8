//! Callbacks: told until it is heard, the same bytes under the same id, through restarts too.

use mock_suppliers::Fault;

use crate::house::{House, script};

#[actix_web::test]
async fn a_shop_that_failed_once_hears_the_same_bytes_again() {
    let house = House::open().await;
    house.mail.answer_with(&[500]);
    let order = house.order("B1", "north", "13800000001").await;
    let id = order["id"].as_str().unwrap();
    house.until_so("the second try", || house.mail.about(id).len() == 2).await;
    let letters = house.mail.about(id);
    assert_eq!(letters[0].id, letters[1].id);
    assert_eq!(letters[0].raw, letters[1].raw);
    assert_eq!(letters[0].body["type"], "order.succeeded");
    assert_eq!(letters[0].body["data"]["charged"], "99.50");
    house.close().await;
}

#[actix_web::test]
async fn a_restart_between_verdict_and_delivery_loses_no_callback_and_keeps_its_id() {
    let house = House::open().await;
    house.mail.answer_with(&[503, 503]);
    script(&house.river, "13800000002", &[Fault::Refuse]);
    script(&house.north, "13800000002", &[Fault::Refuse]);
    let won = house.order("B1", "north", "13800000001").await;
    let lost = house.order("B2", "north", "13800000002").await;
    let ids = [won["id"].as_str().unwrap(), lost["id"].as_str().unwrap()];
    for id in ids {
        house.until_told(id).await;
    }
    let house = house.restart().await;
    for (id, event) in ids.into_iter().zip(["order.succeeded", "order.failed"]) {
        house.until_so("the second try", || house.mail.about(id).len() == 2).await;
        let letters = house.mail.about(id);
        assert_eq!((&letters[0].id, &letters[0].raw), (&letters[1].id, &letters[1].raw));
        assert_eq!(letters[1].body["type"], event);
    }
    house.close().await;
}
