//! Stories about success, loss and contradiction (R11 to R13, I4, I5, I13, I14).

use super::bench::*;
use crate::domain::attempt::AttemptState;
use crate::domain::case::CaseKind;
use crate::domain::decide::{Input, Refusal};
use crate::domain::effect::Effect;
use crate::domain::ids::SupplierId;
use crate::domain::money::{Currency, Money};
use crate::domain::order::{Step, Verdict};
use crate::domain::outcome::{Delivery, Doubt, Outcome, Reading, RefusalKind, Via};
use crate::domain::product::ProductKind;

#[test]
fn r11_success_counts_whoever_says_it_and_once() {
    for via in [Via::Submit, Via::Query, Via::Notification] {
        let mut bench = Bench::sent_to(FORGETS);
        bench.tell(1, via, succeeded()).unwrap();
        assert_eq!(bench.captured(), 1_999);
        for again in [Via::Submit, Via::Query, Via::Notification] {
            assert_eq!(bench.tell(1, again, succeeded()), Err(Refusal::NothingNew));
        }
        assert_eq!(bench.order.next_action, None);
    }
}

#[test]
fn r11_an_attempt_thought_dead_wins_an_order_that_is_still_open() {
    let mut bench = Bench::sent_to(FORGETS);
    bench.tell(1, Via::Submit, refused(RefusalKind::Stock)).unwrap();
    bench.open(KEEPS);
    bench.tell(1, Via::Notification, succeeded()).unwrap();
    assert!(matches!(bench.order.verdict, Some(Verdict::Succeeded { seq: 1, .. })));
    assert!(bench.order.next_action.is_some(), "the second attempt is still open");

    bench.tell(2, Via::Query, succeeded()).unwrap();
    assert!(matches!(bench.state(2), AttemptState::Excess { .. }));
    assert_eq!(bench.cases(CaseKind::DoubleDelivery), 1);
    assert_eq!(bench.tell(2, Via::Notification, succeeded()), Err(Refusal::NothingNew));
}

#[test]
fn r12_a_late_success_changes_no_verdict_and_is_one_loss_and_one_case() {
    let mut bench = Bench::sent_to(FORGETS);
    bench.tell(1, Via::Submit, refused(RefusalKind::Stock)).unwrap();
    bench.route(plan(&[])).unwrap();
    bench.tell(1, Via::Notification, succeeded()).unwrap();
    assert!(matches!(bench.order.verdict, Some(Verdict::Failed { .. })));
    assert_eq!(bench.tell(1, Via::Query, succeeded()), Err(Refusal::NothingNew));
    assert_eq!(bench.captured(), 0);
    assert_eq!(bench.postings("loss:").len(), 1);
}

#[test]
fn r13_a_failure_after_success_moves_nothing_and_is_one_case() {
    let mut bench = Bench::sent_to(KEEPS);
    bench.tell(1, Via::Submit, succeeded()).unwrap();
    let postings = bench.postings("").len();
    bench.tell(1, Via::Notification, refused(RefusalKind::Failed)).unwrap();
    assert_eq!(bench.tell(1, Via::Query, refused(RefusalKind::Failed)), Err(Refusal::NothingNew));
    assert_eq!(bench.tell(1, Via::Query, partial(500)), Err(Refusal::NothingNew));
    assert_eq!(bench.cases(CaseKind::Contradiction), 1);
    assert_eq!(bench.postings("").len(), postings);
}

#[test]
fn r13_a_part_captures_its_share_rounded_in_the_shops_favour() {
    let mut bench = Bench::sent_to(FORGETS);
    bench.tell(1, Via::Query, partial(1_000)).unwrap();
    assert_eq!(bench.captured(), 999, "half of 1999");
    assert!(matches!(bench.order.verdict, Some(Verdict::PartiallySucceeded { .. })));

    let mut all = Bench::sent_to(FORGETS);
    all.tell(1, Via::Query, partial(2_000)).unwrap();
    assert!(matches!(all.order.verdict, Some(Verdict::Succeeded { .. })));

    for nonsense in [0, -1, 2_001] {
        let mut bench = Bench::sent_to(FORGETS);
        bench.tell(1, Via::Query, partial(nonsense)).unwrap();
        assert!(bench.last().is_in_doubt(), "{nonsense}");
    }
}

#[test]
fn a_cost_that_cannot_be_a_bill_is_not_booked() {
    for minor in [0, -500] {
        let mut bench = Bench::sent_to(FORGETS);
        let reading = Reading {
            cost: Some(Money::new(minor, Currency::Cny)),
            ..reading(succeeded())
        };
        let input = Input::Fact {
            seq: 1,
            via: Via::Submit,
            reading,
            evidence: None,
        };
        bench.feed(input).unwrap();
        assert_eq!(bench.last().cost.minor, 1_900, "the expected cost stands");
    }
}

#[test]
fn cards_are_delivered_only_when_every_secret_is_here() {
    let mut bench = Bench::of(ProductKind::Card);
    bench.open(FORGETS);
    bench.tell(1, Via::Notification, cards(1)).unwrap();
    assert_eq!(bench.order.verdict, None);
    assert_eq!(bench.next(), (0, Step::Query { seq: 1 }), "asked for at once");
    bench.tell(1, Via::Query, cards(1)).unwrap();
    assert!(bench.next().0 >= 1_000, "then by the ladder");
    bench.tell(1, Via::Query, cards(2)).unwrap();
    assert_eq!(bench.captured(), 1_999);
}

#[test]
fn cards_bought_at_a_supplier_that_had_refused_are_not_bought_again_elsewhere() {
    let mut bench = Bench::of(ProductKind::Card);
    bench.open(FORGETS);
    bench.tell(1, Via::Submit, refused(RefusalKind::Stock)).unwrap();
    bench.tell(1, Via::Notification, cards(0)).unwrap();
    assert!(bench.last().is_in_doubt(), "it is known to have delivered");
    let elsewhere = Input::Route {
        plan: plan(&[KEEPS]),
        permitted: Some(SupplierId::from(KEEPS)),
    };
    assert_eq!(bench.feed(elsewhere), Err(Refusal::AttemptOpen));
    bench.tell(1, Via::Query, cards(2)).unwrap();
    assert!(matches!(bench.order.verdict, Some(Verdict::Succeeded { seq: 1, .. })));
}

#[test]
fn cards_that_are_missing_while_another_attempt_is_open_are_asked_for_until_they_come() {
    let mut bench = Bench::of(ProductKind::Card);
    bench.open(FORGETS);
    bench.tell(1, Via::Submit, refused(RefusalKind::Stock)).unwrap();
    bench.open(KEEPS);
    bench.tell(2, Via::Submit, Outcome::Accepted).unwrap();
    bench.tell(1, Via::Notification, cards(0)).unwrap();
    let mut last_wait = 0;
    for _ in 0..12 {
        let (wait_ms, step) = bench.next();
        bench.pass(wait_ms);
        match step {
            Step::Query { seq: 1 } => {
                assert!(wait_ms >= 1_000, "at growing intervals, not in a loop");
                last_wait = wait_ms;
                bench.tell(1, Via::Query, cards(0)).unwrap();
            }
            Step::Try | Step::Query { .. } | Step::Resubmit { .. } | Step::Recall { .. } | Step::Review | Step::Advance => {
                drop(bench.tell(2, Via::Query, Outcome::Accepted))
            }
        }
    }
    assert!(last_wait > 1_000);
    bench.tell(2, Via::Query, cards(2)).unwrap();
    bench.tell(1, Via::Query, cards(2)).unwrap();
    assert!(matches!(bench.state(1), AttemptState::Excess { .. }));
}

#[test]
fn a_success_that_brings_a_receipt_is_not_a_card() {
    let mut bench = Bench::of(ProductKind::Card);
    bench.open(FORGETS);
    let receipts = Outcome::Succeeded {
        deliveries: vec![Delivery::Receipt { text: "r".to_owned() }; 2],
    };
    bench.tell(1, Via::Submit, receipts).unwrap();
    assert_eq!(bench.order.verdict, None);
    let AttemptState::Unknown { doubt, .. } = bench.state(1) else {
        panic!("not in doubt")
    };
    assert_eq!(*doubt, Doubt::DeliveriesMissing);
}

#[test]
fn an_absurd_bill_does_not_fill_the_books() {
    let mut bench = Bench::sent_to(KEEPS);
    let expected = bench.last().cost;
    let absurd = Reading {
        cost: Some(Money::new(i64::MAX, expected.currency)),
        ..reading(succeeded())
    };
    let fact = Input::Fact {
        seq: 1,
        via: Via::Query,
        reading: absurd,
        evidence: None,
    };
    bench.feed(fact).unwrap();
    assert!(matches!(bench.order.verdict, Some(Verdict::Succeeded { .. })));
    assert_eq!(bench.last().cost, expected);
}

#[test]
fn r16_a_callback_is_compact_json_in_the_documented_order() {
    let mut bench = Bench::sent_to(KEEPS);
    bench.tell(1, Via::Submit, succeeded()).unwrap();
    let told = |effect: &Effect| match effect {
        Effect::Tell(callback) => Some(callback.payload.clone()),
        Effect::Post(_) | Effect::OpenCase(_) | Effect::Record(_) | Effect::Keep { .. } | Effect::Transmit { .. } => None,
    };
    let payload = bench.effects.iter().find_map(told).unwrap();
    let start = r#"{"type":"order.succeeded","timestamp":"2027-01-15T08:00:00Z","data":{"id":""#;
    assert!(payload.starts_with(start), "{payload}");
    let tree: serde_json::Value = serde_json::from_str(&payload).unwrap();
    assert_eq!(tree.to_string(), payload);
}
