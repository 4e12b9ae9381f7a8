//! What a commit hands over is told without looking into the outbox, once, and in order.

use super::stage::{Manners, Stage, row};
use crate::store::CallbackState;

#[tokio::test]
async fn a_callback_handed_over_leaves_at_once_however_seldom_the_outbox_is_looked_at() {
    let stage = Stage::set(Vec::new()).dozing();
    stage.start();
    stage.pass(5_000).await;
    stage.store.hand_over(row(1, 7, 3), true);
    stage.pass(100).await;
    assert_eq!(stage.times(), [5_000]);
    assert_eq!(stage.states(), [CallbackState::Delivered]);
}

#[tokio::test]
async fn a_later_callback_handed_over_waits_for_the_earlier_one_of_its_order() {
    let stage = Stage::set(vec![row(1, 7, 3)]).with("shop1.example", Manners::in_turn(&[500, 204]));
    stage.start();
    stage.pass(1_000).await;
    stage.store.hand_over(row(1, 7, 5), false);
    stage.pass(20_000).await;
    assert_eq!(stage.ids(), ["evt_7_3", "evt_7_3", "evt_7_5"]);
    assert_eq!(stage.states(), [CallbackState::Delivered, CallbackState::Delivered]);
}

#[tokio::test]
async fn what_was_read_from_the_outbox_before_it_was_handed_over_is_told_once() {
    let stage = Stage::set(vec![row(1, 7, 3)]);
    stage.start();
    // Read and on its way: the shop answers 10 ms after it was asked.
    stage.pass(5).await;
    assert_eq!(stage.seen().len(), 1);
    stage.store.hand_over(row(1, 7, 3), true);
    stage.pass(10_000).await;
    assert_eq!(stage.ids(), ["evt_7_3"]);
    assert_eq!(stage.states(), [CallbackState::Delivered]);
}

#[tokio::test]
async fn what_comes_back_while_its_result_is_written_down_is_told_once() {
    let stage = Stage::set(vec![row(1, 7, 3)]);
    stage.start();
    stage.pass(9).await;
    // The answer and the hand-over reach the worker in the same moment.
    stage.store.hand_over(row(1, 7, 3), true);
    stage.pass(1).await;
    stage.pass(10_000).await;
    assert_eq!(stage.ids(), ["evt_7_3"]);
}
