//! Wall clocks that jump.

use std::sync::atomic::Ordering;

use recharge_gateway::dispatch::Submitted;
use recharge_gateway::domain::attempt::{AttemptState, NotSentReason, Proof};

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

#[tokio::test]
async fn a_process_that_stood_still_after_its_stamp_sends_nothing() {
    let world = World::new().await;
    world.store.commit_ms.store(61_000, Ordering::Relaxed);
    let (dispatch, order) = (world.dispatch.clone(), world.ask("1"));
    let asked = tokio::spawn(async move { dispatch.submit(order).await });
    world.clocks.pass(1_000).await;
    world.store.commit_ms.store(0, Ordering::Relaxed);
    world.clocks.pass(90_000).await;
    let (Submitted::New(taken) | Submitted::Same(taken)) = asked.await.unwrap().unwrap();
    let order = world.order(taken.id).await;
    let old = Proof::NotSent {
        why: NotSentReason::StampOld,
    };
    let first = &order.attempts[0].state;
    assert!(matches!(first, AttemptState::Dead { proof, .. } if *proof == old), "{first:?}");
    assert_eq!(
        world.north.submitted().len() + world.south.submitted().len(),
        1,
        "and the order goes its way"
    );
    assert!(order.verdict.is_some());
}

#[tokio::test]
async fn a_repeat_that_comes_too_late_proves_nothing_and_is_made_anew() {
    let world = World::new().await;
    world.north.submits(&[Say::Silence]);
    world.north.queries(&[Say::NotFound; 5]);
    let id = world.submit("1").await.unwrap();
    world.store.commit_ms.store(61_000, Ordering::Relaxed);
    let mut repeats = 0;
    for _ in 0..100 {
        world.clocks.pass(5_000).await;
        let attempt = world.order(id).await.attempts[0].clone();
        repeats = attempt.transmissions.len() - 1;
        if repeats > 0 {
            break;
        }
    }
    world.store.commit_ms.store(0, Ordering::Relaxed);
    world.clocks.pass(61_000).await;
    assert_eq!((repeats, world.north.submitted().len()), (1, 1), "stamped again, and not sent");
    world.clocks.pass(120_000).await;
    let order = world.order(id).await;
    assert!(world.south.submitted().is_empty(), "what was sent before may still be delivered");
    assert_eq!((world.north.submitted().len(), order.verdict.is_some()), (2, true), "{order:?}");
}
