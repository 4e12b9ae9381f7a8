//! The same laws within larger bounds. These take minutes, so `cargo xtask model --full` starts this
//! program and `cargo xtask test` does not.

use model::explore::explored;

#[test]
fn two_deduplicating_suppliers_a_deadline_and_resubmits_together_charge_once() {
    println!("{}", explored("deduplicating, large"));
}

#[test]
fn a_deduplicating_and_a_plain_supplier_up_to_the_deadline_charge_once() {
    println!("{}", explored("mixed, large"));
}

#[test]
fn three_attempts_at_suppliers_that_take_every_request_as_new_charge_once() {
    println!("{}", explored("plain, large"));
}

#[test]
fn three_attempts_at_a_supplier_that_turns_failed_into_success_charge_once() {
    println!("{}", explored("wavering, large"));
}

#[test]
fn three_attempts_at_a_supplier_without_a_query_charge_once() {
    println!("{}", explored("mute, large"));
}

#[test]
fn unsigned_hints_do_not_make_a_number_leave_that_may_be_forgotten() {
    println!("{}", explored("horizon, large"));
}

#[test]
fn two_nodes_are_stopped_by_the_version_while_time_passes() {
    println!("{}", explored("stale, large"));
}

#[test]
fn broken_promises_and_resubmits_together_are_one_case_and_one_loss_each() {
    println!("{}", explored("breaking, large"));
}
