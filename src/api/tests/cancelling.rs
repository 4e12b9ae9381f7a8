//! Calling an order off: whose it is, and what a shop is told.

use actix_web::test::TestRequest;

use crate::dispatch::Acted;
use crate::domain::decide::Refusal;
use crate::domain::ids::{OrderId, ShopId};

use super::fakes::pending;
use super::{Answer, World};

const TARGET: &str = "/v1/orders/1/cancel";

async fn cancel(world: &World) -> Answer {
    let request = TestRequest::post().uri(TARGET);
    world.send(world.signed(request, "POST", TARGET, "")).await
}

#[actix_web::test]
async fn a_shop_calls_its_own_order_off_and_sees_how_it_stands() {
    let world = World::new();
    world.store.put(pending(1, ShopId(1)));
    for acted in [Acted::Done, Acted::Refused(Refusal::NothingNew)] {
        *world.front.acts.lock().unwrap() = Some(acted);
        let answer = cancel(&world).await;
        assert_eq!((answer.status, answer.json()["id"].as_str()), (200, Some("1")));
    }
    let asked = world.front.cancelled.lock().unwrap().clone();
    assert_eq!(asked, vec![OrderId::from_stored(1).unwrap(); 2]);
}

#[actix_web::test]
async fn another_shops_order_cannot_be_called_off() {
    let world = World::new();
    world.store.put(pending(1, ShopId(2)));
    let answer = cancel(&world).await;
    assert_eq!((answer.status, answer.code().as_str()), (404, "order_not_found"));
    assert!(world.front.cancelled.lock().unwrap().is_empty());
}

#[actix_web::test]
async fn what_stands_in_the_way_is_named_with_the_order() {
    let world = World::new();
    world.store.put(pending(1, ShopId(1)));
    for (acted, status, code) in [
        (Acted::Refused(Refusal::AttemptOpen), 409, "order_in_flight"),
        (Acted::Refused(Refusal::Ended), 409, "order_ended"),
        (Acted::Unavailable, 503, "unavailable"),
        (Acted::Unknown, 503, "order_unreadable"),
        (Acted::Absent, 404, "order_not_found"),
    ] {
        *world.front.acts.lock().unwrap() = Some(acted);
        let answer = cancel(&world).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code));
        let body = answer.json();
        assert!(body.get("order_may_exist").is_none(), "no order was asked for: {body}");
        if status == 409 {
            assert_eq!(body["order_id"], "1");
        }
    }
}

#[actix_web::test]
async fn calling_off_is_a_post() {
    let world = World::new();
    let answer = world.get(TARGET).await;
    assert_eq!((answer.status, answer.code().as_str()), (405, "method_wrong"));
}
