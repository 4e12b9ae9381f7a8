//! Contract limits and fairness, by the suppliers' own clocks.

use std::collections::BTreeMap;

use mock_suppliers::{Fault, MockSupplier, Operation};

use crate::house::{House, Settings, script};

fn limited(limit: &'static str) -> Settings {
    Settings {
        submit_limits: BTreeMap::from([("north", limit)]),
        ..Settings::default()
    }
}

/// When a supplier saw submits, in milliseconds, oldest first.
fn submits(mock: &MockSupplier) -> Vec<u64> {
    let requests = mock.requests();
    let mut times: Vec<u64> = requests
        .iter()
        .filter(|seen| seen.op == Operation::Submit)
        .map(|seen| seen.at_ms)
        .collect();
    times.sort_unstable();
    times
}

#[actix_web::test]
async fn a_supplier_is_never_sent_more_than_its_contract_and_no_order_is_dropped() {
    const ORDERS: usize = 24;
    // Ten a second, one at once.
    let house = House::open_with(limited("{ per_minute = 600, burst = 1 }")).await;
    let mut bodies = Vec::new();
    for n in 0..ORDERS {
        let recipient = format!("138{n:08}");
        // Settled by questions alone, so that questions stand beside waiting submits.
        script(&house.north, &recipient, &[Fault::NoNotify]);
        bodies.push(house.body(&format!("L{n}"), "north", &recipient));
    }
    let posts = bodies.iter().map(|body| house.shop.post("/v1/orders", body));
    let answers = futures_util::future::join_all(posts).await;
    for (status, told) in &answers {
        assert_eq!(*status, 201, "an order that must wait was turned away: {told}");
        let order = house.until_final(told["id"].as_str().unwrap()).await;
        assert_eq!(order["status"], "succeeded");
    }
    let times = submits(&house.north);
    assert_eq!(
        (times.len(), submits(&house.river).len()),
        (ORDERS, 0),
        "waiting moves no order elsewhere"
    );
    for (i, from) in times.iter().enumerate() {
        for (j, to) in times.iter().enumerate().skip(i + 1) {
            // Times are of arrival, so a quarter of a second may be lost on the way of a busy machine.
            let allowed = (to - from + 250) / 100 + 1;
            assert!(
                u64::try_from(j - i).unwrap() <= allowed,
                "{} submits in {} ms: {times:?}",
                j - i + 1,
                to - from
            );
        }
    }
    let last = times.last().unwrap();
    let requests = house.north.requests();
    let asked = requests
        .iter()
        .filter(|seen| seen.op == Operation::Query && seen.at_ms < *last)
        .count();
    assert!(asked > 0, "questions waited behind submits");
    house.close().await;
}

#[actix_web::test]
async fn one_shops_flood_does_not_hold_up_another_shops_order() {
    const FLOOD: usize = 60;
    let house = House::open_with(limited("{ per_minute = 1200, burst = 1 }")).await;
    let bodies: Vec<_> = (0..FLOOD)
        .map(|n| house.body(&format!("L{n}"), "north", &format!("138{n:08}")))
        .collect();
    let answers = futures_util::future::join_all(bodies.iter().map(|body| house.shop.post("/v1/orders", body))).await;
    let sent_before = submits(&house.north).len();
    let body = house.body("ONE", "north", "13900000000");
    let (status, told) = house.neighbour.post("/v1/orders", &body).await;
    assert_eq!(status, 201, "{told}");
    let recipient_seen = || {
        let requests = house.north.requests();
        let mut sent = requests.iter().filter(|seen| seen.op == Operation::Submit);
        sent.position(|seen| seen.recipient == "13900000000")
    };
    house.until_so("the single order to be sent", || recipient_seen().is_some()).await;
    let place = recipient_seen().unwrap();
    assert!(
        place <= sent_before + FLOOD / 4 && place + FLOOD / 4 < FLOOD,
        "the single order was number {place}; {sent_before} had left when it came"
    );
    for (status, told) in &answers {
        assert_eq!(*status, 201, "{told}");
        assert_eq!(house.until_final(told["id"].as_str().unwrap()).await["status"], "succeeded");
    }
    let (_, own) = house.neighbour.get(&format!("/v1/orders/{}", told["id"].as_str().unwrap())).await;
    assert_eq!(own["status"], "succeeded");
    house.close().await;
}
