//! The scenes, explored to their last state: no law is broken, and every order can still be settled.
//! Each is a test of its own, so that two are explored side by side; the large ones are ignored
//! here and run by `cargo xtask model --full`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

use std::sync::Arc;

use model::cast::{Kind, SCENES, scene_named};
use model::laws::Law;
use model::search::search;
use model::settle::settle;
use model::steps::Play;
use model::story::tell;

/// Explores the scene by both searches; answers what it is like, for the record.
fn explored(name: &str) -> String {
    let play = Arc::new(Play::of(scene_named(name).unwrap()));
    let found = search(&play, None);
    if let Some(way) = found.way {
        let law = play.broken(&way.last().unwrap().0).first().unwrap();
        panic!("{name}: a law is broken\n{}", tell(&play, &way, law));
    }
    let settling = settle(&play);
    if let Some(way) = &settling.stuck {
        panic!("{name}: stuck\n{}", tell(&play, way, Law::CanBeSettled));
    }
    assert_eq!(found.states, settling.states, "two searches disagree about {name}");
    // A person is needed only where a supplier may be left that nobody can ask or send to again.
    assert!(settling.by_words > settling.by_person, "{name}: mostly a person settles");
    let (records, decisions) = play.desk.counts();
    format!(
        "{name}: {} states, {} steps, at most {} deep; {records} records, {decisions} decisions; settled by words from {}, by a person from {}",
        settling.states, settling.steps, found.depth, settling.by_words, settling.by_person
    )
}

#[test]
fn suppliers_that_deduplicate_charge_once_whatever_is_late_lost_or_doubled() {
    println!("{}", explored("deduplicating"));
}

#[test]
fn an_order_between_a_deduplicating_and_a_plain_supplier_is_charged_once() {
    println!("{}", explored("mixed"));
}

#[test]
fn a_deadline_and_a_failover_between_deduplicating_suppliers_charge_once() {
    println!("{}", explored("failover"));
}

#[test]
fn suppliers_that_take_every_request_as_new_charge_once_because_nothing_is_sent_twice() {
    println!("{}", explored("plain"));
}

#[test]
fn a_supplier_that_turns_failed_into_success_is_not_believed_and_charges_once() {
    println!("{}", explored("wavering"));
}

#[test]
fn a_supplier_without_a_query_charges_once_and_rests_on_its_notifications() {
    println!("{}", explored("mute"));
}

#[test]
fn a_number_is_not_sent_again_when_its_supplier_may_have_forgotten_it() {
    println!("{}", explored("horizon"));
}

#[test]
fn two_nodes_that_decide_on_what_they_loaded_before_are_stopped_by_the_version() {
    println!("{}", explored("stale"));
}

#[test]
fn a_supplier_that_breaks_its_promises_costs_exactly_one_case_and_one_loss_each_time() {
    println!("{}", explored("breaking"));
}

#[test]
#[ignore = "minutes: cargo xtask model --full"]
fn two_deduplicating_suppliers_a_deadline_and_resubmits_together_charge_once() {
    println!("{}", explored("deduplicating, large"));
}

#[test]
#[ignore = "minutes: cargo xtask model --full"]
fn a_deduplicating_and_a_plain_supplier_up_to_the_deadline_charge_once() {
    println!("{}", explored("mixed, large"));
}

#[test]
#[ignore = "minutes: cargo xtask model --full"]
fn three_attempts_at_suppliers_that_take_every_request_as_new_charge_once() {
    println!("{}", explored("plain, large"));
}

#[test]
#[ignore = "minutes: cargo xtask model --full"]
fn three_attempts_at_a_supplier_that_turns_failed_into_success_charge_once() {
    println!("{}", explored("wavering, large"));
}

#[test]
#[ignore = "minutes: cargo xtask model --full"]
fn three_attempts_at_a_supplier_without_a_query_charge_once() {
    println!("{}", explored("mute, large"));
}

#[test]
#[ignore = "minutes: cargo xtask model --full"]
fn unsigned_hints_do_not_make_a_number_leave_that_may_be_forgotten() {
    println!("{}", explored("horizon, large"));
}

#[test]
#[ignore = "minutes: cargo xtask model --full"]
fn two_nodes_are_stopped_by_the_version_while_time_passes() {
    println!("{}", explored("stale, large"));
}

#[test]
#[ignore = "minutes: cargo xtask model --full"]
fn broken_promises_and_resubmits_together_are_one_case_and_one_loss_each() {
    println!("{}", explored("breaking, large"));
}

#[test]
fn every_kind_of_supplier_has_a_scene() {
    let has = |kind| SCENES.iter().any(|scene| scene.suppliers.contains(&kind));
    let kinds = [Kind::Keeps, Kind::Plain, Kind::Wavers, Kind::Breaks, Kind::Mute];
    assert!(kinds.into_iter().all(has));
}
