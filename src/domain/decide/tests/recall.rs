//! Stories about asking a supplier to withdraw an attempt (R8): when, how often, and what its answer proves.

use std::sync::Arc;

use super::bench::*;
use crate::domain::attempt::{AttemptState, Proof};
use crate::domain::case::CaseKind;
use crate::domain::decide::Refusal;
use crate::domain::desk::{DeedKind, Promise};
use crate::domain::effect::Effect;
use crate::domain::ids::SupplierId;
use crate::domain::order::{Step, Verdict};
use crate::domain::outcome::{Doubt, Outcome, RefusalKind, Via};

const AFTER_MS: i64 = 60_000;

/// In doubt at a supplier that is asked to withdraw after a minute.
fn doubted(supplier: &str) -> Bench {
    let mut bench = Bench::sent_to(supplier);
    let mut rules = rules();
    if let Some(rules) = rules.0.get_mut(&SupplierId::from(supplier)) {
        rules.recall_after_ms = Some(AFTER_MS);
        // What else it promises is the other suppliers' story.
        rules.promises.recall_is_final = supplier == KEEPS || supplier == FORGETS_TOO;
    }
    bench.rules = Arc::new(rules);
    bench.tell(1, Via::Submit, timeout()).unwrap();
    bench
}

fn withdrawn() -> Outcome {
    refused(RefusalKind::Failed)
}

/// The steps that the schedule takes within this time, where nobody ever knows anything.
fn steps(bench: &mut Bench, span_ms: i64) -> Vec<Step> {
    let end_ms = bench.now_ms + span_ms;
    let mut steps = Vec::new();
    while bench.order.next_action.is_some_and(|next| next.at_ms <= end_ms) {
        let (wait_ms, step) = bench.next();
        bench.pass(wait_ms.max(0));
        steps.push(step);
        match step {
            Step::Query { seq } => drop(bench.tell(seq, Via::Query, Outcome::NotFound).unwrap()),
            Step::Recall { seq } => drop(bench.tell(seq, Via::Recall, Outcome::Unknown(Doubt::RecallAsked)).unwrap()),
            Step::Resubmit { .. } => return steps,
            Step::Try | Step::Advance | Step::Review => drop(bench.feed(crate::domain::decide::Input::Review).unwrap()),
        }
    }
    steps
}

#[test]
fn r8_a_supplier_is_asked_to_withdraw_three_times_at_most_and_about_it_in_between() {
    let mut bench = doubted(FORGETS);
    let begun_ms = bench.now_ms;
    let first = steps(&mut bench, AFTER_MS - 1);
    assert!(first.iter().all(|step| matches!(step, Step::Query { .. })), "{first:?}");
    let all = steps(&mut bench, 86_400_000);
    let recalls: Vec<usize> = (0..all.len()).filter(|at| matches!(all[*at], Step::Recall { .. })).collect();
    assert_eq!(recalls.len(), 3, "{all:?}");
    assert!(
        recalls.windows(2).all(|pair| pair[1] - pair[0] >= 3),
        "questions in between: {recalls:?}"
    );
    assert!(bench.now_ms - begun_ms > AFTER_MS && bench.order.is_in_doubt());
    assert_eq!(bench.cases(CaseKind::OverdueDoubt), 1, "a person is called all the same");
}

#[test]
fn r8_the_same_number_goes_again_before_anything_is_withdrawn() {
    let mut bench = doubted(KEEPS);
    let taken = steps(&mut bench, 86_400_000);
    assert!(matches!(taken.last(), Some(Step::Resubmit { .. })), "{taken:?}");
    assert!(!taken.iter().any(|step| matches!(step, Step::Recall { .. })), "{taken:?}");
    let mut late = doubted(KEEPS);
    late.pass(late.policy.resubmit_within_ms + 1);
    let taken = steps(&mut late, 3_600_000);
    assert!(
        taken.iter().any(|step| matches!(step, Step::Recall { .. })),
        "its time is over: {taken:?}"
    );
}

#[test]
fn r8_nobody_is_asked_to_withdraw_where_that_is_not_switched_on_or_the_supplier_works_on_it() {
    let mut off = Bench::sent_to(FORGETS);
    off.tell(1, Via::Submit, timeout()).unwrap();
    let taken = steps(&mut off, 86_400_000);
    assert!(!taken.iter().any(|step| matches!(step, Step::Recall { .. })), "{taken:?}");
    let mut working = doubted(FORGETS);
    working.tell(1, Via::Query, Outcome::Accepted).unwrap();
    working.pass(AFTER_MS * 10);
    assert!(matches!(working.next().1, Step::Query { .. } | Step::Review));
}

#[test]
fn r8_a_withdrawal_is_proof_only_where_the_supplier_promises_that_it_is_final() {
    for (supplier, is_proof) in [(KEEPS, true), (FORGETS_TOO, true), (KEEPS_TOO, false), (FORGETS, false)] {
        let mut bench = doubted(supplier);
        bench.tell(1, Via::Recall, withdrawn()).unwrap();
        assert_eq!(bench.is_dead(1), is_proof, "{supplier}");
        if is_proof {
            bench.open(MUTE);
            continue;
        }
        let is_doubted = matches!(
            bench.state(1),
            AttemptState::Unknown {
                doubt: Doubt::FailureNotFinal,
                ..
            }
        );
        assert!(is_doubted, "{:?}", bench.state(1));
    }
    let mut bench = doubted(KEEPS);
    bench.tell(1, Via::Recall, refused(RefusalKind::Limit)).unwrap();
    assert!(!bench.is_dead(1), "a gate that turns the recall away says nothing of the attempt");
}

#[test]
fn r8_too_late_to_withdraw_is_a_delivery_like_any_other() {
    let mut bench = doubted(FORGETS);
    bench.tell(1, Via::Recall, succeeded()).unwrap();
    assert!(matches!(bench.order.verdict, Some(Verdict::Succeeded { .. })));
    assert_eq!(bench.tell(1, Via::Recall, succeeded()), Err(Refusal::NothingNew));
}

#[test]
fn r21_a_withdrawn_number_that_is_delivered_breaks_the_promise_and_pauses_its_supplier() {
    let mut bench = doubted(FORGETS_TOO);
    bench.tell(1, Via::Recall, withdrawn()).unwrap();
    assert!(matches!(
        bench.state(1),
        AttemptState::Dead {
            proof: Proof::Refused { via: Via::Recall, .. },
            ..
        }
    ));
    bench.open(FORGETS);
    bench.tell(2, Via::Submit, succeeded()).unwrap();
    bench.tell(1, Via::Notification, succeeded()).unwrap();
    assert_eq!(
        (bench.cases(CaseKind::DoubleDelivery), bench.cases(CaseKind::PromiseBroken)),
        (1, 1)
    );
    let broken = bench.effects.iter().any(|effect| {
        matches!(effect, Effect::Record(deed) if matches!(
            &deed.kind,
            DeedKind::SupplierPaused { broken: Some(Promise::RecallIsFinal), .. }
        ))
    });
    assert!(broken);
}
