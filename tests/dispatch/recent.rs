//! What a supplier says of an order it has just taken is decided on the order as this process remembers it,
//! and never against what the store knows.

use recharge_gateway::dispatch::Heard;
use recharge_gateway::domain::attempt::AttemptState;
use recharge_gateway::domain::ids::OrderId;
use recharge_gateway::domain::order::Verdict;
use recharge_gateway::store::Store;

use crate::wire::Say;
use crate::world::World;

/// An order that north has taken.
async fn taken() -> (World, OrderId) {
    let world = World::new().await;
    world.north.submits(&[Say::Accepted]);
    world.north.queries(&[Say::Succeeded; 9]);
    let id = world.submit("1").await.unwrap();
    world.clocks.pass(100).await;
    assert_eq!(world.attempt(id).await.state, AttemptState::Accepted);
    (world, id)
}

#[tokio::test]
async fn a_notification_about_an_order_just_taken_needs_no_read() {
    let (world, id) = taken().await;
    world.store.inner.faults().fail_reads(true);
    let heard = world.dispatch.notification("north", world.north_says(id, "1")).await;
    assert!(matches!(heard, Heard::Acknowledge(_)), "{heard:?}");
    // It was given away: what is said next is held against the store.
    let heard = world.dispatch.notification("north", world.north_says(id, "1")).await;
    assert!(matches!(heard, Heard::Unavailable), "{heard:?}");
    world.store.inner.faults().fail_reads(false);
    assert!(matches!(world.order(id).await.verdict, Some(Verdict::Succeeded { .. })));
}

#[tokio::test]
async fn what_became_of_the_order_meanwhile_counts() {
    let (world, id) = taken().await;
    // North is asked, and has delivered.
    world.clocks.pass(120_000).await;
    assert!(matches!(world.order(id).await.verdict, Some(Verdict::Succeeded { .. })));
    // On the order as it was when north took it, this would send it to south.
    let heard = world.dispatch.notification("north", world.north_says(id, "2")).await;
    assert!(matches!(heard, Heard::Acknowledge(_)), "{heard:?}");
    world.clocks.pass(60_000).await;
    assert_eq!(world.south.submitted().len(), 0);
    assert!(matches!(world.order(id).await.verdict, Some(Verdict::Succeeded { .. })));
    assert_eq!(world.store.open_cases(9).await.unwrap().len(), 1, "north contradicts itself");
}

#[tokio::test]
async fn a_refusal_on_what_is_remembered_is_asked_of_the_store() {
    let (world, id) = taken().await;
    world.store.inner.faults().fail_reads(true);
    let heard = world.dispatch.notification("north", world.north_says(id, "0")).await;
    assert!(
        matches!(heard, Heard::Unavailable),
        "nothing new, as far as is known here: {heard:?}"
    );
    world.store.inner.faults().fail_reads(false);
    let heard = world.dispatch.notification("north", world.north_says(id, "0")).await;
    assert!(matches!(heard, Heard::Acknowledge(_)), "{heard:?}");
}
