//! Three processes, one contract, a Redis that dies, forgets, and is cut off from one of them.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::super::bucket::Token;
use super::super::rig::{TestClock, too_many};
use super::model::Model;
use super::*;
use crate::seams::Clock;

const TICK_US: u64 = 5_000;
const ASK_EVERY: u64 = 5;

struct Process {
    seat: Seat,
    member: Member,
    tap: Tap,
    up: bool,
    /// Permitted, and stamped at the tick.
    stamped: Vec<(Token, u64)>,
}

impl Process {
    fn new(rate: Rate, seat: Seat, clock: &TestClock) -> Self {
        Self {
            seat,
            member: Member::new(clock.monotonic()),
            tap: Tap::new(rate, seat, Arc::new(clock.clone()), 0),
            up: true,
            stamped: Vec::new(),
        }
    }

    /// Lets those leave whose stamps are there; how many.
    fn leave(&mut self, tick: u64) -> usize {
        let Self { tap, stamped, .. } = self;
        let left = stamped.extract_if(.., |(token, at)| *at <= tick && tap.pass(*token).is_ok());
        left.count()
    }

    /// One question. What is asked reaches the model; the answer may be lost on the way.
    fn call(&mut self, model: &mut Model, clock: &TestClock, reaches: bool, answered: bool) {
        let now = clock.monotonic();
        let now_us = u64::try_from(now.as_micros()).unwrap();
        match self.member.next(now) {
            Move::Probe if reaches && answered => {
                if self.member.heard(now_us, now) {
                    self.tap.join();
                }
            }
            Move::Ask { .. } if reaches => {
                let (terms, wanted) = self.tap.wish();
                let slots = model.ask(now_us, self.seat.node, &terms, wanted);
                if answered {
                    self.member.heard(now_us, now);
                    self.tap.pour(&slots, now, now);
                } else {
                    self.member.missed();
                }
            }
            Move::Probe | Move::Ask { .. } => self.member.missed(),
        }
        if self.member.falls(now) {
            self.tap.fall(self.seat.nodes);
        }
    }
}

#[derive(Debug, Clone)]
enum Fault {
    None,
    /// Nobody has anything to send.
    Quiet,
    Restart,
    Away,
    CutOff(u16),
    AnswersLost(u16),
    Killed(u16),
}

fn fault() -> impl Strategy<Value = (Fault, u64)> {
    let kind = prop_oneof![
        2 => Just(Fault::None),
        1 => Just(Fault::Quiet),
        1 => Just(Fault::Restart),
        1 => Just(Fault::Away),
        1 => (0_u16..3).prop_map(Fault::CutOff),
        1 => (0_u16..3).prop_map(Fault::AnswersLost),
        1 => (0_u16..3).prop_map(Fault::Killed),
    ];
    (kind, 20_u64..800)
}

/// How long each stamp takes, in ticks, over and over.
const AT_ONCE: &[u64] = &[0];
/// Most that a process has permitted and not sent.
const MOST_STAMPED: usize = 64;

/// Runs through the faults with a backlog everywhere; the instants at which something left, in nanoseconds.
fn run(rate: Rate, nodes: u16, faults: &[(Fault, u64)], stamps: &[u64]) -> Vec<u64> {
    let mut stamps = stamps.iter().cycle();
    let clock = TestClock::default();
    let mut model = Model::default();
    let mut processes: Vec<Process> = (0..nodes).map(|node| Process::new(rate, Seat { node, nodes }, &clock)).collect();
    let mut sent = Vec::new();
    let mut tick = 0;
    for (fault, ticks) in faults {
        if let Fault::Restart = fault {
            model = Model::default();
        }
        for process in &mut processes {
            let dies = matches!(fault, Fault::Killed(node) if *node == process.seat.node);
            if !dies && !process.up {
                *process = Process::new(rate, process.seat, &clock);
            }
            process.up = !dies;
        }
        for _ in 0..*ticks {
            clock.pass(Duration::from_micros(TICK_US));
            tick += 1;
            for process in processes.iter_mut().filter(|process| process.up) {
                let node = process.seat.node;
                if tick % ASK_EVERY == u64::from(node) {
                    let cut = matches!(fault, Fault::CutOff(other) if *other == node);
                    let lost = matches!(fault, Fault::AnswersLost(other) if *other == node);
                    process.call(&mut model, &clock, !cut && !matches!(fault, Fault::Away), !lost);
                }
                while !matches!(fault, Fault::Quiet)
                    && process.stamped.len() < MOST_STAMPED
                    && let Ok(token) = process.tap.take()
                {
                    process.stamped.push((token, tick + stamps.next().unwrap()));
                }
                let left = process.leave(tick);
                sent.extend(std::iter::repeat_n(u64::try_from(clock.monotonic().as_nanos()).unwrap(), left));
            }
        }
    }
    sent
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn whatever_becomes_of_redis_no_window_of_three_processes_holds_more_than_the_contract(
        per_minute in 1_u32..6_000,
        burst in prop_oneof![1 => Just(1_u32), 3 => 1_u32..40],
        nodes in 1_u16..=3,
        faults in prop::collection::vec(fault(), 1..12),
        stamps in prop_oneof![Just(AT_ONCE.to_vec()), prop::collection::vec(0_u64..100, 1..20)],
    ) {
        let rate = Rate { per_minute, burst };
        prop_assert_eq!(too_many(rate, &run(rate, nodes, &faults, &stamps)), None);
    }
}

/// Found by the random runs: all were alone, and the first to come back looked as if it had never left.
#[test]
fn whoever_was_alone_joins_anew_even_if_nobody_else_was_there_to_miss_it() {
    let rate = Rate { per_minute: 632, burst: 1 };
    let faults = [(Fault::None, 20), (Fault::Away, 235), (Fault::None, 400)];
    assert_eq!(too_many(rate, &run(rate, 3, &faults, AT_ONCE)), None);
}

/// As a disk does it: most within a tick, few later.
const STAMPED_SOON: &[u64] = &[0, 1, 0, 2, 1, 0, 0, 3];

/// Sent of what the contract allowed from the tenth second on, in percent.
fn percent_used(rate: Rate, faults: &[(Fault, u64)]) -> u64 {
    let after = run(rate, 3, faults, STAMPED_SOON)
        .into_iter()
        .filter(|at_ns| *at_ns >= 10_000_000_000)
        .count();
    let ticks: u64 = faults.iter().map(|(_, ticks)| ticks).sum();
    let lasted_us = ticks * TICK_US - 10_000_000;
    u64::try_from(after).unwrap() * 100 * MINUTE_US / (u64::from(rate.per_minute) * lasted_us)
}

#[test]
fn without_faults_nine_tenths_of_a_contract_are_used_under_backlog() {
    for (per_minute, burst) in [(60, 2), (600, 10), (600, 3), (3_000, 50), (6_000, 20), (120, 5), (30, 2)] {
        let used = percent_used(Rate { per_minute, burst }, &[(Fault::None, 14_000)]);
        assert!(used >= 90, "{per_minute} a minute, burst {burst}: {used} % used");
    }
}

#[test]
fn with_redis_away_nine_tenths_of_a_contract_are_used_under_backlog() {
    for (per_minute, burst) in [(600, 10), (3_000, 50), (120, 5)] {
        let rate = Rate { per_minute, burst };
        let used = percent_used(rate, &[(Fault::Away, 14_000)]);
        assert!(used >= 90, "{per_minute} a minute, burst {burst}: {used} % used");
    }
}

#[test]
fn stamps_of_uneven_length_in_several_processes_bring_nothing_closer_than_the_contract() {
    let rate = Rate { per_minute: 600, burst: 4 };
    // After a quiet time some are stamped slowly, what comes after them at once.
    let stamps: Vec<u64> = std::iter::repeat_n(140, 4).chain(std::iter::repeat_n(0, 12)).collect();
    let sent = run(rate, 3, &[(Fault::None, 200), (Fault::Quiet, 200), (Fault::None, 4_000)], &stamps);
    assert!(sent.len() > 100);
    assert_eq!(too_many(rate, &sent), None);
}

#[test]
fn the_checker_sees_a_process_that_does_not_wait_before_it_is_alone() {
    let rate = Rate { per_minute: 600, burst: 6 };
    let mut sent = run(rate, 3, &[(Fault::None, 2_000)], AT_ONCE);
    let clock = TestClock::default();
    clock.pass(Duration::from_secs(5));
    let mut hasty = Process::new(rate, Seat { node: 0, nodes: 3 }, &clock);
    hasty.tap.fall(3);
    for _ in 0..600 {
        clock.pass(Duration::from_micros(TICK_US));
        while hasty.tap.take().is_ok() {
            sent.push(u64::try_from(clock.monotonic().as_nanos()).unwrap());
        }
    }
    sent.sort_unstable();
    assert!(too_many(rate, &sent).is_some());
}

#[test]
fn a_slot_that_came_back_can_be_used_again_and_only_in_its_time() {
    let clock = TestClock::default();
    let seat = Seat { node: 0, nodes: 3 };
    let mut tap = Tap::new(Rate { per_minute: 600, burst: 3 }, seat, Arc::new(clock.clone()), 0);
    tap.pour(&[0], clock.monotonic(), clock.monotonic());
    let token: Token = tap.take().unwrap();
    tap.give_back(token);
    let again = tap.take().unwrap();
    assert_ne!(again, token);
    clock.pass(Duration::from_millis(200));
    tap.give_back(again);
    assert!(tap.take().is_err());
}

#[test]
fn a_process_for_which_the_contract_has_no_place_sends_nothing_alone() {
    let terms = Terms::new(Rate { per_minute: 600, burst: 2 }, 3);
    assert_eq!(terms.alone(0), Some(Rate { per_minute: 300, burst: 1 }));
    assert_eq!(terms.alone(2), None);
}

#[test]
fn alone_a_process_takes_its_part_of_as_many_as_were_last_counted() {
    let clock = TestClock::default();
    let seat = Seat { node: 0, nodes: 2 };
    let mut tap = Tap::new(Rate { per_minute: 600, burst: 6 }, seat, Arc::new(clock.clone()), 0);
    let mut in_a_minute = |nodes: u16| {
        tap.fall(nodes);
        let mut sent = 0;
        for _ in 0..600 {
            clock.pass(Duration::from_millis(100));
            sent += usize::from(tap.take().is_ok());
        }
        tap.join();
        sent
    };
    assert_eq!([in_a_minute(2), in_a_minute(3), in_a_minute(6)], [300, 200, 100]);
}
