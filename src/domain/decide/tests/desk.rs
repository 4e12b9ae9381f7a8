//! Stories about what persons say: attestation, recovery, refund (R8, R9, R11, R12, R14), and about
//! promises that suppliers break (R21).

use super::bench::*;
use crate::domain::attempt::{AttemptState, Proof};
use crate::domain::case::CaseKind;
use crate::domain::decide::{Attested, Input, Refusal};
use crate::domain::desk::{Deed, DeedKind, Finding, Promise, Signature};
use crate::domain::effect::Effect;
use crate::domain::event::Event;
use crate::domain::failure::Failure;
use crate::domain::ids::{EvidenceId, Seq};
use crate::domain::ledger::Account;
use crate::domain::money::{Currency, Money};
use crate::domain::order::{Step, Verdict};
use crate::domain::outcome::{Outcome, RefusalKind, Via};
use crate::domain::product::ProductKind;

fn signed() -> Signature {
    Signature {
        confirmed_by: Some("wang".to_owned()),
        confirmed_because: Some("so do I".to_owned()),
        ..Signature::of("li", "the supplier's ledger says so")
    }
}

fn cny(minor: i64) -> Money {
    Money::new(minor, Currency::Cny)
}

impl Bench {
    fn attest(&mut self, seq: Seq, found: Finding) -> Result<Vec<Event>, Refusal> {
        self.feed(Input::Attest(Box::new(Attested {
            case: format!("overdue_doubt:{}:{seq}", self.order.id),
            seq,
            found,
            signed: signed(),
            evidence: EvidenceId("ev_1".into()),
        })))
    }

    fn refund(&mut self, key: &str, amount: Money) -> Result<Vec<Event>, Refusal> {
        self.feed(Input::Refund {
            key: key.to_owned(),
            amount,
            signed: signed(),
        })
    }

    fn charge(&mut self, key: &str, amount: Money) -> Result<Vec<Event>, Refusal> {
        self.feed(Input::Charge {
            key: key.to_owned(),
            amount,
            consent: "Mr Chen, ticket 91".to_owned(),
            signed: signed(),
        })
    }

    fn deeds(&self) -> Vec<&Deed> {
        let mut found = Vec::new();
        for effect in &self.effects {
            if let Effect::Record(deed) = effect {
                found.push(deed);
            }
        }
        found
    }

    fn is_case_closed(&self) -> bool {
        self.deeds().iter().any(|deed| matches!(deed.kind, DeedKind::CaseClosed { .. }))
    }

    /// In doubt, and old enough for a person.
    fn in_old_doubt(supplier: &str) -> Self {
        let mut bench = Self::sent_to(supplier);
        bench.tell(1, Via::Submit, timeout()).unwrap();
        bench.pass(bench.policy.doubt_case_after_ms);
        bench.feed(Input::Review).unwrap();
        assert_eq!(bench.cases(CaseKind::OverdueDoubt), 1);
        bench
    }
}

#[test]
fn r8_a_person_ends_a_doubt_as_dead_and_the_money_at_risk_is_recorded() {
    let mut bench = Bench::sent_to(FORGETS);
    bench.tell(1, Via::Submit, timeout()).unwrap();
    let cost = bench.last().cost;
    bench.attest(1, Finding::NotDelivered).unwrap();
    let AttemptState::Dead {
        proof: Proof::Attested { signed: by, at_risk, .. },
        ..
    } = bench.state(1)
    else {
        panic!("{:?}", bench.state(1));
    };
    assert_eq!((by, *at_risk), (&signed(), cost));
    assert!(bench.is_case_closed());
    assert_eq!(bench.next().1, Step::Try, "R9: now another supplier may be tried");
    bench.open(KEEPS);
    bench.tell(2, Via::Submit, succeeded()).unwrap();
    assert_eq!(bench.captured(), 1_999);
}

#[test]
fn r10_an_overdue_order_fails_once_its_last_doubt_was_attested_dead() {
    let mut bench = Bench::in_old_doubt(FORGETS);
    assert!(bench.order.verdict.is_none());
    bench.attest(1, Finding::NotDelivered).unwrap();
    bench.route(plan(&[KEEPS])).unwrap();
    let failed = Failure::DeadlinePassed;
    assert!(matches!(&bench.order.verdict, Some(Verdict::Failed { failure, .. }) if *failure == failed));
}

#[test]
fn r12_an_attestation_that_was_wrong_is_one_loss_and_one_case() {
    let mut bench = Bench::in_old_doubt(FORGETS);
    bench.attest(1, Finding::NotDelivered).unwrap();
    bench.route(plan(&[])).unwrap();
    bench.tell(1, Via::Notification, succeeded()).unwrap();
    assert!(matches!(bench.state(1), AttemptState::Late { .. }));
    assert_eq!(bench.cases(CaseKind::LateSuccess), 1);
    assert_eq!(bench.cases(CaseKind::PromiseBroken), 0, "no supplier promised anything");
}

#[test]
fn r11_a_wrong_attestation_that_is_found_out_in_time_wins_after_all() {
    let mut bench = Bench::in_old_doubt(FORGETS);
    bench.attest(1, Finding::NotDelivered).unwrap();
    bench.tell(1, Via::Notification, succeeded()).unwrap();
    assert!(bench.state(1) != &AttemptState::Accepted && bench.captured() == 1_999);
}

#[test]
fn r11_a_person_attests_a_delivery_and_the_shop_pays_for_what_arrived() {
    let mut bench = Bench::in_old_doubt(FORGETS);
    bench.attest(1, Finding::Delivered { face: None }).unwrap();
    assert_eq!((bench.captured(), bench.callbacks()), (1_999, 1));
    assert!(bench.is_case_closed());

    let mut part = Bench::in_old_doubt(FORGETS);
    let half = Finding::Delivered { face: Some(cny(1_000)) };
    part.attest(1, half).unwrap();
    assert_eq!(part.captured(), 999, "half of 1999, in the shop's favour");

    for nonsense in [cny(0), cny(2_001), Money::new(10, Currency::Usd)] {
        let mut bench = Bench::in_old_doubt(FORGETS);
        let finding = Finding::Delivered { face: Some(nonsense) };
        assert_eq!(bench.attest(1, finding), Err(Refusal::MayNotAttest), "{nonsense}");
        assert!(!bench.is_case_closed());
    }
}

#[test]
fn a_person_cannot_say_what_is_proven_or_still_awaited_or_without_the_cards() {
    let mut awaited = Bench::sent_to(FORGETS);
    for found in [Finding::NotDelivered, Finding::Delivered { face: None }] {
        assert_eq!(awaited.attest(1, found), Err(Refusal::MayNotAttest), "its reply may still come");
    }
    let mut won = Bench::sent_to(FORGETS);
    won.tell(1, Via::Submit, succeeded()).unwrap();
    assert_eq!(won.attest(1, Finding::NotDelivered), Err(Refusal::MayNotAttest));
    let mut dead = Bench::sent_to(FORGETS);
    dead.tell(1, Via::Submit, refused(RefusalKind::Stock)).unwrap();
    assert_eq!(dead.attest(1, Finding::NotDelivered), Err(Refusal::MayNotAttest));
    assert_eq!(dead.attest(2, Finding::NotDelivered), Err(Refusal::NoSuchAttempt));

    let mut card = Bench::of(ProductKind::Card);
    card.open(FORGETS);
    card.tell(1, Via::Submit, timeout()).unwrap();
    let found = Finding::Delivered { face: None };
    assert_eq!(card.attest(1, found), Err(Refusal::MayNotAttest), "a word brings no cards");
    card.attest(1, Finding::NotDelivered).unwrap();
}

#[test]
fn r12_a_loss_is_recovered_once_and_never_above_what_it_cost() {
    let mut bench = Bench::sent_to(FORGETS);
    bench.tell(1, Via::Submit, refused(RefusalKind::Stock)).unwrap();
    bench.route(plan(&[])).unwrap();
    bench.tell(1, Via::Notification, succeeded()).unwrap();
    let cost = bench.last().cost;
    let above = Finding::Recovered {
        amount: cny(cost.minor + 1),
    };
    assert_eq!(bench.attest(1, above), Err(Refusal::MayNotAttest));
    bench.attest(1, Finding::Recovered { amount: cost }).unwrap();
    let moved = |account: &Account| -> i64 {
        let all = bench.postings("");
        let entries = all.iter().flat_map(|posting| &posting.entries);
        entries.filter(|entry| entry.account == *account).map(|entry| entry.minor).sum()
    };
    assert_eq!(moved(&Account::LossInDispute), 0, "the loss is made good");
    let verdict = bench.order.verdict.clone();
    assert_eq!(bench.attest(1, Finding::Recovered { amount: cny(1) }), Err(Refusal::MayNotAttest));
    assert_eq!(bench.order.verdict, verdict, "the shop's side does not change");
}

#[test]
fn r14_refunds_have_keys_and_never_exceed_the_capture() {
    let mut bench = Bench::sent_to(KEEPS);
    assert_eq!(bench.refund("r1", cny(1)), Err(Refusal::MoreThanCaptured), "nothing was captured");
    bench.tell(1, Via::Submit, succeeded()).unwrap();
    bench.refund("r1", cny(999)).unwrap();
    assert_eq!(
        bench.refund("r1", cny(999)),
        Err(Refusal::NothingNew),
        "the same key is the same refund"
    );
    assert_eq!(bench.refund("r1", cny(998)), Err(Refusal::KeyUsed));
    for too_much in [cny(1_001), cny(0), cny(-5), Money::new(1, Currency::Usd)] {
        assert_eq!(bench.refund("r2", too_much), Err(Refusal::MoreThanCaptured), "{too_much}");
    }
    bench.refund("r2", cny(1_000)).unwrap();
    assert_eq!(bench.refund("r3", cny(1)), Err(Refusal::MoreThanCaptured));
    assert_eq!(bench.order.refunded_minor(), 1_999);
    assert_eq!(bench.callbacks(), 3, "the verdict and each refund are told");
    let told = bench.effects.iter().rev().find_map(|effect| {
        if let Effect::Tell(callback) = effect {
            Some(callback.payload.clone())
        } else {
            None
        }
    });
    let told: serde_json::Value = serde_json::from_str(&told.unwrap()).unwrap();
    assert_eq!(
        (&told["type"], &told["data"]["refunded"]),
        (&"order.refunded".into(), &"19.99".into())
    );
    assert_eq!(told["data"]["status"], "succeeded", "the verdict never changes");
}

#[test]
fn r14_a_part_delivered_is_refunded_up_to_what_was_paid_for_it() {
    let mut bench = Bench::sent_to(FORGETS);
    bench.tell(1, Via::Query, partial(1_000)).unwrap();
    assert_eq!(bench.refund("r1", cny(1_000)), Err(Refusal::MoreThanCaptured));
    bench.refund("r1", cny(999)).unwrap();
    let mut failed = Bench::sent_to(FORGETS);
    failed.tell(1, Via::Submit, refused(RefusalKind::Stock)).unwrap();
    failed.route(plan(&[])).unwrap();
    assert_eq!(
        failed.refund("r1", cny(1)),
        Err(Refusal::MoreThanCaptured),
        "the hold went back already"
    );
}

/// Failed, released, and then delivered.
fn delivered_late() -> Bench {
    let mut bench = Bench::sent_to(FORGETS);
    bench.tell(1, Via::Submit, refused(RefusalKind::Stock)).unwrap();
    bench.route(plan(&[])).unwrap();
    bench.tell(1, Via::Notification, succeeded()).unwrap();
    bench
}

#[test]
fn r12_a_late_delivery_is_charged_by_consent_under_a_key_and_never_above_the_price() {
    let mut bench = delivered_late();
    let verdict = bench.order.verdict.clone();
    bench.charge("c1", cny(1_000)).unwrap();
    assert_eq!(bench.charge("c1", cny(1_000)), Err(Refusal::NothingNew));
    assert_eq!(bench.charge("c1", cny(999)), Err(Refusal::KeyUsed));
    for wrong in [cny(1_000), cny(0), cny(-5), Money::new(1, Currency::Usd)] {
        assert_eq!(bench.charge("c2", wrong), Err(Refusal::NothingToCharge), "{wrong}");
    }
    bench.charge("c2", cny(999)).unwrap();
    assert_eq!(bench.charge("c3", cny(1)), Err(Refusal::NothingToCharge));
    assert_eq!((bench.order.charged_later_minor(), bench.postings("charge:").len()), (1_999, 2));
    assert_eq!(bench.order.verdict, verdict, "the verdict never changes");
    assert_eq!(bench.callbacks(), 3, "the verdict and each charge are told");
    assert!(bench.deeds().iter().any(|deed| deed.subject.starts_with("charge:")));
}

#[test]
fn r12_nothing_is_charged_where_nothing_came_late_or_its_cost_came_back() {
    let mut won = Bench::sent_to(KEEPS);
    assert_eq!(won.charge("c1", cny(1)), Err(Refusal::NothingToCharge), "nothing has come yet");
    won.tell(1, Via::Submit, succeeded()).unwrap();
    assert_eq!(won.charge("c1", cny(1)), Err(Refusal::NothingToCharge), "it was paid");
    let mut recovered = delivered_late();
    let cost = recovered.last().cost;
    recovered.attest(1, Finding::Recovered { amount: cost }).unwrap();
    assert_eq!(recovered.charge("c1", cny(1)), Err(Refusal::NothingToCharge));
}

fn broken(bench: &Bench) -> Vec<Option<Promise>> {
    let paused = bench.deeds().into_iter().filter_map(|deed| {
        if let DeedKind::SupplierPaused { broken, .. } = &deed.kind {
            Some(*broken)
        } else {
            None
        }
    });
    paused.collect()
}

#[test]
fn r21_a_success_after_a_definite_failure_pauses_the_supplier_once() {
    let mut bench = Bench::sent_to(KEEPS);
    bench.tell(1, Via::Query, refused(RefusalKind::Failed)).unwrap();
    assert!(broken(&bench).is_empty());
    bench.tell(1, Via::Notification, succeeded()).unwrap();
    assert_eq!(broken(&bench), [Some(Promise::FailedIsFinal)]);
    assert_eq!(bench.cases(CaseKind::PromiseBroken), 1);
    assert_eq!(bench.tell(1, Via::Query, succeeded()), Err(Refusal::NothingNew));
    assert_eq!(broken(&bench).len(), 1);
}

#[test]
fn r21_a_query_that_loses_a_number_it_had_taken_breaks_the_promise_within_the_horizon() {
    for (supplier, promises, age_ms, is_broken) in [
        (KEEPS, true, 0, true),
        (KEEPS, true, 86_400_000, false),
        (KEEPS, false, 0, false),
        (FORGETS, true, 86_400_000, true),
    ] {
        let mut bench = Bench::sent_to(supplier);
        if promises {
            bench.promises_consistency(supplier);
        }
        bench.tell(1, Via::Submit, Outcome::Accepted).unwrap();
        bench.pass(age_ms);
        bench.tell(1, Via::Query, Outcome::NotFound).unwrap();
        let expected: &[Option<Promise>] = if is_broken { &[Some(Promise::QueryConsistent)] } else { &[] };
        assert_eq!(broken(&bench), expected, "{supplier} {promises} {age_ms}");
        bench.tell(1, Via::Query, Outcome::NotFound).unwrap();
        assert_eq!(broken(&bench), expected, "once an attempt");
        assert_eq!(bench.cases(CaseKind::PromiseBroken), expected.len());
    }
    let mut bench = Bench::sent_to(KEEPS);
    bench.promises_consistency(KEEPS);
    bench.tell(1, Via::Submit, timeout()).unwrap();
    bench.tell(1, Via::Query, Outcome::NotFound).unwrap();
    assert!(broken(&bench).is_empty(), "it never said that it took the number");
}

#[test]
fn r21_two_numbers_for_one_attempt_break_the_promise_to_deduplicate() {
    for (supplier, is_broken) in [(KEEPS, true), (FORGETS, false)] {
        let mut bench = Bench::sent_to(supplier);
        let say = |bench: &mut Bench, via: Via, number: &str| {
            let mut said = reading(crate::domain::outcome::Outcome::Accepted);
            said.supplier_ref = Some(number.to_owned());
            bench.feed(Input::Fact {
                seq: 1,
                via,
                reading: said,
                evidence: None,
            })
        };
        say(&mut bench, Via::Submit, "S-1").unwrap();
        say(&mut bench, Via::Query, "S-2").unwrap();
        assert!(broken(&bench).is_empty(), "sent once, renamed by the supplier: odd, and no proof");
        if is_broken {
            bench.miss(1);
            bench.miss(1);
            bench.feed(Input::Resubmit { seq: 1 }).unwrap();
            say(&mut bench, Via::Submit, "S-3").unwrap();
        }
        assert_eq!(broken(&bench) == [Some(Promise::Deduplicates)], is_broken);
    }
}
