//! Stories about the schedule: whatever is due and done leaves something later to do, or nothing (I17).

use std::sync::Arc;

use super::bench::*;
use crate::domain::attempt::AttemptState;
use crate::domain::decide::{Input, Refusal};
use crate::domain::ids::SupplierId;
use crate::domain::order::Step;
use crate::domain::outcome::{Outcome, RefusalKind, Via};
use crate::domain::product::ProductKind;

/// Does what is due, as the dispatcher does: a question is answered by `answer`, a step that is
/// refused is followed by a review. Counts the steps within `span_ms`.
fn live(bench: &mut Bench, span_ms: i64, answer: &Outcome) -> usize {
    let end_ms = bench.now_ms + span_ms;
    let mut steps = 0;
    while let Some(next) = bench.order.next_action.filter(|next| next.at_ms <= end_ms) {
        bench.now_ms = bench.now_ms.max(next.at_ms);
        let version = bench.order.version;
        let done = match next.step {
            Step::Try => bench.route(plan(&[])),
            Step::Query { seq } => bench.tell(seq, Via::Query, answer.clone()),
            Step::Resubmit { seq } => bench.feed(Input::Resubmit { seq }),
            Step::Review => bench.feed(Input::Review),
            Step::Advance => bench.feed(Input::Advance),
            Step::Recall { seq } => bench.tell(seq, Via::Recall, answer.clone()),
        };
        if done.is_err() {
            drop(bench.feed(Input::Review));
        }
        assert!(
            bench.order.version > version,
            "{:?} was due, {done:?} came of it: it would be due for ever",
            next.step
        );
        steps += 1;
        assert!(steps < 3_000, "a hot loop at {:?}", next.step);
    }
    steps
}

#[test]
fn whatever_suppliers_answer_an_order_is_looked_at_a_bounded_number_of_times_a_day() {
    let answers = [
        timeout(),
        Outcome::NotFound,
        Outcome::Accepted,
        succeeded(),
        cards(1),
        partial(500),
        partial(-1),
        refused(RefusalKind::Failed),
    ];
    for kind in [ProductKind::TopUp, ProductKind::Card] {
        for supplier in [KEEPS, FORGETS, MUTE] {
            for first in &answers {
                for later in &answers {
                    let mut bench = Bench::of(kind);
                    bench.open(supplier);
                    bench.tell(1, Via::Submit, first.clone()).unwrap();
                    bench.feed(Input::Hint { seq: 1 }).ok();
                    let steps = live(&mut bench, 86_400_000, later);
                    assert!(steps < 120, "{steps} steps at {supplier}: {first:?}, then {later:?}");
                }
            }
        }
    }
}

#[test]
fn silence_leads_to_questions_at_growing_intervals_and_to_a_case() {
    for supplier in [KEEPS, FORGETS, MUTE] {
        let mut bench = Bench::sent_to(supplier);
        live(&mut bench, 86_400_000, &timeout());
        assert!(bench.last().is_in_doubt());
        assert!(bench.order.is_overdue);
        assert_eq!(bench.order.cases.len(), 1);
        assert!(bench.order.next_action.is_some_and(|next| next.at_ms > bench.now_ms));
    }
}

#[test]
fn a_hint_about_a_finished_order_asks_once() {
    let endings = [succeeded(), refused(RefusalKind::Stock)];
    for ending in endings {
        for answer in [ending.clone(), timeout(), Outcome::NotFound, Outcome::Accepted] {
            let mut bench = Bench::sent_to(KEEPS);
            bench.tell(1, Via::Submit, ending.clone()).unwrap();
            if bench.order.verdict.is_none() {
                bench.route(plan(&[])).unwrap();
            }
            bench.feed(Input::Hint { seq: 1 }).unwrap();
            assert_eq!(bench.next().1, Step::Query { seq: 1 });
            assert_eq!(live(&mut bench, 86_400_000, &answer), 1, "{ending:?}, then {answer:?}");
            assert_eq!(bench.order.next_action, None);
        }
    }
}

#[test]
fn a_hint_about_a_supplier_that_cannot_be_asked_is_no_reason_to_do_anything() {
    let mut bench = Bench::sent_to(MUTE);
    assert_eq!(bench.feed(Input::Hint { seq: 1 }), Err(Refusal::NothingNew));
}

#[test]
fn a_hint_about_a_dead_attempt_holds_up_nobody() {
    let mut bench = Bench::sent_to(FORGETS);
    bench.tell(1, Via::Submit, refused(RefusalKind::Stock)).unwrap();
    bench.feed(Input::Hint { seq: 1 }).unwrap();
    assert_eq!(bench.next(), (0, Step::Try));
    bench.open(KEEPS);
    bench.tell(2, Via::Submit, timeout()).unwrap();
    for _ in 0..20 {
        drop(bench.tell(1, Via::Query, timeout()));
        drop(bench.feed(Input::Hint { seq: 1 }));
    }
    assert_eq!(bench.next(), (1_000, Step::Query { seq: 2 }));
}

#[test]
fn a_resubmit_that_came_due_too_late_becomes_a_question() {
    let mut bench = Bench::sent_to(KEEPS);
    bench.tell(1, Via::Submit, timeout()).unwrap();
    bench.miss(1);
    bench.pass(86_400_000);
    assert_eq!(bench.feed(Input::Resubmit { seq: 1 }), Err(Refusal::MayNotResubmit));
    bench.feed(Input::Review).unwrap();
    assert_eq!(bench.next().1, Step::Query { seq: 1 });
}

#[test]
fn a_review_before_its_time_changes_nothing() {
    let mut bench = Bench::sent_to(MUTE);
    let before = bench.order.clone();
    assert_eq!(bench.feed(Input::Review), Err(Refusal::NothingNew));
    assert_eq!(bench.order, before);
}

#[test]
fn a_supplier_that_left_the_configuration_still_has_its_attempts_watched() {
    let mut bench = Bench::sent_to(KEEPS);
    bench.feed(Input::Hint { seq: 1 }).unwrap();
    Arc::make_mut(&mut bench.rules).0.remove(&SupplierId::from(KEEPS));
    let due = bench.next();
    assert_eq!(due, (0, Step::Query { seq: 1 }));
    bench.feed(Input::Review).unwrap();
    let steps = live(&mut bench, 86_400_000, &timeout());
    assert!((5..120).contains(&steps), "{steps}");
    assert!(matches!(bench.state(1), AttemptState::Unknown { .. }));
}

#[test]
fn an_order_that_has_used_every_sequence_fails_instead_of_opening_a_hundredth_attempt() {
    let mut bench = Bench::new();
    for seq in 1..=99 {
        assert_eq!(bench.open(FORGETS), seq);
        bench.not_sent(seq, 1).unwrap();
    }
    let input = Input::Route {
        plan: plan(&[FORGETS]),
        permitted: Some(SupplierId::from(FORGETS)),
    };
    bench.feed(input).unwrap();
    assert!(bench.order.verdict.is_some());
    assert_eq!(bench.order.attempts.len(), 99);
}
