//! Days in the life of the outbox worker, in virtual time: dead shops, pauses, restarts, a database that is away.

use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};

use secrecy::SecretString;

use crate::callbacks::sign::signatures;
use crate::store::{CallbackState, StoredCallback};

use stage::{Manners, NOW_MS, Stage, row};

mod fake_store;
mod handed;
mod stage;
mod virtual_time;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[tokio::test]
async fn a_callback_carries_its_id_its_time_and_a_signature_over_its_bytes() {
    let stage = Stage::set(vec![row(1, 7, 3)]);
    stage.start();
    stage.pass(1_000).await;
    let seen = stage.seen();
    assert_eq!(seen.len(), 1);
    let headers = seen[0].request.headers();
    assert_eq!(headers["webhook-id"], "evt_7_3");
    assert_eq!(headers["webhook-timestamp"], "1800000000");
    assert_eq!(headers["content-type"], "application/json");
    let secrets = [SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")];
    let body = std::str::from_utf8(seen[0].request.body()).unwrap();
    let signature = signatures(&secrets, "evt_7_3", 1_800_000_000, body).unwrap();
    assert_eq!(headers["webhook-signature"], signature.as_str());
    assert_eq!(stage.states(), [CallbackState::Delivered]);
}

#[tokio::test]
async fn a_refusing_shop_is_tried_eleven_times_on_exactly_the_ladder_and_then_left_in_peace() {
    let stage = Stage::set(vec![row(1, 7, 3)]).with("shop1.example", Manners::always(500)).dozing();
    stage.start();
    stage.pass(300_000_000).await;
    let mut expected = vec![0];
    for wait_s in [5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400] {
        // Each answer takes 10 ms, and the wait counts from it.
        expected.push(expected.last().unwrap() + 10 + wait_s * 1_000);
    }
    assert_eq!(stage.times(), expected);
    assert_eq!(stage.states(), [CallbackState::Parked]);
    assert_eq!(stage.store.rows()[0].tries, 11);
    assert_eq!(stage.store.rows()[0].last_result.as_deref(), Some("http_500"));
}

#[tokio::test]
async fn id_and_bytes_are_the_same_on_every_try_and_only_the_time_is_new() {
    let stage = Stage::set(vec![row(1, 7, 3)])
        .with("shop1.example", Manners::in_turn(&[500, 302, 404, 204]))
        .dozing();
    stage.start();
    stage.pass(1_000_000).await;
    let seen = stage.seen();
    assert_eq!(seen.len(), 4);
    for again in &seen {
        assert_eq!(again.id, seen[0].id);
        assert_eq!(again.request.body(), seen[0].request.body());
        assert_eq!(again.request.uri(), seen[0].request.uri());
        let stamp = again.request.headers()["webhook-timestamp"].to_str().unwrap();
        assert_eq!(stamp, (again.at_ms / 1_000).to_string());
    }
    assert_eq!(stage.states(), [CallbackState::Delivered]);
}

#[tokio::test]
async fn a_shop_that_says_gone_is_parked_at_once() {
    let stage = Stage::set(vec![row(1, 7, 3)]).with("shop1.example", Manners::always(410)).dozing();
    stage.start();
    stage.pass(100_000_000).await;
    assert_eq!(stage.seen().len(), 1);
    assert_eq!(stage.states(), [CallbackState::Parked]);
}

#[tokio::test]
async fn a_pause_that_a_shop_asks_for_is_granted() {
    let busy = Manners {
        answers: vec![Ok((429, Some("90"))), Ok((200, None))],
        after_ms: 10,
    };
    let stage = Stage::set(vec![row(1, 7, 3)]).with("shop1.example", busy);
    stage.start();
    stage.pass(1_000_000).await;
    assert_eq!(stage.times(), [0, 90_010]);
}

#[tokio::test]
async fn a_later_callback_of_an_order_waits_until_the_earlier_one_is_through() {
    let stage = Stage::set(vec![row(1, 7, 3), row(1, 7, 5), row(2, 8, 2)]).with("shop1.example", Manners::in_turn(&[500, 200]));
    stage.start();
    stage.pass(20_000).await;
    let of_order: Vec<(String, i64)> = stage
        .seen()
        .into_iter()
        .filter(|seen| seen.host == "shop1.example")
        .map(|seen| (seen.id, seen.at_ms - NOW_MS))
        .collect();
    let told = |id: &str, at_ms| (id.to_owned(), at_ms);
    assert_eq!(of_order[..2], [told("evt_7_3", 0), told("evt_7_3", 5_010)]);
    assert_eq!(of_order[2].0, "evt_7_5");
    assert_eq!(stage.states(), [CallbackState::Delivered; 3]);
}

#[tokio::test]
async fn an_earlier_callback_that_is_not_due_yet_holds_the_later_one_back() {
    let mut earlier = row(1, 7, 3);
    earlier.state = CallbackState::Due(NOW_MS + 30_000);
    earlier.tries = 2;
    let stage = Stage::set(vec![earlier, row(1, 7, 5)]);
    stage.start();
    stage.pass(29_000).await;
    assert_eq!(stage.ids(), Vec::<String>::new());
    stage.pass(3_000).await;
    assert_eq!(stage.ids(), ["evt_7_3", "evt_7_5"]);
}

#[tokio::test]
async fn a_parked_callback_holds_nobody_back() {
    let mut earlier = row(1, 7, 3);
    earlier.state = CallbackState::Parked;
    let stage = Stage::set(vec![earlier, row(1, 7, 5)]);
    stage.start();
    stage.pass(1_000).await;
    assert_eq!(stage.ids(), ["evt_7_5"]);
}

#[tokio::test]
async fn a_dead_shop_with_a_long_queue_delays_no_other_shop() {
    let mut rows: Vec<StoredCallback> = (0..3_000).map(|order| row(1, order, 1)).collect();
    rows.extend((5_000..5_040).map(|order| row(2, order, 1)));
    let stage = Stage::set(rows).with("shop1.example", Manners::silent());
    stage.start();
    stage.pass(3_000).await;
    let told_others = stage.seen().iter().filter(|seen| seen.host == "shop2.example").count();
    let told_dead = stage.seen().iter().filter(|seen| seen.host == "shop1.example").count();
    assert_eq!(told_others, 40);
    assert!(told_dead <= 16, "{told_dead} requests hang at the dead shop");

    // New callbacks of the living shop still go out soon.
    stage.store.queue(row(2, 9_000, 1));
    stage.pass(600).await;
    assert_eq!(stage.ids().last().map(String::as_str), Some("evt_9000_1"));
}

#[tokio::test]
async fn a_failing_shop_gets_one_slot_until_it_answers_again() {
    let rows = (0..100).map(|order| row(1, order, 1)).collect();
    let stage = Stage::set(rows).with("shop1.example", Manners::silent());
    stage.start();
    stage.pass(9_999).await;
    assert_eq!(stage.seen().len(), 16, "nobody knew yet");
    stage.pass(10_000).await;
    assert_eq!(stage.seen().len(), 17, "one probe at a time");
    stage.teach("shop1.example", Manners::always(200));
    stage.pass(30_000).await;
    let fresh = stage.states().iter().filter(|state| **state == CallbackState::Delivered).count();
    assert_eq!(fresh, 100, "all of them, the failed ones included");
}

#[tokio::test]
async fn two_thousand_callbacks_reach_a_well_shop_without_waiting_for_polls() {
    let rows = (0..2_000).map(|order| row(1, order, 1)).collect();
    let stage = Stage::set(rows);
    stage.start();
    stage.pass(3_000).await;
    assert_eq!(stage.seen().len(), 2_000, "16 at a time, 10 ms each");
    assert!(stage.states().iter().all(|state| *state == CallbackState::Delivered));
}

#[tokio::test]
async fn a_queued_callback_leaves_at_once() {
    let stage = Stage::set(Vec::new());
    stage.start();
    stage.pass(1_234).await;
    stage.store.queue(row(1, 7, 3));
    stage.pass(1).await;
    assert_eq!(stage.times(), [1_234]);
}

#[tokio::test]
async fn a_restart_resumes_what_was_due_under_the_same_id() {
    let stage = Stage::set(vec![row(1, 7, 3)]).with("shop1.example", Manners::in_turn(&[503, 200]));
    stage.start();
    stage.pass(1_000).await;
    stage.ask_to_stop();
    stage.pass(0).await;
    assert!(stage.has_ended.load(Ordering::SeqCst));
    stage.pass(60_000).await;
    assert_eq!(stage.seen().len(), 1, "nobody works after the stop");
    stage.start();
    stage.pass(1_000).await;
    assert_eq!(stage.ids(), ["evt_7_3", "evt_7_3"]);
    assert_eq!(stage.states(), [CallbackState::Delivered]);
    assert_eq!(stage.store.rows()[0].tries, 2);
}

#[tokio::test]
async fn a_stop_waits_for_the_try_in_flight_and_writes_its_result_down() {
    let slow = Manners {
        after_ms: 4_000,
        ..Manners::always(200)
    };
    let stage = Stage::set(vec![row(1, 7, 3)]).with("shop1.example", slow);
    stage.start();
    stage.pass(100).await;
    stage.ask_to_stop();
    stage.pass(3_000).await;
    assert!(!stage.has_ended.load(Ordering::SeqCst));
    stage.pass(1_000).await;
    assert!(stage.has_ended.load(Ordering::SeqCst));
    assert_eq!(stage.states(), [CallbackState::Delivered]);
}

#[tokio::test]
async fn a_stop_is_bounded_even_if_a_shop_never_lets_go() {
    let endless = Manners {
        after_ms: 10_000_000,
        ..Manners::always(200)
    };
    let stage = Stage::set(vec![row(1, 7, 3)]).with("shop1.example", endless);
    stage.start();
    stage.pass(100).await;
    stage.ask_to_stop();
    stage.pass(12_500).await;
    assert!(stage.has_ended.load(Ordering::SeqCst));
    assert_eq!(stage.states(), [CallbackState::Due(NOW_MS)]);
}

#[tokio::test]
async fn results_that_wait_together_are_written_together() {
    let stage = Stage::set((0..100).map(|order| row(1 + order % 10, order, 1)).collect());
    stage.start();
    stage.pass(1_000).await;
    assert_eq!(stage.states(), [CallbackState::Delivered; 100]);
    assert!(stage.store.commits() <= 3, "{} commits", stage.store.commits());
}

#[tokio::test]
async fn only_a_result_of_unknown_end_is_written_again() {
    let stage = Stage::set((0..3).map(|order| row(1, order, 1)).collect());
    *lock(&stage.store.doubtful) = vec!["evt_1_1".to_owned()];
    stage.start();
    stage.pass(900).await;
    let (delivered, due) = (CallbackState::Delivered, CallbackState::Due(NOW_MS));
    assert_eq!(stage.states(), [delivered, due, delivered]);
    // The store takes no result of a callback that has ended.
    stage.pass(2_000).await;
    assert_eq!(stage.states(), [delivered; 3]);
    assert_eq!(stage.seen().len(), 3, "and the shop is told once");
}

#[tokio::test]
async fn a_result_that_cannot_be_written_holds_up_no_other() {
    let stage = Stage::set(vec![row(1, 1, 1)]);
    *lock(&stage.store.doubtful) = vec!["evt_1_1".to_owned(); 100];
    stage.start();
    stage.pass(100).await;
    stage.store.queue(row(2, 2, 1));
    stage.pass(100).await;
    assert_eq!(stage.states(), [CallbackState::Due(NOW_MS), CallbackState::Delivered]);
    stage.pass(60_000).await;
    assert_eq!(stage.states(), [CallbackState::Due(NOW_MS), CallbackState::Delivered]);
    assert_eq!(stage.seen().len(), 2, "nothing is repeated meanwhile");
}

#[tokio::test]
async fn a_database_that_is_away_loses_no_result_and_repeats_no_callback() {
    let stage = Stage::set(vec![row(1, 7, 3)]);
    stage.start();
    stage.store.is_away.store(true, Ordering::SeqCst);
    stage.pass(60_000).await;
    assert_eq!(stage.seen().len(), 0, "what cannot be read is not sent");
    stage.store.is_away.store(false, Ordering::SeqCst);
    stage.store.takes_no_results.store(true, Ordering::SeqCst);
    stage.pass(60_000).await;
    assert_eq!(stage.seen().len(), 1, "the result is held until it can be written");
    stage.store.takes_no_results.store(false, Ordering::SeqCst);
    stage.pass(6_000).await;
    assert_eq!(stage.states(), [CallbackState::Delivered]);
    assert_eq!(stage.seen().len(), 1);
}
