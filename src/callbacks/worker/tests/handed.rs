//! Callbacks that commits hand over: nobody reads them back, none is told twice, none overtakes
//! another of its order, and none is lost with what was handed over.

use std::sync::atomic::Ordering;

use super::stage::{Manners, NOW_MS, Stage, row};
use crate::seams::{MaybeSent, SendFailure};
use crate::store::CallbackState;

/// A stage whose worker has read the outbox once and will not for an hour.
async fn quiet() -> Stage {
    let stage = Stage::set(Vec::new()).dozing();
    stage.start();
    stage.pass(1).await;
    assert_eq!(stage.store.reads(), (0, 1));
    stage
}

#[tokio::test]
async fn the_first_callback_of_an_order_leaves_at_once_and_nothing_is_read_for_it() {
    let stage = quiet().await;
    for order in 0..100 {
        stage.store.hand_over(row(1, order, 3), true);
    }
    stage.pass(1_000).await;
    assert_eq!(stage.seen().len(), 100);
    assert_eq!(stage.states(), [CallbackState::Delivered; 100]);
    assert_eq!(stage.store.reads(), (0, 1));
}

#[tokio::test]
async fn a_later_callback_that_is_handed_over_waits_for_the_earlier_one() {
    let stage = quiet().await;
    stage.teach("shop1.example", Manners::in_turn(&[500, 200]));
    stage.store.hand_over(row(1, 7, 3), true);
    stage.store.hand_over(row(1, 7, 5), false);
    // The later one looks again when the outbox is read next, which is in an hour on this stage.
    stage.pass(4_000_000).await;
    assert_eq!(stage.ids(), ["evt_7_3", "evt_7_3", "evt_7_5"]);
    assert_eq!(stage.states(), [CallbackState::Delivered; 2]);
    assert!(stage.store.reads().0 > 0, "whose turn it is was looked up");
}

#[tokio::test]
async fn what_is_handed_over_and_found_in_the_outbox_is_told_once() {
    for poll_between in [0, 5, 9, 10, 11, 20] {
        let stage = Stage::set(Vec::new());
        stage.start();
        stage.pass(1).await;
        stage.store.hand_over(row(1, 7, 3), true);
        stage.pass(poll_between).await;
        // Another one that is only to be found there makes the worker look, whatever the first is at.
        stage.store.queue(row(1, 8, 3));
        stage.pass(3_000).await;
        assert_eq!(stage.ids(), ["evt_7_3", "evt_8_3"], "{poll_between} ms");
    }
}

#[tokio::test]
async fn a_callback_that_failed_and_is_read_again_keeps_its_rungs() {
    let stage = Stage::set(Vec::new()).with("shop1.example", Manners::in_turn(&[500, 500, 200]));
    stage.start();
    stage.pass(1).await;
    stage.store.hand_over(row(1, 7, 3), true);
    stage.pass(60_000).await;
    assert_eq!(stage.times(), [1, 5_011, 35_021]);
    assert_eq!(stage.store.rows()[0].tries, 3);
}

#[tokio::test]
async fn what_was_handed_over_and_lost_is_found_in_the_outbox_after_a_restart() {
    let stage = Stage::set(Vec::new());
    for order in 0..20 {
        stage.store.hand_over(row(1, order, 3), true);
    }
    stage.store.forget_queued();
    stage.start();
    stage.pass(1_000).await;
    assert_eq!(stage.seen().len(), 20);
    assert_eq!(stage.states(), [CallbackState::Delivered; 20]);
}

#[tokio::test]
async fn what_is_dropped_because_a_line_is_full_is_found_in_the_outbox() {
    let silent = Manners {
        answers: vec![Err(SendFailure::MaybeSent(MaybeSent::Timeout)), Ok((200, None))],
        after_ms: 10,
    };
    let stage = Stage::set(Vec::new()).with("shop1.example", silent);
    stage.start();
    stage.pass(1).await;
    for order in 0..3_000 {
        stage.store.hand_over(row(1, order, 3), true);
    }
    stage.pass(60_000).await;
    assert_eq!(stage.states(), [CallbackState::Delivered; 3_000]);
    assert_eq!(stage.seen().len(), 3_001, "the one that failed, once more");
}

#[tokio::test]
async fn a_result_that_cannot_be_written_repeats_no_callback_that_was_handed_over() {
    let stage = Stage::set(Vec::new());
    stage.start();
    stage.pass(1).await;
    stage.store.takes_no_results.store(true, Ordering::SeqCst);
    stage.store.hand_over(row(1, 7, 3), true);
    stage.pass(60_000).await;
    assert_eq!(stage.times(), [1], "polls found it due all the while");
    stage.store.takes_no_results.store(false, Ordering::SeqCst);
    stage.pass(6_000).await;
    assert_eq!(stage.states(), [CallbackState::Delivered]);
    assert_eq!(stage.seen().len(), 1);
    assert_eq!(stage.store.rows()[0].callback.created_at_ms, NOW_MS);
}
