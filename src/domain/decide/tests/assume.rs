//! Stories about quiet windows (R8): what must be quiet, for how long, and what it may cost.

use super::bench::*;
use crate::domain::attempt::{AttemptState, Proof};
use crate::domain::case::CaseKind;
use crate::domain::decide::{Input, Refusal};
use crate::domain::event::Event;
use crate::domain::money::{Currency, Money};
use crate::domain::order::{Step, Verdict};
use crate::domain::outcome::{Outcome, RefusalKind, Via};
use crate::domain::policy::QuietWindow;

const HOUR_MS: i64 = 3_600_000;

impl Bench {
    fn assume(&mut self, max_cost: Money, witnessed_since_ms: i64) -> Result<Vec<Event>, Refusal> {
        self.feed(Input::Assume {
            seq: self.last().seq,
            window: QuietWindow {
                after_ms: HOUR_MS,
                max_cost,
            },
            witnessed_since_ms,
        })
    }

    fn lost_at(supplier: &str) -> Self {
        let mut bench = Self::sent_to(supplier);
        bench.promises_consistency(supplier);
        bench.tell(1, Via::Submit, timeout()).unwrap();
        bench
    }
}

#[test]
fn r8_a_window_rests_on_the_promise_that_queries_are_up_to_date() {
    let mut bench = Bench::sent_to(FORGETS);
    bench.tell(1, Via::Submit, timeout()).unwrap();
    bench.pass(HOUR_MS);
    bench.miss(1);
    assert_eq!(bench.assume(enough(), START_MS), Err(Refusal::MayNotAssume));
    bench.promises_consistency(FORGETS);
    bench.assume(enough(), START_MS).unwrap();
}

fn enough() -> Money {
    Money::new(1_900, Currency::Cny)
}

#[test]
fn r8_a_window_ends_a_quiet_attempt_and_the_money_at_risk_is_recorded() {
    let mut bench = Bench::lost_at(FORGETS);
    bench.pass(HOUR_MS);
    bench.tell(1, Via::Query, Outcome::NotFound).unwrap();
    assert_eq!(
        bench.assume(enough(), START_MS),
        Err(Refusal::MayNotAssume),
        "one \"not found\" is not enough"
    );
    bench.miss(1);
    bench.assume(enough(), START_MS).unwrap();
    let AttemptState::Dead {
        proof: Proof::Assumed { at_risk, waited_ms },
        ..
    } = bench.state(1)
    else {
        panic!("{:?}", bench.state(1));
    };
    assert_eq!((*at_risk, *waited_ms >= HOUR_MS), (enough(), true));
    assert_eq!(bench.next().1, Step::Try, "R9: now another supplier may be tried");
}

#[test]
fn r8_only_witnessed_time_counts_and_a_start_or_a_jump_begins_anew() {
    let mut bench = Bench::lost_at(FORGETS);
    bench.miss(1);
    bench.pass(10 * HOUR_MS);
    bench.miss(1);
    let just_begun = bench.now_ms - HOUR_MS + 1;
    assert_eq!(bench.assume(enough(), just_begun), Err(Refusal::MayNotAssume));
    assert_eq!(
        bench.assume(enough(), bench.now_ms + HOUR_MS),
        Err(Refusal::MayNotAssume),
        "a clock put back"
    );
    bench.assume(enough(), bench.now_ms - HOUR_MS).unwrap();
}

#[test]
fn r8_what_is_dearer_than_the_cap_or_in_another_currency_waits_for_a_person() {
    for too_little in [Money::new(1_899, Currency::Cny), Money::new(9_999, Currency::Usd)] {
        let mut bench = Bench::lost_at(FORGETS);
        bench.miss(1);
        bench.pass(HOUR_MS);
        bench.miss(1);
        assert_eq!(bench.assume(too_little, START_MS), Err(Refusal::MayNotAssume), "{too_little}");
        assert_eq!(bench.cases(CaseKind::OverdueDoubt), 1, "and one has been called");
    }
}

#[test]
fn r8_a_supplier_that_ever_showed_the_number_is_never_thought_not_to_have_it() {
    for shown in [Outcome::Accepted, refused(RefusalKind::Failed)] {
        let mut bench = Bench::lost_at(FORGETS);
        bench.tell(1, Via::Query, shown.clone()).unwrap();
        bench.miss(1);
        bench.pass(10 * HOUR_MS);
        bench.miss(1);
        bench.miss(1);
        assert_eq!(bench.assume(enough(), START_MS), Err(Refusal::MayNotAssume), "{shown:?}");
    }
}

#[test]
fn r8_no_window_is_over_while_another_word_is_the_latest_or_a_reply_is_awaited() {
    let mut bench = Bench::lost_at(FORGETS);
    bench.miss(1);
    bench.miss(1);
    bench.pass(HOUR_MS);
    bench.tell(1, Via::Query, timeout()).unwrap();
    assert_eq!(
        bench.assume(enough(), START_MS),
        Err(Refusal::MayNotAssume),
        "the supplier is silent, not quiet"
    );

    let mut accepted = Bench::sent_to(FORGETS);
    accepted.tell(1, Via::Submit, Outcome::Accepted).unwrap();
    accepted.pass(HOUR_MS);
    assert_eq!(accepted.assume(enough(), START_MS), Err(Refusal::MayNotAssume));
}

#[test]
fn r8_the_same_number_goes_again_before_anything_is_assumed() {
    let mut bench = Bench::lost_at(KEEPS);
    bench.miss(1);
    bench.miss(1);
    assert_eq!(bench.assume(enough(), START_MS - 2 * HOUR_MS), Err(Refusal::MayNotAssume));
    bench.feed(Input::Resubmit { seq: 1 }).unwrap();
    bench.tell(1, Via::Submit, timeout()).unwrap();
    bench.pass(HOUR_MS - 1);
    bench.miss(1);
    bench.miss(1);
    assert_eq!(
        bench.assume(enough(), START_MS),
        Err(Refusal::MayNotAssume),
        "counted from the latest transmission"
    );
    bench.pass(1);
    bench.assume(enough(), START_MS).unwrap();
}

#[test]
fn r12_an_assumption_that_was_wrong_is_one_loss_and_one_case() {
    let mut bench = Bench::lost_at(FORGETS);
    bench.miss(1);
    bench.pass(HOUR_MS);
    bench.miss(1);
    bench.assume(enough(), START_MS).unwrap();
    bench.route(plan(&[])).unwrap();
    assert!(matches!(bench.order.verdict, Some(Verdict::Failed { .. })));
    bench.tell(1, Via::Notification, succeeded()).unwrap();
    assert!(matches!(bench.state(1), AttemptState::Late { .. }));
    assert_eq!((bench.cases(CaseKind::LateSuccess), bench.cases(CaseKind::PromiseBroken)), (1, 0));
}
