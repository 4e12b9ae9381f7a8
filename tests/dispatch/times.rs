//! Wall clocks that jump.

use crate::wire::Say;
use crate::world::World;

const HOUR_MS: i64 = 3_600_000;

#[tokio::test]
async fn a_clock_put_back_an_hour_keeps_no_question_waiting() {
    let world = World::new().await;
    world.north.submits(&[Say::Silence]);
    world.north.queries(&[Say::Succeeded]);
    let id = world.submit("1").await.unwrap();
    world.clocks.pass(100).await;
    world.clocks.jump(-HOUR_MS);
    world.clocks.pass(5_000).await;
    assert!(world.order(id).await.verdict.is_some(), "{:?}", world.order(id).await);
}

#[tokio::test]
async fn a_clock_put_back_an_hour_keeps_no_lost_reply_waiting() {
    let world = World::new().await;
    world.north.submits(&[Say::Silence]);
    world.north.queries(&[Say::NotFound, Say::NotFound, Say::Succeeded]);
    let id = world.submit("1").await.unwrap();
    world.clocks.pass(2_000).await;
    world.clocks.jump(-HOUR_MS);
    world.clocks.pass(30_000).await;
    assert!(world.order(id).await.verdict.is_some(), "{:?}", world.order(id).await);
}

#[tokio::test]
async fn a_clock_put_forward_sends_nothing_twice() {
    let world = World::new().await;
    world.north.submits(&[Say::Silence]);
    world.north.queries(&[Say::NotFound, Say::NotFound, Say::NotFound, Say::Succeeded]);
    let id = world.submit("1").await.unwrap();
    world.clocks.pass(100).await;
    world.clocks.jump(2 * HOUR_MS);
    world.clocks.pass(60_000).await;
    assert!(world.order(id).await.verdict.is_some());
    assert_eq!(world.north.submitted().len(), 1, "beyond its window the number is not sent again");
    assert!(world.south.submitted().is_empty());
}
