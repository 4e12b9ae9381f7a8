//! Stories about who carries the doubt: the risk account stands in, and the truth settles it.

use std::sync::Arc;

use super::bench::*;
use crate::domain::decide::{Input, Refusal};
use crate::domain::event::Event;
use crate::domain::ledger::Account;
use crate::domain::order::{Step, Terms, Verdict};
use crate::domain::outcome::{Outcome, RefusalKind, Via};
use crate::domain::policy::Policy;
use crate::domain::product::ProductKind;

const AFTER_MS: i64 = 120_000;
const PRICE: i64 = 1_999;

/// An order of which its supplier says nothing, where the risk account stands in after two minutes.
fn doubted(supplier: &str) -> Bench {
    let terms = Terms {
        advance_after_ms: Some(AFTER_MS),
        ..terms(ProductKind::TopUp)
    };
    let policy = Policy {
        advance_total_minor: PRICE,
        ..Policy::default()
    };
    let mut bench = Bench::on(terms, policy);
    bench.open(supplier);
    bench.tell(1, Via::Submit, timeout()).unwrap();
    bench
}

fn advanced(supplier: &str) -> Bench {
    let mut bench = doubted(supplier);
    bench.pass(AFTER_MS);
    bench.feed(Input::Advance).unwrap();
    bench
}

impl Bench {
    fn moved(&self, account: &Account) -> i64 {
        let entries = self.postings("").into_iter().flat_map(|posting| &posting.entries);
        entries.filter(|entry| entry.account == *account).map(|entry| entry.minor).sum()
    }

    /// What the shop has left of nothing, and what is out from the risk account.
    fn purse(&self) -> (i64, i64) {
        let shop = self.order.terms.shop;
        (self.moved(&Account::ShopAvailable(shop)), -self.moved(&Account::Risk))
    }

    /// The schedule comes to the advance before anything else happens.
    fn until_advance(&mut self) {
        for _ in 0..40 {
            let (wait_ms, step) = self.next();
            self.pass(wait_ms.max(0));
            match step {
                Step::Advance => return,
                Step::Query { seq } => drop(self.tell(seq, Via::Query, timeout()).unwrap()),
                Step::Try | Step::Resubmit { .. } | Step::Recall { .. } | Step::Review => drop(self.feed(Input::Review).unwrap()),
            }
        }
        panic!("the schedule never comes to the advance");
    }
}

#[test]
fn an_order_in_doubt_for_long_is_advanced_when_it_is_due_and_once() {
    let mut bench = doubted(MUTE);
    bench.pass(AFTER_MS - 1);
    assert_eq!(bench.feed(Input::Advance), Err(Refusal::MayNotAdvance));
    bench.pass(1);
    let told = bench.callbacks();
    assert_eq!(bench.purse(), (-PRICE, 0));
    assert!(matches!(bench.feed(Input::Advance).unwrap()[..], [Event::OrderAdvanced { .. }]));
    assert_eq!((bench.purse(), bench.callbacks()), ((0, PRICE), told + 1));
    assert_eq!(bench.postings("advance:")[0].guard.as_ref().unwrap().floor_minor, -PRICE);
    assert!(bench.order.is_in_doubt() && bench.order.verdict.is_none(), "the doubt stays");
    assert_eq!(bench.feed(Input::Advance), Err(Refusal::MayNotAdvance));
    bench.pass(86_400_000);
    assert_eq!(bench.feed(Input::Advance), Err(Refusal::MayNotAdvance));
}

#[test]
fn the_schedule_comes_to_it_by_itself() {
    for supplier in ALL {
        let mut bench = doubted(supplier);
        let since_ms = bench.now_ms;
        bench.until_advance();
        assert_eq!(bench.now_ms - since_ms, AFTER_MS, "{supplier}");
    }
}

#[test]
fn a_success_captures_the_hold_and_the_shop_repays() {
    for via in [Via::Query, Via::Notification, Via::Statement] {
        let mut bench = advanced(FORGETS);
        bench.tell(1, via, succeeded()).unwrap();
        assert!(matches!(bench.order.verdict, Some(Verdict::Succeeded { .. })));
        assert_eq!((bench.captured(), bench.purse()), (PRICE, (-PRICE, 0)), "{via:?}");
        assert_eq!(bench.postings("repay:").len(), 1);
    }
}

#[test]
fn a_part_is_repaid_and_the_rest_is_released_to_the_risk_account() {
    let mut bench = advanced(FORGETS);
    bench.tell(1, Via::Query, partial(500)).unwrap();
    let captured = bench.captured();
    assert!(0 < captured && captured < PRICE);
    assert_eq!(bench.purse(), (-captured, 0));
}

#[test]
fn a_failure_releases_the_hold_to_the_risk_account_and_nobody_else_is_tried() {
    let mut bench = advanced(KEEPS);
    bench.tell(1, Via::Query, refused(RefusalKind::Failed)).unwrap();
    assert!(bench.order.verdict.is_none() && bench.is_dead(1));
    assert_eq!(bench.next().1, Step::Try);
    let input = Input::Route {
        plan: plan(&[KEEPS_TOO, FORGETS]),
        permitted: Some(KEEPS_TOO.into()),
    };
    bench.feed(input).unwrap();
    assert!(matches!(bench.order.verdict, Some(Verdict::Failed { .. })));
    assert_eq!((bench.order.attempts.len(), bench.purse()), (1, (0, 0)));
    let release = bench.postings("settle:")[0];
    assert!(
        release
            .entries
            .iter()
            .any(|entry| entry.account == Account::Risk && entry.minor == PRICE)
    );
    assert!(bench.postings("repay:").is_empty());
}

#[test]
fn the_same_number_is_not_sent_again_once_the_shop_has_its_money() {
    let mut bench = doubted(KEEPS);
    bench.miss(1);
    let change = bench.decide(Input::Resubmit { seq: 1 });
    assert!(change.is_ok(), "without an advance it may be");
    bench.pass(AFTER_MS);
    bench.feed(Input::Advance).unwrap();
    assert_eq!(bench.feed(Input::Resubmit { seq: 1 }), Err(Refusal::MayNotResubmit));
    assert!(matches!(bench.next().1, Step::Query { seq: 1 }), "it is asked as before");
}

#[test]
fn an_order_that_the_cap_has_kept_from_it_is_looked_at_an_hour_later() {
    let mut bench = doubted(MUTE);
    bench.until_advance();
    bench.feed(Input::DeclineAdvance).unwrap();
    assert_eq!(bench.feed(Input::Advance), Err(Refusal::MayNotAdvance));
    bench.pass(3_599_999);
    assert_eq!(bench.feed(Input::Advance), Err(Refusal::MayNotAdvance));
    bench.pass(1);
    bench.feed(Input::Advance).unwrap();
}

#[test]
fn nothing_is_advanced_where_it_is_off_or_the_price_is_above_the_cap() {
    let mut off = doubted(MUTE);
    Arc::make_mut(&mut off.order.terms).advance_after_ms = None;
    let mut small = doubted(MUTE);
    small.policy = Arc::new(Policy {
        advance_total_minor: PRICE - 1,
        ..Policy::default()
    });
    for bench in [&mut off, &mut small] {
        bench.keeps_history = false;
        bench.pass(AFTER_MS * 10);
        assert_eq!(bench.feed(Input::Advance), Err(Refusal::MayNotAdvance));
    }
    let mut certain = doubted(FORGETS);
    certain.tell(1, Via::Query, Outcome::Accepted).unwrap();
    certain.pass(AFTER_MS);
    assert_eq!(certain.feed(Input::Advance), Err(Refusal::MayNotAdvance), "it is being worked on");
}
