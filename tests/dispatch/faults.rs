//! Commits whose end nobody knows, databases that decline, suppliers that went away.

use std::sync::atomic::Ordering;

use recharge_gateway::dispatch::{Submitted, Turned};
use recharge_gateway::domain::attempt::{AttemptState, NotSentReason, Proof};
use recharge_gateway::domain::case::CaseKind;
use recharge_gateway::domain::event::Event;
use recharge_gateway::store::{Fault, Store};

use crate::wire::Say;
use crate::world::World;

#[tokio::test]
async fn one_not_found_whose_commit_was_unknown_counts_once() {
    let world = World::new().await;
    world.north.submits(&[Say::Silence]);
    world.north.queries(&[Say::NotFound, Say::Accepted]);
    let id = world.submit("1").await.unwrap();
    world.clocks.pass(100).await;
    let faults = world.store.inner.faults();
    faults.plan(Some(Fault::UnknownApplied));
    world.clocks.pass(1_500).await;
    assert_eq!(world.north.queried().len(), 1);
    let attempt = world.attempt(id).await;
    assert_eq!(
        (attempt.not_found, attempt.queries),
        (1, 1),
        "two are needed before anything is sent again"
    );
    assert_eq!(world.store.inner.evidence(id).await.unwrap().len(), 1);
    assert_eq!(world.north.submitted().len(), 1);
}

#[tokio::test]
async fn an_unknown_commit_that_was_not_written_is_written_again_once() {
    let world = World::new().await;
    world.north.submits(&[Say::Silence]);
    world.north.queries(&[Say::NotFound, Say::Accepted]);
    let id = world.submit("1").await.unwrap();
    world.clocks.pass(100).await;
    world.store.inner.faults().plan(Some(Fault::UnknownNotApplied));
    world.clocks.pass(1_500).await;
    assert_eq!(world.attempt(id).await.not_found, 1);
}

/// A COMMIT that hangs may still happen after the order was read as absent: the stamp it makes must
/// not stay in doubt for nothing.
#[tokio::test]
async fn a_stamp_that_is_written_late_is_withdrawn_all_the_same() {
    let world = World::new().await;
    world.store.late_ms.store(12_000, Ordering::Relaxed);
    assert_eq!(world.submit("1").await, Err(Turned::OutcomeUnknown));
    assert!(world.north.submitted().is_empty(), "nothing leaves before its stamp is certain");
    world.clocks.pass(13_000).await;
    let id = world.submit("1").await.unwrap();
    let order = world.order(id).await;
    let unconfirmed = Proof::NotSent {
        why: NotSentReason::StampUnconfirmed,
    };
    let first = &order.attempts[0].state;
    assert!(
        matches!(first, AttemptState::Dead { proof, .. } if *proof == unconfirmed),
        "{first:?}"
    );
    assert!(
        order.attempts.len() > 1 || order.next_action.is_some(),
        "and the order goes its way"
    );
}

#[tokio::test]
async fn an_order_whose_supplier_left_the_file_becomes_a_case_by_itself() {
    let world = World::with("", &["north"]).await;
    world.north.submits(&[Say::Silence]);
    let id = world.submit("1").await.unwrap();
    world.clocks.pass(100).await;
    let world = world.reopened_with(&["south"]).await;
    world.clocks.pass(3 * 3_600_000).await;
    let cases = world.store.inner.open_cases(10).await.unwrap();
    assert!(cases.iter().any(|stored| stored.case.kind == CaseKind::OverdueDoubt), "{cases:?}");
    let history = world.store.inner.history(id).await.unwrap();
    let steps = history.len();
    assert!(steps < 60, "it is not looked at again and again for nothing: {steps}");
    assert!(history.iter().all(|recorded| !matches!(recorded.event, Event::OrderFailed { .. })));
}

#[tokio::test]
async fn a_shop_that_waits_hears_of_a_success_whose_commit_was_unknown() {
    let world = World::new().await;
    world.north.submits(&[Say::Accepted]);
    let id = world.submit("1").await.unwrap();
    world.clocks.pass(100).await;
    let (dispatch, order) = (world.dispatch.clone(), world.order(id).await);
    let waiting = tokio::spawn(async move { dispatch.verdict(order.into(), std::time::Duration::from_secs(25)).await });
    world.store.inner.faults().plan(Some(Fault::UnknownApplied));
    world.clocks.pass(5_000).await;
    assert!(waiting.is_finished());
    assert!(waiting.await.unwrap().verdict.is_some());
}

#[tokio::test]
async fn a_fact_that_cannot_be_written_does_not_hold_its_order_for_ever() {
    let world = World::new().await;
    world.north.submits(&[Say::Accepted]);
    world.store.declines_submits.store(true, Ordering::Relaxed);
    let id = world.submit("1").await.unwrap();
    world.clocks.pass(180_000).await;
    assert!(world.order(id).await.verdict.is_some(), "its supplier was asked instead");
    assert_eq!(world.north.submitted().len(), 1);
}

#[tokio::test]
async fn a_flood_of_due_orders_leaves_readers_for_everybody_else() {
    let world = World::with("concurrency = 1000\nsubmit = { per_minute = 60000, burst = 1000 }", &["north"]).await;
    world.clocks.pass(1_000).await;
    world.north.submits(&[Say::Silence; 300]);
    world.north.queries(&[Say::Silence; 5_000]);
    for number in 0..300 {
        world.submit(&number.to_string()).await.unwrap();
    }
    *world.north.delay_ms.lock().unwrap() = 3_600_000;
    let world = world.reopened_with(&["north"]).await;
    world.store.most_reading.store(0, Ordering::Relaxed);
    world.store.read_ms.store(100, Ordering::Relaxed);
    world.clocks.pass(10_000).await;
    let most = world.store.most_reading.load(Ordering::Relaxed);
    assert!((1..=80).contains(&most), "{most} at once");
}

/// Four are stamped slowly, three that came later quickly: all seven want to leave together, and the contract
/// lets four of them go at once and another every two seconds.
#[tokio::test]
async fn an_order_whose_turn_to_leave_does_not_come_in_time_goes_to_the_next_supplier() {
    let plenty = "submit = { per_minute = 60000, burst = 100 }";
    let world = World::with_at_north(plenty, "submit = { per_minute = 30, burst = 4 }").await;
    world.clocks.pass(10_000).await;
    world.store.commit_ms.store(8_000, Ordering::Relaxed);
    let mut asked = Vec::new();
    for number in 0..7 {
        let (dispatch, order) = (world.dispatch.clone(), world.ask(&number.to_string()));
        asked.push(tokio::spawn(async move { dispatch.submit(order).await }));
        if number == 3 {
            world.clocks.pass(7_900).await;
            world.store.commit_ms.store(0, Ordering::Relaxed);
        }
    }
    world.clocks.pass(300).await;
    assert_eq!((world.north.submitted().len(), world.south.submitted().len()), (4, 0));
    world.clocks.pass(5_000).await;
    assert_eq!((world.north.submitted().len(), world.south.submitted().len()), (6, 1));
    let mut late = Vec::new();
    for asked in asked {
        let (Submitted::New(taken) | Submitted::Same(taken)) = asked.await.unwrap().unwrap();
        let order = world.order(taken.id).await;
        assert!(order.verdict.is_some() || order.open_attempt().is_some());
        late.extend(
            order
                .attempts
                .into_iter()
                .filter(|attempt| attempt.supplier.as_str() == "north")
                .map(|attempt| attempt.state),
        );
    }
    let no_turn = Proof::NotSent {
        why: NotSentReason::NoTurn,
    };
    late.retain(|state| matches!(state, AttemptState::Dead { proof, .. } if *proof == no_turn));
    assert_eq!(late.len(), 1, "the last one would have waited six seconds");
}
