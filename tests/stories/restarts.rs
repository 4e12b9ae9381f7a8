//! Orderly stops and starts: what was in flight is settled afterwards, and nothing is sent twice.

use std::time::Duration;

use mock_suppliers::{Fault, Operation};
use recharge_gateway::seams::Clock;

use crate::house::{House, Settings, script};

const ORDERS: usize = 50;

#[actix_web::test]
async fn a_stop_in_the_middle_of_fifty_orders_loses_none_and_repeats_none() {
    let house = House::open().await;
    let faults = [
        vec![],
        vec![Fault::ChargeThenHang],
        vec![Fault::HangUncharged],
        vec![Fault::Refuse],
        vec![Fault::Status500 { charged: true }],
    ];
    let mut bodies = Vec::new();
    for n in 0..ORDERS {
        let (first, recipient) = (["north", "river"][n % 2], format!("138{n:08}"));
        script(house.mock(first), &recipient, &faults[n % faults.len()]);
        bodies.push(house.body(&format!("R{n}"), first, &recipient));
    }
    let posts = bodies.iter().map(|body| house.shop.post("/v1/orders", body));
    let answers = futures_util::future::join_all(posts).await;
    let ids: Vec<String> = answers
        .iter()
        .map(|(status, told)| {
            assert_eq!(*status, 201, "{told}");
            told["id"].as_str().unwrap().to_owned()
        })
        .collect();
    let house = house.restart().await;
    for (body, id) in bodies.iter().zip(&ids) {
        // The shop repeats its number, as shops do after a hiccup: it is the same order.
        let (status, told) = house.shop.post("/v1/orders", body).await;
        assert_eq!((status, told["id"].as_str()), (200, Some(id.as_str())));
    }
    for id in &ids {
        assert_eq!(house.until_final(id).await["status"], "succeeded");
        assert_eq!(house.delivered(id), 1);
        house.until_told(id).await;
    }
    assert_eq!(house.money().await.1, "0.00", "nothing is held any more");
    house.close().await;
}

#[actix_web::test]
async fn what_was_in_doubt_before_a_restart_is_asked_again_after_it() {
    let house = House::open().await;
    script(&house.stone, "13800000001", &[Fault::HangUncharged]);
    let id = house.place("R1", "stone", "13800000001").await;
    house
        .until_so("a question", || house.seen("stone", Operation::Query, &id) >= 1)
        .await;
    let house = house.restart().await;
    let asked = house.seen("stone", Operation::Query, &id);
    house
        .until_so("more questions", || house.seen("stone", Operation::Query, &id) >= asked + 2)
        .await;
    let order = house.until(&id, |order| order["finality"] == "unknown").await;
    assert_eq!(order["safe_to_resubmit"], false);
    assert_eq!(house.seen("stone", Operation::Submit, &id), 1);
    house.close().await;
}

#[actix_web::test]
async fn a_stop_ends_within_its_grace_although_orders_hang_and_they_settle_afterwards() {
    let settings = Settings {
        submit_timeout_ms: 4_000,
        stop_grace_seconds: 1,
        ..Settings::default()
    };
    let house = House::open_with(settings).await;
    let mut ids = Vec::new();
    for (n, fault) in [Fault::ChargeThenHang, Fault::HangUncharged, Fault::ChargeThenHang]
        .into_iter()
        .enumerate()
    {
        let recipient = format!("138{n:08}");
        script(&house.north, &recipient, &[fault, Fault::NoNotify]);
        ids.push(house.place(&format!("R{n}"), "north", &recipient).await);
    }
    for id in &ids {
        house
            .until_so("the submit", || house.seen("north", Operation::Submit, id) == 1)
            .await;
    }
    let clock = house.clock.clone();
    let began = clock.monotonic();
    let house = house.restart().await;
    let took = clock.monotonic().saturating_sub(began);
    assert!(took < Duration::from_secs(3), "a stop with one second of grace took {took:?}");
    for id in &ids {
        assert_eq!(house.until_final(id).await["status"], "succeeded");
        assert_eq!(house.charges(id).len(), 1);
    }
    house.close().await;
}
