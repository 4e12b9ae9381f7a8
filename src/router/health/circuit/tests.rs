//! One circuit through its states.

use proptest::prelude::*;

use super::*;
use crate::domain::attempt::NotSentReason;
use crate::domain::ids::Sku;
use crate::router::health::Fact;

struct Rig {
    breaker: Breaker,
    rules: CircuitRules,
    now_ms: i64,
    orders: u16,
}

impl Rig {
    fn new() -> Self {
        Self {
            breaker: Breaker::default(),
            rules: CircuitRules::default(),
            now_ms: 1_000_000,
            orders: 0,
        }
    }

    /// Opens an attempt and ends it.
    fn sees(&mut self, end: End) -> Circuit {
        let evidence = self.opens();
        self.ends(end, &evidence)
    }

    fn opens(&mut self) -> Evidence {
        self.orders += 1;
        let order = OrderId::compose(1_800_000_000_000, 1, self.orders).unwrap();
        self.breaker.opened((order, 1), self.now_ms);
        Evidence {
            order,
            seq: 1,
            at_ms: self.now_ms,
            sku: Sku::from("qb"),
            fact: Fact::NotSent {
                why: NotSentReason::Connect,
            },
        }
    }

    fn ends(&mut self, end: End, evidence: &Evidence) -> Circuit {
        let evidence = Evidence {
            at_ms: self.now_ms,
            ..evidence.clone()
        };
        self.breaker.ended(end, &evidence, 7, &self.rules);
        self.circuit()
    }

    fn circuit(&self) -> Circuit {
        self.breaker.at(self.now_ms, &self.rules)
    }

    fn pass(&mut self, ms: i64) -> Circuit {
        self.now_ms += ms;
        self.circuit()
    }

    fn open_for_ms(&self) -> i64 {
        let circuit = self.circuit();
        let Circuit::Open { since_ms, until_ms, .. } = circuit else {
            panic!("{circuit:?}");
        };
        until_ms - since_ms
    }
}

fn tripped() -> Rig {
    let mut rig = Rig::new();
    for _ in 0..5 {
        rig.sees(End::Fault);
    }
    rig
}

#[test]
fn five_faults_in_a_row_open_it_and_four_do_not() {
    let mut rig = Rig::new();
    for _ in 0..4 {
        assert_eq!(rig.sees(End::Fault), Circuit::Closed);
    }
    rig.sees(End::Good);
    for _ in 0..4 {
        assert_eq!(rig.sees(End::Fault), Circuit::Closed);
    }
    let circuit = rig.sees(End::Fault);
    assert!(
        matches!(
            circuit,
            Circuit::Open {
                cause: CircuitCause::FaultsInARow,
                ..
            }
        ),
        "{circuit:?}"
    );
    assert_eq!(rig.breaker.evidence().unwrap().seq, 1);
}

#[test]
fn every_second_one_failing_opens_it_within_twenty() {
    let mut rig = Rig::new();
    let mut seen = 0;
    while rig.circuit() == Circuit::Closed {
        rig.sees(if seen % 2 == 0 { End::Good } else { End::Fault });
        seen += 1;
        assert!(seen <= 20);
    }
    assert!(matches!(
        rig.circuit(),
        Circuit::Open {
            cause: CircuitCause::FaultRate,
            ..
        }
    ));
}

#[test]
fn silence_opens_it_as_faults_do_and_is_told_apart() {
    let mut rig = Rig::new();
    for _ in 0..2 {
        assert_eq!(rig.sees(End::Unknown), Circuit::Closed);
    }
    rig.sees(End::Unknown);
    assert!(matches!(
        rig.circuit(),
        Circuit::Open {
            cause: CircuitCause::UnknownRate,
            ..
        }
    ));
}

#[test]
fn what_the_supplier_says_of_itself_opens_it_at_once() {
    let mut rig = Rig::new();
    let circuit = rig.sees(End::Out(CircuitCause::Maintenance));
    assert!(matches!(
        circuit,
        Circuit::Open {
            cause: CircuitCause::Maintenance,
            ..
        }
    ));
}

#[test]
fn it_stays_open_twice_as_long_each_time_up_to_the_longest() {
    let mut rig = tripped();
    let mut expected = 10_000;
    for _ in 0..12 {
        let lasts = rig.open_for_ms();
        assert!(
            (expected..=expected + expected / 10 + 1).contains(&lasts),
            "{lasts}, not {expected}"
        );
        rig.pass(lasts);
        assert!(matches!(rig.circuit(), Circuit::HalfOpen { in_flight: 0, .. }));
        rig.sees(End::Fault);
        expected = (expected * 2).min(600_000);
    }
}

#[test]
fn probes_that_succeed_let_it_return_in_growing_shares() {
    let mut rig = tripped();
    rig.pass(11_001);
    for succeeded in 0..3 {
        let probing = rig.circuit();
        assert!(
            matches!(probing, Circuit::HalfOpen { succeeded: won, .. } if won == succeeded),
            "{probing:?}"
        );
        rig.sees(End::Good);
    }
    let mut shares = Vec::new();
    while let Circuit::Returning { percent, .. } = rig.circuit() {
        shares.push(percent);
        rig.pass(15_000);
    }
    assert_eq!(shares, [10, 30, 60]);
    assert_eq!(rig.circuit(), Circuit::Closed);
    for _ in 0..5 {
        rig.sees(End::Fault);
    }
    assert!(rig.open_for_ms() <= 11_001, "closed again, it starts over");
}

#[test]
fn enough_successes_carry_the_return_on_before_its_time() {
    let mut rig = tripped();
    rig.pass(11_001);
    for _ in 0..3 {
        rig.sees(End::Good);
    }
    for _ in 0..rig.rules.sample {
        assert!(matches!(rig.circuit(), Circuit::Returning { percent: 10, .. }));
        rig.sees(End::Good);
    }
    assert!(matches!(rig.circuit(), Circuit::Returning { percent: 30, .. }));
}

#[test]
fn a_return_that_fails_opens_it_for_longer() {
    let mut rig = tripped();
    rig.pass(11_001);
    for _ in 0..3 {
        rig.sees(End::Good);
    }
    for _ in 0..5 {
        rig.sees(End::Fault);
    }
    assert!(rig.open_for_ms() >= 20_000);
}

#[test]
fn what_was_sent_before_it_opened_neither_closes_it_nor_opens_it_again() {
    let mut rig = Rig::new();
    let early = rig.opens();
    for _ in 0..5 {
        rig.sees(End::Fault);
    }
    let open = rig.circuit();
    assert_eq!(rig.ends(End::Good, &early), open);
    assert_eq!(rig.ends(End::Fault, &early), open);
}

#[test]
fn a_probe_that_never_ends_blocks_no_other_for_ever() {
    let mut rig = tripped();
    rig.pass(11_001);
    rig.opens();
    assert!(matches!(rig.circuit(), Circuit::HalfOpen { in_flight: 1, .. }));
    let probing = rig.pass(PROBE_PATIENCE_MS);
    assert!(matches!(probing, Circuit::HalfOpen { in_flight: 0, .. }), "{probing:?}");
}

#[test]
fn a_probe_for_a_wrong_recipient_is_over_and_says_nothing() {
    let mut rig = tripped();
    rig.pass(11_001);
    let probing = rig.sees(End::Neutral);
    assert!(
        matches!(
            probing,
            Circuit::HalfOpen {
                in_flight: 0,
                succeeded: 0,
                ..
            }
        ),
        "{probing:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn however_twenty_outcomes_lie_of_which_half_are_faults_it_is_open_by_the_last(
        goods_before in 10_u16..40,
        outcomes in Just([vec![End::Fault; 10], vec![End::Good; 10]].concat()).prop_shuffle(),
    ) {
        let mut rig = Rig::new();
        for _ in 0..goods_before {
            rig.sees(End::Good);
        }
        let opened = outcomes.iter().any(|end| rig.sees(*end) != Circuit::Closed);
        prop_assert!(opened, "{outcomes:?}");
    }
}
