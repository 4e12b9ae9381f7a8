//! After a restored backup nothing is submitted until the gap is covered, and no number is used that a
//! supplier may have seen before (R18).

use recharge_gateway::dispatch::{Acted, Turned};
use recharge_gateway::domain::case::NewCase;
use recharge_gateway::domain::desk::{Deed, DeedKind, Finding, Signature};
use recharge_gateway::domain::ids::OrderId;
use recharge_gateway::domain::order::Verdict;
use recharge_gateway::seams::Clock;
use recharge_gateway::store::{Answer, Command, Store};

use crate::wire::Say;
use crate::world::World;

/// Nothing is sent in the first minute: the order waits in north's queue when the backup is taken.
const SLOW: &str = "submit = { per_minute = 1, burst = 1 }";

fn deed(world: &World, subject: String, kind: DeedKind) -> Deed {
    Deed {
        subject,
        kind,
        signed: Signature::of("li", "a disk was lost"),
        at_ms: world.clocks.now_ms() + 1,
    }
}

fn recovery(world: &World, kind: DeedKind) -> Deed {
    deed(world, Deed::ABOUT_RECOVERY.to_owned(), kind)
}

/// A world restored from a backup that has one waiting order, and that order.
async fn restored(suppliers: &[&str]) -> (World, OrderId) {
    let world = World::with(SLOW, &["north", "south"]).await;
    let id = world.submit("1").await.unwrap();
    let begun = recovery(&world, DeedKind::RecoveryBegun);
    assert_eq!(world.store.commit(Command::Deed(begun)).await, Answer::Done);
    (world.reopened_with(suppliers).await, id)
}

async fn end(world: &World) {
    let ended = recovery(world, DeedKind::RecoveryEnded);
    assert_eq!(world.dispatch.supplier_deed(ended).await, Acted::Done);
}

#[tokio::test]
async fn nothing_is_taken_in_sent_failed_or_called_off_before_the_gap_is_covered() {
    let (world, id) = restored(&["north", "south"]).await;
    world.clocks.pass(7_200_000).await;
    assert!(matches!(world.submit("2").await, Err(Turned::Unavailable)));
    assert_eq!(world.dispatch.cancel(id).await, Acted::Unavailable);
    assert_eq!(world.north.sent.lock().unwrap().len() + world.south.sent.lock().unwrap().len(), 0);
    assert!(
        world.order(id).await.verdict.is_none(),
        "its deadline may have passed while it was delivered"
    );
}

#[tokio::test]
async fn an_attempt_that_a_supplier_knows_is_adopted_and_nobody_is_sent_the_order_again() {
    let (world, id) = restored(&["north", "south"]).await;
    world.north.queries(&[Say::NotFound]);
    world.south.queries(&[Say::Accepted, Say::Succeeded]);
    end(&world).await;
    world.clocks.pass(60_000).await;
    let order = world.order(id).await;
    assert!(matches!(order.verdict, Some(Verdict::Succeeded { seq: 1, .. })), "{order:?}");
    assert_eq!(order.attempts[0].supplier.as_str(), "south");
    assert_eq!(world.north.submitted().len() + world.south.submitted().len(), 0);
}

#[tokio::test]
async fn an_order_whose_number_nobody_knows_is_sent_once_everybody_was_asked() {
    let (world, id) = restored(&["north", "south"]).await;
    world.north.queries(&[Say::Silence, Say::NotFound, Say::NotFound]);
    world.south.queries(&[Say::Silence, Say::NotFound]);
    end(&world).await;
    world.clocks.pass(20_000).await;
    assert_eq!(world.north.submitted().len(), 0, "no answer is no word that it was never sent");
    world.clocks.pass(120_000).await;
    assert!(matches!(world.order(id).await.verdict, Some(Verdict::Succeeded { seq: 1, .. })));
    assert_eq!((world.north.submitted().len(), world.south.submitted().len()), (1, 0));
    assert_eq!(world.south.queried().len(), 2, "south was asked too");
}

#[tokio::test]
async fn where_a_supplier_cannot_be_asked_a_person_looks_it_up() {
    let (world, id) = restored(&["north"]).await;
    world.north.queries(&[Say::NotFound; 9]);
    end(&world).await;
    world.clocks.pass(60_000).await;
    assert_eq!(world.north.submitted().len(), 0);
    let key = NewCase::of_restored(id, 0).key;
    assert!(world.store.case(key.clone()).await.unwrap().is_some());
    let found = Finding::Explained;
    let closed = deed(&world, Deed::about_case(&key), DeedKind::CaseClosed { case: key, found });
    assert_eq!(world.store.commit(Command::Deed(closed)).await, Answer::Done);
    world.clocks.pass(60_000).await;
    let sent = world.north.submitted();
    let number = format!("{id}01");
    assert!(!sent.is_empty() && sent.iter().all(|sent| sent.number == number), "{sent:?}");
}

#[tokio::test]
async fn a_recovery_outlasts_a_restart_and_orders_taken_in_afterwards_are_asked_about_by_nobody() {
    let (world, id) = restored(&["north", "south"]).await;
    let world = world.reopened_with(&["north", "south"]).await;
    assert!(!world.dispatch.is_accepting());
    end(&world).await;
    world.north.queries(&[Say::NotFound]);
    world.south.queries(&[Say::NotFound]);
    world.clocks.pass(60_000).await;
    assert!(world.order(id).await.verdict.is_some());
    let asked = world.south.queried().len();
    world.submit("2").await.unwrap();
    world.clocks.pass(60_000).await;
    assert_eq!(world.south.queried().len(), asked);
}
