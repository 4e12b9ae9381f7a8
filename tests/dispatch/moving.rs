//! Who has an order in hand, who waits for whom, and who is told.

use std::sync::atomic::Ordering;
use std::time::Duration;

use recharge_gateway::dispatch::{Acted, Heard, Submitted, Turned};
use recharge_gateway::domain::decide::Refusal;
use recharge_gateway::domain::order::Verdict;

use recharge_gateway::store::Store;

use crate::clocks::settle;
use crate::wire::Say;
use crate::world::World;

/// One query a minute: the second order in doubt waits long for its turn.
const SLOW_QUERIES: &str = "submit = { per_minute = 60000, burst = 100 }\nquery = { per_minute = 1, burst = 1 }";

#[tokio::test]
async fn a_supplier_that_hangs_up_does_not_lose_its_notification() {
    let world = World::new().await;
    world.north.submits(&[Say::Accepted]);
    world.north.queries(&[Say::Accepted; 99]);
    let id = world.submit("1").await.unwrap();
    world.clocks.pass(100_000).await;
    world.store.commit_ms.store(50, Ordering::Relaxed);
    let (dispatch, request) = (world.dispatch.clone(), world.north_says(id, "2"));
    let told = tokio::spawn(async move { dispatch.notification("north", request).await });
    settle().await;
    told.abort();
    world.store.commit_ms.store(0, Ordering::Relaxed);
    // Without somebody to follow it up, south would be tried only when north is asked next.
    world.clocks.pass(500).await;
    assert_eq!(world.south.submitted().len(), 1, "{:?}", world.order(id).await);
}

#[tokio::test]
async fn a_proven_failure_moves_on_though_the_order_waits_for_its_turn_to_ask() {
    let world = World::with(SLOW_QUERIES, &["north", "south"]).await;
    world.north.submits(&[Say::Silence; 3]);
    world.north.queries(&[Say::NotFound; 9]);
    for number in ["1", "2"] {
        world.submit(number).await.unwrap();
    }
    let third = world.submit("3").await.unwrap();
    world.clocks.pass(5_000).await;
    let heard = tokio::spawn({
        let (dispatch, request) = (world.dispatch.clone(), world.north_says(third, "2"));
        async move { dispatch.notification("north", request).await }
    });
    world.clocks.pass(500).await;
    assert!(matches!(heard.await.unwrap(), Heard::Acknowledge(_)));
    assert_eq!(world.south.submitted().len(), 1, "{:?}", world.order(third).await);
}

#[tokio::test]
async fn orders_that_wait_to_be_asked_about_cost_nothing_meanwhile() {
    let world = World::with(SLOW_QUERIES, &["north"]).await;
    world.north.submits(&[Say::Silence; 50]);
    world.north.queries(&[Say::NotFound; 99]);
    for number in 0..50 {
        world.submit(&number.to_string()).await.unwrap();
    }
    world.clocks.pass(10_000).await;
    let before = world.spawner.count();
    world.clocks.pass(300_000).await;
    let started = world.spawner.count() - before;
    assert!(started < 100, "{started} tasks for some five answers");
}

#[tokio::test]
async fn an_order_without_a_permit_stands_in_the_queue_when_it_is_accepted() {
    let world = World::with("submit = { per_minute = 60, burst = 1 }", &["north"]).await;
    world.submit("1").await.unwrap();
    let before = world.store.orders_read.load(Ordering::Relaxed);
    world.submit("2").await.unwrap();
    assert_eq!(world.dispatch.waiting(), 1);
    assert_eq!(
        world.store.orders_read.load(Ordering::Relaxed),
        before,
        "and nobody had to read it again"
    );
    world.clocks.pass(3_000).await;
    assert_eq!(world.north.submitted().len(), 2);
}

#[tokio::test]
async fn an_order_that_no_queue_can_serve_in_time_is_refused_at_once() {
    let world = World::with("submit = { per_minute = 1, burst = 1 }", &["north"]).await;
    world.submit("1").await.unwrap();
    let mut hurried = world.ask("2");
    hurried.deadline_seconds = Some(90);
    assert!(matches!(world.dispatch.submit(hurried.clone()).await, Err(Turned::Overloaded)));
    hurried.deadline_seconds = Some(600);
    assert!(matches!(world.dispatch.submit(hurried.clone()).await, Ok(Submitted::New(_))));
    for number in 3..12 {
        let mut other = world.ask(&number.to_string());
        other.deadline_seconds = Some(86_400);
        world.dispatch.submit(other).await.unwrap();
    }
    let again = world.dispatch.submit(hurried).await;
    assert!(matches!(again, Ok(Submitted::Same(_))), "what stands is not denied: {again:?}");
}

#[tokio::test]
async fn an_order_called_off_in_the_queue_is_never_sent() {
    let world = World::with("submit = { per_minute = 60, burst = 1 }", &["north"]).await;
    world.north.submits(&[Say::Accepted]);
    world.north.queries(&[Say::Accepted; 99]);
    let sent = world.submit("1").await.unwrap();
    let queued = world.submit("2").await.unwrap();
    assert_eq!(world.dispatch.cancel(sent).await, Acted::Refused(Refusal::AttemptOpen));
    assert_eq!(world.dispatch.cancel(queued).await, Acted::Done);
    assert_eq!(world.dispatch.waiting(), 0);
    world.clocks.pass(60_000).await;
    assert_eq!(world.north.submitted().len(), 1);
    assert!(matches!(world.order(queued).await.verdict, Some(Verdict::Cancelled { .. })));
}

#[tokio::test]
async fn a_stop_lets_waiting_shops_go() {
    let world = World::new().await;
    world.north.submits(&[Say::Accepted]);
    world.north.queries(&[Say::Accepted; 99]);
    let id = world.submit("1").await.unwrap();
    world.clocks.pass(100).await;
    let (dispatch, order) = (world.dispatch.clone(), world.order(id).await);
    let waiting = tokio::spawn(async move { dispatch.verdict(order.into(), Duration::from_secs(25)).await });
    settle().await;
    world.dispatch.stop(Duration::ZERO).await;
    settle().await;
    assert!(waiting.is_finished());
}

#[tokio::test]
async fn a_forger_does_not_silence_the_supplier() {
    let world = World::new().await;
    world.north.submits(&[Say::Accepted]);
    world.north.queries(&[Say::Accepted; 99]);
    let id = world.submit("1").await.unwrap();
    world.clocks.pass(100).await;
    let from = |address: [u8; 4], mut request: http::Request<bytes::Bytes>| {
        request.extensions_mut().insert(std::net::IpAddr::from(address));
        request
    };
    for _ in 0..500 {
        let forged = crate::wire::notification(&format!("{id}01"), "1", "wrong");
        world.dispatch.notification("north", from([192, 0, 2, 1], forged)).await;
    }
    let again = world
        .dispatch
        .notification("north", from([192, 0, 2, 1], world.north_says(id, "1")));
    assert!(matches!(again.await, Heard::TooMany));
    let own = world
        .dispatch
        .notification("north", from([192, 0, 2, 2], world.north_says(id, "1")));
    assert!(matches!(own.await, Heard::Acknowledge(_)));
    assert!(world.order(id).await.verdict.is_some());
}

#[tokio::test]
async fn a_success_that_names_another_amount_moves_no_money() {
    let world = World::new().await;
    world.north.submits(&[Say::Accepted]);
    world.north.queries(&[Say::Accepted; 99]);
    let id = world.submit("1").await.unwrap();
    world.clocks.pass(100).await;
    let number = format!("{id}01");
    for amount in ["1.00", "1000.00"] {
        let odd = crate::wire::notification_of(&number, "1", amount, crate::world::KEY);
        assert!(matches!(world.dispatch.notification("north", odd).await, Heard::Acknowledge(_)));
        assert_eq!(world.order(id).await.verdict, None, "{amount}");
    }
    let kept = world.store.inner.evidence(id).await.unwrap();
    assert!(kept.len() >= 2, "what was acknowledged is kept");
    for amount in ["100.00", "100"] {
        let own = crate::wire::notification_of(&number, "1", amount, crate::world::KEY);
        assert!(matches!(world.dispatch.notification("north", own).await, Heard::Acknowledge(_)));
    }
    assert!(matches!(world.order(id).await.verdict, Some(Verdict::Succeeded { .. })));
}

#[tokio::test]
async fn a_refusal_on_the_wire_goes_to_the_next_supplier_at_once() {
    let world = World::new().await;
    world.north.submits(&[Say::Refused]);
    world.submit("1").await.unwrap();
    world.clocks.pass(100).await;
    assert_eq!((world.north.submitted().len(), world.south.submitted().len()), (1, 1));
}
