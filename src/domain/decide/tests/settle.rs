//! Stories about what may be sent, and what ends an attempt (R5 to R10, I7, I8).

use std::sync::Arc;

use super::bench::*;
use crate::domain::attempt::{AttemptState, Fate, Proof};
use crate::domain::case::CaseKind;
use crate::domain::decide::{Input, Refusal};
use crate::domain::event::Event;
use crate::domain::failure::Failure;
use crate::domain::ids::{ProcessId, SupplierId};
use crate::domain::order::{Step, Verdict};
use crate::domain::outcome::{Doubt, Outcome, RefusalKind, Via};
use crate::domain::plan::SkipReason;

fn try_at(supplier: &str) -> Input {
    Input::Route {
        plan: plan(&[supplier]),
        permitted: Some(SupplierId::from(supplier)),
    }
}

#[test]
fn r5_nothing_is_opened_while_an_attempt_is_open() {
    let mut bench = Bench::sent_to(FORGETS);
    assert_eq!(bench.feed(try_at(KEEPS)), Err(Refusal::AttemptOpen));
    bench.tell(1, Via::Submit, Outcome::Accepted).unwrap();
    assert_eq!(bench.feed(try_at(KEEPS)), Err(Refusal::AttemptOpen));
    bench.tell(1, Via::Query, Outcome::NotFound).unwrap();
    assert_eq!(bench.feed(try_at(KEEPS)), Err(Refusal::AttemptOpen));
}

#[test]
fn r6_not_sent_ends_an_attempt_only_if_nothing_else_was_sent_under_its_number() {
    let mut bench = Bench::sent_to(KEEPS);
    let mut first = bench.clone();
    first.not_sent(1, 1).unwrap();
    assert!(matches!(
        first.state(1),
        AttemptState::Dead {
            proof: Proof::NotSent { .. },
            ..
        }
    ));

    bench.tell(1, Via::Submit, timeout()).unwrap();
    bench.miss(1);
    bench.feed(Input::Resubmit { seq: 1 }).unwrap();
    bench.not_sent(1, 2).unwrap();
    assert!(bench.order.open_attempt().is_some(), "the first transmission may have arrived");
    assert_eq!(bench.last().transmissions[1].fate, Fate::NotSent);
    assert_eq!(
        bench.not_sent(1, 1),
        Err(Refusal::NothingNew),
        "an older transmission's fate is no news"
    );
}

#[test]
fn r6_only_the_process_that_stamped_a_transmission_may_say_that_it_never_left() {
    let mut bench = Bench::sent_to(FORGETS);
    let own = bench.process;
    bench.process = ProcessId(own.0 + 1);
    assert_eq!(bench.not_sent(1, 1), Err(Refusal::NothingNew), "another's stamp may have been sent");
    bench.process = own;
    bench.not_sent(1, 1).unwrap();
    assert!(bench.is_dead(1));
}

#[test]
fn r6_what_the_supplier_has_accepted_was_sent() {
    let mut bench = Bench::sent_to(FORGETS);
    bench.tell(1, Via::Notification, Outcome::Accepted).unwrap();
    assert_eq!(bench.not_sent(1, 1), Err(Refusal::NothingNew));
}

#[test]
fn r7_no_answer_but_a_listed_refusal_ends_an_attempt() {
    let doubts = [
        Doubt::Timeout,
        Doubt::ConnectionBroken,
        Doubt::HttpStatus { status: 502 },
        Doubt::EmptyReply,
        Doubt::OrderExists,
        Doubt::BadSignature,
    ];
    for doubt in doubts {
        for via in [Via::Submit, Via::Query, Via::Notification] {
            let mut bench = Bench::sent_to(KEEPS);
            bench.tell(1, via, Outcome::Unknown(doubt.clone())).unwrap();
            assert!(bench.last().is_in_doubt(), "{doubt:?} by {via:?}");
        }
    }
    for kind in RefusalKind::ALL {
        let mut bench = Bench::sent_to(FORGETS);
        bench.tell(1, Via::Submit, refused(kind)).unwrap();
        assert!(bench.is_dead(1), "{kind:?}");
    }
}

#[test]
fn r7_a_failure_reported_later_ends_an_attempt_only_where_failures_are_final() {
    for via in [Via::Query, Via::Notification] {
        let mut keeps = Bench::sent_to(KEEPS);
        keeps.tell(1, via, refused(RefusalKind::Failed)).unwrap();
        assert!(keeps.is_dead(1));

        let mut forgets = Bench::sent_to(FORGETS);
        forgets.tell(1, via, refused(RefusalKind::Failed)).unwrap();
        assert!(forgets.last().is_in_doubt());
    }
}

#[test]
fn r7_a_repeated_submit_turned_away_at_the_gate_says_nothing_of_the_first_one() {
    let sent_twice = || {
        let mut bench = Bench::sent_to(KEEPS);
        bench.tell(1, Via::Submit, timeout()).unwrap();
        bench.miss(1);
        bench.feed(Input::Resubmit { seq: 1 }).unwrap();
        bench
    };
    for kind in RefusalKind::ALL {
        let mut bench = sent_twice();
        bench.tell(1, Via::Submit, refused(kind)).unwrap();
        assert_eq!(bench.is_dead(1), kind == RefusalKind::Failed, "{kind:?}");
    }
    let mut bench = sent_twice();
    bench.tell(1, Via::Query, refused(RefusalKind::Limit)).unwrap();
    assert!(bench.is_dead(1), "an answer about the number itself counts");

    let mut won = sent_twice();
    won.tell(1, Via::Notification, succeeded()).unwrap();
    let late_reply = won.tell(1, Via::Submit, refused(RefusalKind::SupplierBalance));
    assert_eq!(late_reply, Err(Refusal::NothingNew), "nor does it contradict a success");
}

#[test]
fn r8_not_found_is_never_the_death_of_an_attempt() {
    for supplier in [KEEPS, FORGETS] {
        let mut bench = Bench::sent_to(supplier);
        for _ in 0..50 {
            bench.tell(1, Via::Query, Outcome::NotFound).unwrap();
            bench.pass(3_600_000);
        }
        assert!(bench.last().is_in_doubt());
        assert_eq!(bench.feed(try_at(KEEPS_TOO)), Err(Refusal::AttemptOpen));
    }
}

#[test]
fn r8_the_same_number_is_sent_again_only_where_every_promise_stands() {
    let ready = |supplier: &str| {
        let mut bench = Bench::sent_to(supplier);
        bench.tell(1, Via::Submit, timeout()).unwrap();
        bench.miss(1);
        bench
    };
    let refuses = |bench: &mut Bench| assert_eq!(bench.feed(Input::Resubmit { seq: 1 }), Err(Refusal::MayNotResubmit));
    let mut good = ready(KEEPS);
    assert_eq!(good.next().1, Step::Resubmit { seq: 1 });
    good.clone().feed(Input::Resubmit { seq: 1 }).unwrap();

    refuses(&mut ready(FORGETS));
    refuses(&mut Bench::sent_to(KEEPS));

    let mut too_late = good.clone();
    too_late.pass(too_late.policy.resubmit_within_ms + 1);
    refuses(&mut too_late);

    let mut backwards = good.clone();
    backwards.pass(-3_600_000);
    refuses(&mut backwards);

    let mut short_memory = good.clone();
    let rules = Arc::make_mut(&mut short_memory.rules).0.get_mut(&SupplierId::from(KEEPS)).unwrap();
    rules.promises.horizon_ms = 1_000;
    short_memory.pass(501);
    refuses(&mut short_memory);

    let mut heard_once = Bench::sent_to(KEEPS);
    heard_once.tell(1, Via::Submit, timeout()).unwrap();
    heard_once.tell(1, Via::Query, Outcome::NotFound).unwrap();
    refuses(&mut heard_once);

    let mut in_flight = Bench::sent_to(KEEPS);
    in_flight.miss(1);
    refuses(&mut in_flight);

    good.feed(Input::Resubmit { seq: 1 }).unwrap();
    refuses(&mut good);
}

#[test]
fn r8_an_order_that_has_succeeded_elsewhere_is_not_sent_again() {
    let mut bench = Bench::sent_to(FORGETS);
    bench.tell(1, Via::Submit, refused(RefusalKind::Stock)).unwrap();
    bench.open(KEEPS);
    bench.tell(2, Via::Submit, timeout()).unwrap();
    bench.miss(2);
    assert_eq!(bench.next().1, Step::Resubmit { seq: 2 });
    bench.tell(1, Via::Notification, succeeded()).unwrap();
    assert_eq!(bench.feed(Input::Resubmit { seq: 2 }), Err(Refusal::MayNotResubmit));
    assert_eq!(
        bench.next().1,
        Step::Query { seq: 2 },
        "what may have been sent is still asked about"
    );
}

#[test]
fn r8_a_transmission_that_stays_silent_counts_as_lost_after_its_time_out() {
    let mut bench = Bench::sent_to(KEEPS);
    assert_eq!(bench.next(), (11_000, Step::Query { seq: 1 }));
    bench.pass(11_000);
    bench.tell(1, Via::Query, Outcome::NotFound).unwrap();
    assert_eq!(bench.last().transmissions[0].fate, Fate::Lost);
    assert!(bench.next().0 >= 1_000, "the ladder is climbed, not run up: {:?}", bench.next());
}

#[test]
fn r8_long_doubt_calls_a_person_once() {
    let mut bench = Bench::sent_to(FORGETS);
    bench.tell(1, Via::Submit, timeout()).unwrap();
    bench.pass(bench.policy.doubt_case_after_ms);
    bench.feed(Input::Review).unwrap();
    bench.tell(1, Via::Query, timeout()).unwrap();
    bench.pass(86_400_000);
    bench.tell(1, Via::Query, timeout()).unwrap();
    assert_eq!(bench.cases(CaseKind::OverdueDoubt), 1);
}

#[test]
fn r8_an_accepted_attempt_whose_failure_is_not_final_is_in_doubt_and_calls_a_person() {
    for via in [Via::Query, Via::Notification] {
        let mut bench = Bench::sent_to(FORGETS);
        bench.tell(1, Via::Submit, Outcome::Accepted).unwrap();
        bench.tell(1, via, refused(RefusalKind::Failed)).unwrap();
        assert!(bench.last().is_in_doubt(), "{via:?}");
        bench.pass(1_800_000);
        bench.tell(1, Via::Query, refused(RefusalKind::Failed)).unwrap();
        assert_eq!(bench.cases(CaseKind::OverdueDoubt), 1, "{via:?}");
        assert!(bench.order.verdict.is_none());
    }
}

#[test]
fn r9_the_next_supplier_is_tried_once_the_attempt_before_is_dead() {
    let mut bench = Bench::sent_to(FORGETS);
    bench.tell(1, Via::Submit, refused(RefusalKind::SupplierBalance)).unwrap();
    assert_eq!(bench.next(), (0, Step::Try));
    assert_eq!(bench.open(KEEPS), 2);
}

#[test]
fn r10_a_deadline_fails_an_order_with_nothing_in_flight_and_only_marks_the_other() {
    let mut idle = Bench::new();
    idle.now_ms = DEADLINE_MS;
    idle.route(plan(&[KEEPS])).unwrap();
    assert!(matches!(
        idle.order.verdict,
        Some(Verdict::Failed {
            failure: Failure::DeadlinePassed,
            ..
        })
    ));

    let mut busy = Bench::sent_to(FORGETS);
    busy.now_ms = DEADLINE_MS;
    assert_eq!(busy.feed(try_at(KEEPS)), Err(Refusal::AttemptOpen));
    busy.feed(Input::Review).unwrap();
    assert!(busy.order.is_overdue && busy.order.verdict.is_none());
}

#[test]
fn r10_an_order_whose_suppliers_only_lack_a_permit_waits_and_does_not_fail() {
    let mut bench = Bench::new();
    assert_eq!(bench.route(plan(&[KEEPS])), Err(Refusal::NothingNew));
    assert_eq!(bench.order.verdict, None);
}

#[test]
fn r10_an_order_waits_for_a_pause_to_end_and_says_so_once() {
    let mut bench = Bench::new();
    bench.route(plan_waiting(START_MS + 5_000)).unwrap();
    assert_eq!(bench.next(), (5_000, Step::Try));
    assert_eq!(bench.route(plan_waiting(START_MS + 5_000)), Err(Refusal::NothingNew));
    bench.pass(5_000);
    bench.open(KEEPS);
}

#[test]
fn r10_an_order_fails_at_once_only_where_nobody_can_come_back_before_its_deadline() {
    let tomorrow = SkipReason::DailyOrders { until_ms: DEADLINE_MS };
    let mut in_vain = Bench::new();
    in_vain.route(plan_without(&[SkipReason::ForcedOpen, tomorrow.clone()])).unwrap();
    assert!(matches!(in_vain.order.verdict, Some(Verdict::Failed { .. })));

    let just_in_time = SkipReason::DailyOrders { until_ms: DEADLINE_MS - 1 };
    let may_recover = SkipReason::Unreachable { until_ms: DEADLINE_MS };
    for hope in [just_in_time, may_recover] {
        let mut waits = Bench::new();
        waits.route(plan_without(&[tomorrow.clone(), hope.clone()])).unwrap();
        assert_eq!(waits.order.verdict, None, "{hope:?}");
    }
}

#[test]
fn r10_the_last_refusal_is_what_the_shop_is_told() {
    let mut bench = Bench::sent_to(FORGETS);
    bench.tell(1, Via::Submit, refused(RefusalKind::Recipient)).unwrap();
    bench.open(KEEPS);
    bench.not_sent(2, 1).unwrap();
    bench.route(plan(&[])).unwrap();
    let Some(Verdict::Failed { failure, .. }) = &bench.order.verdict else {
        panic!("not failed")
    };
    assert_eq!(failure.code(), "recipient_refused");
}

#[test]
fn a_restart_turns_an_awaited_reply_into_doubt_and_touches_nothing_else() {
    let mut bench = Bench::sent_to(KEEPS);
    let events = bench.feed(Input::Recover).unwrap();
    assert!(matches!(
        events[..],
        [Event::AttemptDoubted {
            doubt: Doubt::Interrupted,
            ..
        }]
    ));
    assert_eq!(bench.feed(Input::Recover), Err(Refusal::NothingNew));
    assert_eq!(bench.next(), (1_000, Step::Query { seq: 1 }));
}
