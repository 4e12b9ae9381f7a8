//! Stories about a shop that calls its order off (R14).

use super::bench::*;
use crate::domain::attempt::AttemptState;
use crate::domain::case::CaseKind;
use crate::domain::decide::{Input, Refusal};
use crate::domain::event::Event;
use crate::domain::order::Verdict;
use crate::domain::outcome::{RefusalKind, Via};

#[test]
fn r14_an_order_nobody_may_have_is_called_off_once_and_its_hold_released() {
    let mut bench = Bench::new();
    assert_eq!(bench.feed(Input::Cancel).unwrap(), [Event::OrderCancelled]);
    assert!(matches!(bench.order.verdict, Some(Verdict::Cancelled { .. })));
    assert_eq!((bench.captured(), bench.callbacks(), bench.order.next_action), (0, 1, None));
    assert_eq!(bench.feed(Input::Cancel), Err(Refusal::NothingNew));
    assert_eq!(bench.route(plan(&ALL)), Err(Refusal::Ended));
}

#[test]
fn r14_an_order_that_a_supplier_may_have_is_not_called_off() {
    for outcome in [None, Some(timeout()), Some(crate::domain::outcome::Outcome::Accepted)] {
        let mut bench = Bench::sent_to(FORGETS);
        if let Some(outcome) = outcome {
            bench.tell(1, Via::Submit, outcome).unwrap();
        }
        assert_eq!(bench.feed(Input::Cancel), Err(Refusal::AttemptOpen));
    }
}

#[test]
fn r14_between_two_suppliers_an_order_may_be_called_off() {
    let mut bench = Bench::sent_to(FORGETS);
    bench.tell(1, Via::Submit, refused(RefusalKind::Stock)).unwrap();
    bench.feed(Input::Cancel).unwrap();
    assert_eq!(bench.captured(), 0);
}

#[test]
fn r12_what_is_delivered_after_an_order_was_called_off_is_our_loss_and_a_case() {
    let mut bench = Bench::sent_to(FORGETS);
    bench.tell(1, Via::Submit, refused(RefusalKind::Stock)).unwrap();
    bench.feed(Input::Cancel).unwrap();
    bench.tell(1, Via::Notification, succeeded()).unwrap();
    assert!(matches!(bench.order.verdict, Some(Verdict::Cancelled { .. })));
    assert!(matches!(bench.state(1), AttemptState::Late { .. }));
    assert_eq!((bench.cases(CaseKind::LateSuccess), bench.captured()), (1, 0));
}

#[test]
fn r14_a_verdict_stands_whatever_the_shop_wishes() {
    let mut bench = Bench::sent_to(KEEPS);
    bench.tell(1, Via::Submit, succeeded()).unwrap();
    assert_eq!(bench.feed(Input::Cancel), Err(Refusal::Ended));
}
