//! A circuit: when a supplier is left alone, how it is tried again, and how its traffic comes back.
//!
//! Closed, it counts what ends: so many faults in a row open it, or too many faults or unknown
//! outcomes among the latest. Open, nothing is sent for a time that doubles with every opening.
//! Then half-open: a few orders probe it, and so many successes in a row let it return, in growing
//! shares. What ends for an attempt that was opened before a circuit opened neither closes it nor
//! opens it again.

use std::collections::{BTreeMap, VecDeque};

use super::{Circuit, Evidence};
use crate::domain::ids::{OrderId, Seq};
use crate::domain::plan::CircuitCause;
use crate::domain::steering::CircuitRules;

/// A probe that has not ended after this long does not keep others from probing, in milliseconds.
const PROBE_PATIENCE_MS: i64 = 120_000;
/// Most outcomes that are remembered, whatever the rules ask for.
const MOST_OUTCOMES: usize = 256;
/// As how many faults in a row an unknown outcome counts: it leaves an order in doubt.
const UNKNOWN_WEIGHS: u16 = 2;
/// The part of an open time by which it may be longer, so that not everybody comes back at once: a tenth.
const JITTER_PARTS: u64 = 10;

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Good,
    Fault,
    Unknown,
    /// The supplier's own word that it is out.
    Out(CircuitCause),
    /// Nothing follows from it, but a probe is over.
    Neutral,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Closed,
    /// Open until then, half-open afterwards.
    Open { until_ms: i64, cause: CircuitCause },
    /// In this step of the return, with so many outcomes in it.
    Returning { step: usize, ended: u16 },
}

/// One circuit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Breaker {
    state: State,
    since_ms: i64,
    /// Openings since it was last closed.
    openings: u32,
    faults_in_a_row: u16,
    probes_won: u16,
    memory: Box<Memory>,
}

/// What a circuit remembers: apart, for a plan reads hundreds of circuits, and of a closed one nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Memory {
    latest: VecDeque<End>,
    probes: BTreeMap<(OrderId, Seq), i64>,
    evidence: Option<Evidence>,
}

impl Breaker {
    /// An attempt was opened at the supplier.
    pub fn opened(&mut self, attempt: (OrderId, Seq), at_ms: i64) {
        if let State::Open { until_ms, .. } = self.state
            && at_ms >= until_ms
        {
            self.memory
                .probes
                .retain(|_, since_ms| at_ms.saturating_sub(*since_ms) < PROBE_PATIENCE_MS);
            self.memory.probes.insert(attempt, at_ms);
        }
    }

    /// An attempt ended so. `salt` makes this circuit's jitter its own.
    pub fn ended(&mut self, end: End, evidence: &Evidence, salt: u64, rules: &CircuitRules) {
        let at_ms = evidence.at_ms;
        self.pass(at_ms, rules);
        match self.state {
            State::Open { until_ms, .. } => {
                let was_probe = self.memory.probes.remove(&(evidence.order, evidence.seq)).is_some();
                match end {
                    End::Good if was_probe => self.won(at_ms, rules),
                    End::Fault if was_probe => self.open(CircuitCause::FaultsInARow, evidence, salt, rules),
                    End::Unknown if was_probe => self.open(CircuitCause::UnknownRate, evidence, salt, rules),
                    // Said again while nothing is sent there, it says nothing new.
                    End::Out(cause) if at_ms >= until_ms => self.open(cause, evidence, salt, rules),
                    End::Out(_) | End::Good | End::Fault | End::Unknown | End::Neutral => {}
                }
            }
            State::Closed | State::Returning { .. } => match self.reason_to_open(end, rules) {
                Some(cause) => self.open(cause, evidence, salt, rules),
                None => self.count_step(),
            },
        }
    }

    /// Where it stands at a moment.
    pub fn at(&self, now_ms: i64, rules: &CircuitRules) -> Circuit {
        match self.state {
            State::Closed => Circuit::Closed,
            State::Open { until_ms, cause } if now_ms < until_ms => Circuit::Open {
                since_ms: self.since_ms,
                until_ms,
                cause,
            },
            State::Open { until_ms, .. } => {
                let is_in_flight = |since_ms: &&i64| now_ms.saturating_sub(**since_ms) < PROBE_PATIENCE_MS;
                Circuit::HalfOpen {
                    since_ms: until_ms,
                    in_flight: u16::try_from(self.memory.probes.values().filter(is_in_flight).count()).unwrap_or(u16::MAX),
                    succeeded: self.probes_won,
                }
            }
            State::Returning { step, ended } => match self.returned(step, ended, now_ms, rules) {
                Some((step, since_ms)) => Circuit::Returning {
                    since_ms,
                    percent: rules.return_percent.get(step).copied().unwrap_or(100),
                },
                None => Circuit::Closed,
            },
        }
    }

    /// What opened it last.
    pub fn evidence(&self) -> Option<&Evidence> {
        self.memory.evidence.as_ref()
    }

    /// Counts an end, and tells what opens the circuit, if anything does.
    fn reason_to_open(&mut self, end: End, rules: &CircuitRules) -> Option<CircuitCause> {
        match end {
            End::Out(cause) => return Some(cause),
            End::Neutral => return None,
            End::Good => self.faults_in_a_row = 0,
            End::Fault => self.faults_in_a_row = self.faults_in_a_row.saturating_add(1),
            End::Unknown => self.faults_in_a_row = self.faults_in_a_row.saturating_add(UNKNOWN_WEIGHS),
        }
        self.memory.latest.push_back(end);
        let sample = usize::from(rules.sample).clamp(1, MOST_OUTCOMES);
        while self.memory.latest.len() > sample {
            self.memory.latest.pop_front();
        }
        if end == End::Good {
            return None;
        }
        let among = |what: End| self.memory.latest.iter().filter(|end| **end == what).count().saturating_mul(100);
        let reaches =
            |what, percent: u8| self.memory.latest.len() >= sample && among(what) >= sample.saturating_mul(usize::from(percent.max(1)));
        if self.faults_in_a_row >= rules.faults_in_a_row.max(1) {
            let is_silence = end == End::Unknown && among(End::Unknown) > among(End::Fault);
            Some(if is_silence {
                CircuitCause::UnknownRate
            } else {
                CircuitCause::FaultsInARow
            })
        } else if reaches(End::Fault, rules.fault_percent) {
            Some(CircuitCause::FaultRate)
        } else if reaches(End::Unknown, rules.unknown_percent) {
            Some(CircuitCause::UnknownRate)
        } else {
            None
        }
    }

    fn open(&mut self, cause: CircuitCause, evidence: &Evidence, salt: u64, rules: &CircuitRules) {
        let at_ms = evidence.at_ms;
        let doubled = rules
            .open_ms
            .saturating_mul(1_u64.checked_shl(self.openings.min(32)).unwrap_or(u64::MAX));
        let bounded = doubled.min(rules.open_max_ms.max(rules.open_ms)).max(1);
        let spread = bounded.div_euclid(JITTER_PARTS).saturating_add(1);
        let jitter = (salt ^ u64::from(self.openings))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .checked_rem(spread)
            .unwrap_or(0);
        let lasts_ms = i64::try_from(bounded.saturating_add(jitter)).unwrap_or(i64::MAX);
        *self = Self {
            state: State::Open {
                until_ms: at_ms.saturating_add(lasts_ms),
                cause,
            },
            since_ms: at_ms,
            openings: self.openings.saturating_add(1),
            memory: Box::new(Memory {
                evidence: Some(evidence.clone()),
                ..Memory::default()
            }),
            ..Self::default()
        };
    }

    fn won(&mut self, at_ms: i64, rules: &CircuitRules) {
        self.probes_won = self.probes_won.saturating_add(1);
        if self.probes_won >= rules.probes_to_close {
            self.state = State::Returning { step: 0, ended: 0 };
            self.since_ms = at_ms;
            self.memory.probes.clear();
            self.probes_won = 0;
        }
    }

    fn count_step(&mut self) {
        if let State::Returning { ended, .. } = &mut self.state {
            *ended = ended.saturating_add(1);
        }
    }

    /// Lets time and outcomes carry the return on.
    fn pass(&mut self, now_ms: i64, rules: &CircuitRules) {
        let State::Returning { step, ended } = self.state else { return };
        match self.returned(step, ended, now_ms, rules) {
            Some((at, since_ms)) if at != step => {
                self.state = State::Returning { step: at, ended: 0 };
                self.since_ms = since_ms;
            }
            Some(_) => {}
            None => {
                self.state = State::Closed;
                self.openings = 0;
                self.since_ms = now_ms;
            }
        }
    }

    /// The step of the return at a moment and since when; none once it is over.
    fn returned(&self, step: usize, ended: u16, now_ms: i64, rules: &CircuitRules) -> Option<(usize, i64)> {
        let step_ms = i64::try_from(rules.step_ms).unwrap_or(i64::MAX).max(1);
        let age_ms = now_ms.saturating_sub(self.since_ms).max(0);
        let by_time = usize::try_from(age_ms.div_euclid(step_ms)).unwrap_or(usize::MAX);
        let is_counted = ended >= rules.sample.max(1);
        let (at, since_ms) = if by_time == 0 && is_counted {
            (step.saturating_add(1), now_ms)
        } else {
            let by_time_ms = age_ms.saturating_sub(age_ms.rem_euclid(step_ms));
            (step.saturating_add(by_time), self.since_ms.saturating_add(by_time_ms))
        };
        (at < rules.return_percent.len()).then_some((at, since_ms))
    }
}

#[cfg(test)]
mod tests;
