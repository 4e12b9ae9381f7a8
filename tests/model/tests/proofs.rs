//! The scenes of every day, explored to their last state: no law is broken, and every order can still
//! be settled. Each is a test of its own, so that two are explored side by side; the larger ones are
//! in `large.rs`.

use model::cast::{Kind, SCENES};
use model::explore::explored;

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
fn a_quiet_window_charges_once_where_nothing_arrives_after_it() {
    println!("{}", explored("quiet"));
}

#[test]
fn a_number_that_is_withdrawn_charges_nobody_and_the_next_supplier_once() {
    println!("{}", explored("recall"));
}

#[test]
fn an_order_whose_shop_has_its_money_back_is_left_alone_and_settled_in_full() {
    println!("{}", explored("advance"));
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
fn every_kind_of_supplier_has_a_scene() {
    let has = |kind| SCENES.iter().any(|scene| scene.suppliers.contains(&kind));
    let kinds = [
        Kind::Keeps,
        Kind::Plain,
        Kind::Wavers,
        Kind::Breaks,
        Kind::Mute,
        Kind::Quiet,
        Kind::Recalls,
    ];
    assert!(kinds.into_iter().all(has));
}
