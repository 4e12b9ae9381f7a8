//! Random histories: no promise is kept, no order of events is respected, and still the books balance.

use std::sync::Arc;

use proptest::prelude::*;

use super::bench::*;
use crate::domain::attempt::NotSentReason;
use crate::domain::case::CaseKind;
use crate::domain::decide::{Input, Refusal};
use crate::domain::desk::Signature;
use crate::domain::event::Event;
use crate::domain::ids::{EvidenceId, SupplierId};
use crate::domain::money::{Currency, Money};
use crate::domain::order::{Order, Terms};
use crate::domain::outcome::{Doubt, Outcome, RefusalKind, Via};
use crate::domain::plan::Plan;
use crate::domain::policy::Policy;
use crate::domain::product::ProductKind;

fn any_via() -> impl Strategy<Value = Via> {
    prop_oneof![Just(Via::Submit), Just(Via::Query), Just(Via::Notification)]
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        3 => (0_usize..4).prop_map(cards),
        1 => (-1_i64..2_100).prop_map(partial),
        3 => proptest::sample::select(RefusalKind::ALL.to_vec()).prop_map(refused),
        2 => Just(Outcome::Accepted),
        3 => Just(Outcome::NotFound),
        3 => prop_oneof![Just(Doubt::Timeout), Just(Doubt::OrderExists), Just(Doubt::NotFound)].prop_map(Outcome::Unknown),
    ]
}

fn any_plan() -> impl Strategy<Value = Plan> {
    prop_oneof![
        4 => proptest::sample::subsequence(ALL.to_vec(), 1..=ALL.len()).prop_map(|names| plan(&names)),
        1 => (0_i64..60_000).prop_map(|wait_ms| plan_waiting(START_MS + wait_ms)),
        1 => Just(plan(&[])),
    ]
}

fn any_input() -> impl Strategy<Value = Input> {
    let seq = || 1_u8..5;
    prop_oneof![
        6 => (any_plan(), proptest::option::weighted(0.8, proptest::sample::select(ALL.to_vec())))
            .prop_map(|(plan, name)| Input::Route { plan, permitted: name.map(SupplierId::from) }),
        2 => seq().prop_map(|seq| Input::Resubmit { seq }),
        8 => (seq(), any_via(), any_outcome()).prop_map(|(seq, via, outcome)| Input::Fact {
            seq,
            via,
            reading: reading(outcome),
            evidence: None,
        }),
        1 => (seq(), 1_u8..3).prop_map(|(seq, n)| Input::NotSent { seq, n, why: NotSentReason::Connect }),
        2 => seq().prop_map(|seq| Input::Hint { seq }),
        2 => Just(Input::Review),
        1 => Just(Input::Cancel),
        1 => (any_key(), 0_i64..2_100).prop_map(|(key, minor)| Input::Refund { key, amount: yuan(minor), signed: signed() }),
        1 => (any_key(), 0_i64..2_100).prop_map(|(key, minor)| Input::Charge {
            key,
            amount: yuan(minor),
            consent: "Mr Chen".to_owned(),
            signed: signed(),
        }),
        1 => Just(Input::Recover),
        2 => Just(Input::Advance),
        1 => Just(Input::DeclineAdvance),
    ]
}

fn any_key() -> impl Strategy<Value = String> {
    proptest::sample::select(vec!["k1", "k2", "k3"]).prop_map(str::to_owned)
}

fn yuan(minor: i64) -> Money {
    Money::new(minor, Currency::Cny)
}

fn signed() -> Signature {
    Signature::of("li", "by chance")
}

/// Mostly forwards, sometimes for a day, now and then back.
fn any_jump() -> impl Strategy<Value = i64> {
    prop_oneof![6 => 0_i64..3_000, 2 => 0_i64..120_000, 1 => Just(86_400_000_i64), 1 => -60_000_i64..0]
}

fn any_kind() -> impl Strategy<Value = ProductKind> {
    prop_oneof![Just(ProductKind::TopUp), Just(ProductKind::Card)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// `Bench` checks the invariants after every step.
    #[test]
    fn no_history_however_absurd_breaks_an_invariant(
        kind in any_kind(),
        advance_after_ms in proptest::option::of(Just(2_000_i64)),
        script in proptest::collection::vec((any_input(), any_jump()), 1..60),
    ) {
        let policy = Policy { advance_total_minor: 10_000, ..Policy::default() };
        let mut bench = Bench::on(Terms { advance_after_ms, ..terms(kind) }, policy);
        for (input, jump_ms) in script {
            bench.pass(jump_ms);
            let before = bench.order.clone();
            if bench.feed(input).is_err() {
                prop_assert_eq!(&bench.order, &before);
            }
        }
    }

    #[test]
    fn a_final_fact_told_again_is_refused_and_changes_nothing(
        kind in any_kind(),
        script in proptest::collection::vec((any_input(), any_jump()), 1..40),
    ) {
        let mut bench = Bench::of(kind);
        for (input, jump_ms) in script {
            bench.pass(jump_ms);
            let told = bench.feed(input.clone()).is_ok();
            let Input::Fact { seq, reading, .. } = &input else { continue };
            let is_settled = bench.order.attempt(*seq).is_some_and(|attempt| !attempt.is_open());
            let is_final = matches!(reading.outcome, Outcome::Succeeded { .. } | Outcome::Refused(_) | Outcome::Partial { .. });
            let is_asked = bench.order.attempt(*seq).is_some_and(|attempt| attempt.is_hinted);
            if told && is_settled && is_final && !is_asked {
                prop_assert_eq!(bench.feed(input), Err(Refusal::NothingNew));
            }
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(super::SETS_OF_FACTS))]

    /// I13. `tests/model/tests/facts.rs` is this file again, with a hundred thousand sets.
    #[test]
    fn facts_that_do_not_contradict_each_other_end_in_one_state_whatever_their_order(
        supplier in proptest::sample::select(ALL.to_vec()),
        is_success in any::<bool>(),
        facts in proptest::collection::vec((any_via(), prop_oneof![
            Just(Outcome::Accepted),
            Just(Outcome::NotFound),
            Just(Outcome::Unknown(Doubt::Timeout)),
        ]), 0..6),
        final_via in any_via(),
        place in any::<prop::sample::Index>(),
        order in Just(()).prop_perturb(|(), mut rng| (0..8).map(|_| rng.random_range(0_usize..8)).collect::<Vec<_>>()),
    ) {
        let end = if is_success { succeeded() } else { refused(RefusalKind::Stock) };
        let via = if is_success { final_via } else { Via::Submit };
        let mut straight = facts.clone();
        straight.push((via, end.clone()));
        let mut shuffled = facts;
        shuffled.insert(place.index(shuffled.len() + 1), (via, end));
        for (i, j) in order.into_iter().enumerate() {
            if i < shuffled.len() && j < shuffled.len() {
                shuffled.swap(i, j);
            }
        }
        let end_of = |facts: Vec<(Via, Outcome)>| {
            let mut bench = Bench::sent_to(supplier);
            for (via, outcome) in facts {
                drop(bench.tell(1, via, outcome));
            }
            essence(&bench.order)
        };
        prop_assert_eq!(end_of(straight), end_of(shuffled));
    }

    /// I13, the other half: a supplier says both, each as often as it likes and in any order. The money goes by
    /// what it said first, what it said against that is one case, and the first of both words are kept.
    #[test]
    fn facts_that_contradict_each_other_leave_both_words_one_case_and_the_money_of_the_first(
        supplier in proptest::sample::select(vec![KEEPS, KEEPS_TOO]),
        facts in contradicting(),
    ) {
        let mut bench = Bench::sent_to(supplier);
        let mut kept = Vec::new();
        for (id, (via, outcome)) in facts.iter().enumerate() {
            let told = Input::Fact { seq: 1, via: *via, reading: reading(outcome.clone()), evidence: Some(evidence(id)) };
            kept.extend(bench.feed(told).unwrap_or_default().iter().filter_map(final_evidence));
            if bench.order.verdict.is_none() && bench.order.open_attempt().is_none() {
                // Nobody else is there to be tried.
                bench.route(plan(&[])).unwrap();
            }
        }
        let place = |is_it: fn(&Outcome) -> bool| facts.iter().position(|(_, outcome)| is_it(outcome)).unwrap();
        let success = place(|outcome| matches!(outcome, Outcome::Succeeded { .. }));
        let failure = place(|outcome| matches!(outcome, Outcome::Refused(_)));
        kept.sort();
        let mut first = vec![evidence(success), evidence(failure)];
        first.sort();
        prop_assert_eq!(kept, first);
        let is_paid = success < failure;
        let price = bench.order.terms.price.minor;
        prop_assert_eq!(bench.captured(), if is_paid { price } else { 0 });
        let cases = [CaseKind::Contradiction, CaseKind::LateSuccess, CaseKind::DoubleDelivery].map(|kind| bench.cases(kind));
        prop_assert_eq!(cases, if is_paid { [1, 0, 0] } else { [0, 1, 0] });
        prop_assert_eq!(bench.postings("loss:").len(), usize::from(!is_paid));
        prop_assert_eq!(bench.callbacks(), 1);
    }
}

/// One success and one failure at least, among more of both and words that settle nothing.
fn contradicting() -> impl Strategy<Value = Vec<(Via, Outcome)>> {
    let failure = || proptest::sample::select(RefusalKind::ALL.to_vec()).prop_map(refused);
    let word = prop_oneof![
        Just(Outcome::Accepted),
        Just(Outcome::NotFound),
        Just(Outcome::Unknown(Doubt::Timeout)),
        Just(succeeded()),
        failure(),
    ];
    let words = (failure(), proptest::collection::vec(word, 0..6)).prop_map(|(failure, mut words)| {
        words.extend([succeeded(), failure]);
        words
    });
    words.prop_shuffle().prop_flat_map(|words| {
        let vias = proptest::collection::vec(any_via(), words.len());
        (vias, Just(words)).prop_map(|(vias, words)| vias.into_iter().zip(words).collect())
    })
}

fn evidence(id: usize) -> EvidenceId {
    EvidenceId(Arc::from(format!("ev_{id}").as_str()))
}

/// What is kept of a word that ends an attempt, or speaks against its end.
fn final_evidence(event: &Event) -> Option<EvidenceId> {
    if let Event::AttemptWon { evidence, .. }
    | Event::AttemptRefused { evidence, .. }
    | Event::AttemptLate { evidence, .. }
    | Event::AttemptContradicted { evidence, .. } = event
    {
        evidence.clone()
    } else {
        None
    }
}

/// What an order has come to, without the path.
fn essence(order: &Order) -> (String, Vec<&'static str>, Vec<String>) {
    let states = order.attempts.iter().map(|attempt| attempt.word()).collect();
    let cases = order.cases.iter().map(|case| format!("{case:?}")).collect();
    (format!("{:?}", order.verdict), states, cases)
}
