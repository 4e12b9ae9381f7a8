//! What a supplier says of its limits is learnt at once, below the contract.

use recharge_gateway::domain::desk::Signature;
use recharge_gateway::domain::ids::SupplierId;

use crate::wire::Say;
use crate::world::World;

#[tokio::test]
async fn a_supplier_that_says_too_many_is_left_alone_as_long_as_it_wishes() {
    let world = World::new().await;
    world.north.submits(&[Say::TooMany(30)]);
    let first = world.submit("1").await.unwrap();
    world.clocks.pass(1_000).await;
    for number in 2..5 {
        world.submit(&number.to_string()).await.unwrap();
    }
    world.clocks.pass(27_000).await;
    assert_eq!(world.north.submitted().len(), 1, "it wished for 30 seconds");
    let card = world.dispatch.scorecard(&SupplierId::from("north"));
    assert!(card.rests_until_ms.is_some() && card.at_once < card.at_once_most, "{card:?}");
    world.clocks.pass(5_000).await;
    let sent = world.north.submitted();
    assert_eq!(sent.len(), 4, "none was lost");
    assert!(sent[1].at_ms - sent[0].at_ms >= 30_000);
    assert!(!world.north.queried().is_empty(), "an attempt in doubt is asked about all the same");
    assert!(world.order(first).await.verdict.is_some());
    assert!(world.south.submitted().is_empty(), "waiting is no reason to fail over");
}

#[tokio::test]
async fn an_order_that_may_not_wait_so_long_goes_to_the_next_supplier() {
    let world = World::new().await;
    let text = "[product.\"*\"]\nexplore_percent = 0\nuses_health = false\nmax_delay_seconds = 10\n";
    let signed = Signature::of("li", "a test");
    world.dispatch.publish(0, text.to_owned(), None, signed).await.unwrap();
    world.north.submits(&[Say::TooMany(30)]);
    world.submit("1").await.unwrap();
    world.clocks.pass(1_000).await;
    let second = world.submit("2").await.unwrap();
    world.clocks.pass(1_000).await;
    assert_eq!(world.attempt(second).await.supplier.as_str(), "south");
    world.clocks.pass(25_000).await;
    let third = world.submit("3").await.unwrap();
    world.clocks.pass(5_000).await;
    assert_eq!(
        world.attempt(third).await.supplier.as_str(),
        "north",
        "it wants less than ten seconds now"
    );
}

/// When it was queued its turn was a second away; what the supplier said then made that two minutes.
#[tokio::test]
async fn an_order_whose_turn_does_not_come_as_estimated_is_planned_anew() {
    let plenty = "submit = { per_minute = 60000, burst = 100 }";
    let world = World::with_at_north(plenty, "submit = { per_minute = 60, burst = 1 }").await;
    *world.north.delay_ms.lock().unwrap() = 500;
    world.north.submits(&[Say::TooMany(120)]);
    world.submit("1").await.unwrap();
    let mut patient_for_a_minute = world.ask("2");
    patient_for_a_minute.deadline_seconds = Some(60);
    let second = world.hand_in(patient_for_a_minute).await.unwrap();
    assert_eq!(world.dispatch.waiting(), 1, "north was to be free in a second");
    world.clocks.pass(3_000).await;
    assert_eq!(world.attempt(second).await.supplier.as_str(), "south");
    assert_eq!(world.dispatch.waiting(), 0);
    let mut patient_for_a_day = world.ask("3");
    patient_for_a_day.deadline_seconds = Some(86_400);
    let third = world.hand_in(patient_for_a_day).await.unwrap();
    world.clocks.pass(100_000).await;
    assert!(world.order(third).await.attempts.is_empty(), "it may wait, and so it does");
    world.clocks.pass(30_000).await;
    assert_eq!(world.attempt(third).await.supplier.as_str(), "north");
    assert_eq!(world.south.submitted().len(), 1);
}

#[tokio::test]
async fn a_heavier_shop_gets_its_share_of_a_queue() {
    let world = World::with("submit = { per_minute = 60, burst = 1 }", &["north"]).await;
    let text = "[shop.nosuch]\nweight = 3\n";
    let signed = Signature::of("li", "a test");
    assert!(world.dispatch.publish(0, text.to_owned(), None, signed.clone()).await.is_err());
    let key = world.dispatch.shelf().catalog().shops[0].shop.key.clone();
    let text = format!("[shop.{key}]\nweight = 3\n");
    assert_eq!(world.dispatch.publish(0, text, None, signed).await, Ok(1));
    for number in 0..3 {
        world.submit(&number.to_string()).await.unwrap();
    }
    world.clocks.pass(5_000).await;
    assert_eq!(world.north.submitted().len(), 3);
}
