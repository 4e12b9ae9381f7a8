//! What the store holds of the order, in normal form: the order, its postings, cases and callbacks.
//!
//! Normal means: whatever no later decision looks at is written in one way. The version starts at 1
//! again (each change is checked to count its events first), histories are left out, counters that
//! only stretch pauses are zero, and times that are past caring are the start. Two histories that end
//! in the same record have the same future; that is what makes the search end.

use crate::cast::{PHASE_MS, START_MS};
use crate::domain::attempt::{Attempt, AttemptState, Fate, Proof};
use crate::domain::case::CaseKind;
use crate::domain::failure::Failure;
use crate::domain::ids::Seq;
use crate::domain::ledger::{Account, Posting};
use crate::domain::order::{Advance, Order, Step, Verdict};
use crate::domain::outcome::{Doubt, Refusal, RefusalKind, Via};
use crate::laws::{Law, Laws};
use crate::world::{At, SEQS};

/// The store's knowledge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The row.
    pub order: Order,
    /// Keys of all postings, and what each moves.
    pub postings: Vec<(String, Moved)>,
    /// Keys of all cases.
    pub cases: Vec<String>,
    /// Callbacks in the outbox.
    pub callbacks: u8,
}

/// What a posting moves, as far as laws ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Moved {
    hold: i64,
    free: i64,
    risk: i64,
}

impl Moved {
    fn of(posting: &Posting) -> Self {
        let mut moved = Self::default();
        for entry in &posting.entries {
            match entry.account {
                Account::ShopHeld(_) => moved.hold += entry.minor,
                Account::ShopAvailable(_) => moved.free += entry.minor,
                Account::Risk => moved.risk += entry.minor,
                Account::Revenue
                | Account::SupplierPayable(_)
                | Account::SupplierClearing(_)
                | Account::LossInDispute
                | Account::Rounding
                | Account::Funding => {}
            }
        }
        moved
    }
}

/// How an order ended, as far as laws ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The shop pays, for this attempt.
    Paid(Seq),
    /// The hold was released.
    Released,
}

/// Where an attempt stands, as far as laws ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stand {
    /// There is none.
    #[default]
    Absent,
    /// It may still charge.
    Open,
    /// Given up as never charged.
    Dead,
    /// Known to be delivered, for the shop's money or ours.
    Delivered,
}

/// A record in short, for the steps and laws that are tried millions of times.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gist {
    /// How it ended.
    pub end: Option<End>,
    /// How many attempts there are.
    pub attempts: u8,
    /// By attempt: where.
    pub at: [At; SEQS],
    /// By attempt: where it stands.
    pub stand: [Stand; SEQS],
    /// By attempt: how many transmissions it has.
    pub transmissions: [u8; SEQS],
    /// The open attempt.
    pub open: Option<Seq>,
    /// The next action.
    pub next: Option<Step>,
    /// Whether a person has been called about the open attempt.
    pub has_person: bool,
    /// Laws that this record breaks by itself.
    pub broken: Laws,
}

impl Record {
    /// Adds a posting; whether its key was used before.
    pub fn post(&mut self, posting: &Posting) -> bool {
        let is_repeated = self.postings.iter().any(|(key, _)| *key == posting.key);
        self.postings.push((posting.key.clone(), Moved::of(posting)));
        self.postings.sort();
        is_repeated
    }

    /// Writes what nobody looks at any more in one way. `last_phase` lasts for ever; `has_window` where a quiet
    /// window looks at more.
    pub fn normalize(&mut self, last_phase: u8, has_window: bool) {
        self.cases.sort();
        let order = &mut self.order;
        order.version = 1;
        order.waits_until_ms = None;
        order.cases.sort();
        order.advance = order.advance.map(|advance| match advance {
            Advance::Given { .. } => Advance::Given { at_ms: START_MS },
            // Beyond all phases.
            Advance::Declined { .. } => Advance::Declined { until_ms: i64::MAX },
        });
        if let Some(next) = &mut order.next_action {
            next.at_ms = START_MS;
        }
        order.verdict = order.verdict.take().map(|verdict| match verdict {
            Verdict::Succeeded { seq, .. } => Verdict::Succeeded { seq, at_ms: START_MS },
            Verdict::Failed { .. } => Verdict::Failed {
                failure: Failure::NoSupplier,
                at_ms: START_MS,
            },
            Verdict::Cancelled { .. } => Verdict::Cancelled { at_ms: START_MS },
            Verdict::PartiallySucceeded { .. } => verdict,
        });
        let latest_ms = START_MS + (i64::from(last_phase) - 1) * PHASE_MS;
        let cases = order.cases.clone();
        for attempt in &mut order.attempts {
            let has_case = cases.contains(&(CaseKind::OverdueDoubt, attempt.seq));
            normalize(attempt, latest_ms, has_case, has_window);
        }
    }

    /// Where two records are the same.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{:?}{:?}{:?}{}", self.order, self.postings, self.cases, self.callbacks)
    }

    /// The short form.
    #[must_use]
    pub fn gist(&self) -> Gist {
        let order = &self.order;
        let mut gist = Gist {
            end: order.verdict.as_ref().map(|verdict| match verdict {
                Verdict::Succeeded { seq, .. } | Verdict::PartiallySucceeded { seq, .. } => End::Paid(*seq),
                Verdict::Failed { .. } | Verdict::Cancelled { .. } => End::Released,
            }),
            attempts: u8::try_from(order.attempts.len()).unwrap(),
            open: order.open_attempt().map(|open| open.seq),
            next: order.next_action.map(|next| next.step),
            has_person: order
                .open_attempt()
                .is_some_and(|open| order.has_case(CaseKind::OverdueDoubt, open.seq)),
            broken: self.laws(),
            ..Gist::default()
        };
        for (place, attempt) in order.attempts.iter().enumerate() {
            gist.at[place] = u8::from(attempt.supplier.as_str() == "B");
            gist.transmissions[place] = u8::try_from(attempt.transmissions.len()).unwrap();
            gist.stand[place] = match attempt.state {
                AttemptState::Sent | AttemptState::Accepted | AttemptState::Unknown { .. } => Stand::Open,
                AttemptState::Dead { .. } => Stand::Dead,
                AttemptState::Won { .. } | AttemptState::Excess { .. } | AttemptState::Late { .. } => Stand::Delivered,
            };
        }
        gist
    }

    /// What the shop is out of pocket, and what is out from the risk account, by the books.
    fn owed(&self) -> (i64, i64) {
        let sum = |of: fn(&Moved) -> i64| -> i64 { self.postings.iter().map(|(_, moved)| of(moved)).sum() };
        (-sum(|moved| moved.free), -sum(|moved| moved.risk))
    }

    /// The same, as the order's state has it: a verdict settles the advance with the hold.
    fn expected(&self) -> (i64, i64) {
        let (order, price) = (&self.order, self.order.terms.price.minor);
        match (&order.verdict, order.is_advanced()) {
            (Some(_), _) => (order.captured().minor, 0),
            (None, true) => (0, price),
            (None, false) => (price, 0),
        }
    }

    fn laws(&self) -> Laws {
        let order = &self.order;
        let count = |key: String| self.postings.iter().filter(|(posted, _)| *posted == key).count();
        let mut broken = Laws::default();
        let is_dense = order.attempts.iter().zip(1..).all(|(attempt, seq)| attempt.seq == seq);
        let open = order.attempts.iter().filter(|attempt| attempt.is_open()).count();
        let won = order.attempts.iter().filter(|attempt| attempt.is_won()).count();
        broken.note(Law::OneOpen, open > 1 || won > 1 || !is_dense);

        let settled: Vec<i64> = self
            .postings
            .iter()
            .filter(|(key, _)| key.starts_with("settle:"))
            .map(|(_, moved)| moved.hold)
            .collect();
        let expected: &[i64] = if order.verdict.is_some() {
            &[-order.terms.price.minor]
        } else {
            &[]
        };
        broken.note(Law::SettledOnce, settled != expected || count(format!("hold:{}", order.id)) != 1);
        broken.note(Law::SettledOnce, self.owed() != self.expected());
        broken.note(Law::VerdictIsTold, order.verdict.is_some() && self.callbacks == 0);
        let most = u8::from(order.verdict.is_some()) + u8::from(order.is_advanced());
        broken.note(Law::OneVerdict, self.callbacks > most);

        let is_proven = match &order.verdict {
            Some(Verdict::Succeeded { seq, .. } | Verdict::PartiallySucceeded { seq, .. }) => {
                order.attempt(*seq).is_some_and(Attempt::is_won)
            }
            Some(Verdict::Failed { .. } | Verdict::Cancelled { .. }) | None => won == 0,
        };
        broken.note(Law::CapturedIsProven, !is_proven);

        let told: Vec<String> = order
            .cases
            .iter()
            .map(|(kind, seq)| format!("{}:{}:{seq}", kind.word(), order.id))
            .collect();
        let mut told_once = told.clone();
        told_once.sort();
        told_once.dedup();
        broken.note(Law::LossIsOneCase, told_once.len() != told.len() || self.cases != told_once);
        for attempt in &order.attempts {
            let seq = attempt.seq;
            let loss = match attempt.state {
                AttemptState::Excess { .. } => Some(CaseKind::DoubleDelivery),
                AttemptState::Late { .. } => Some(CaseKind::LateSuccess),
                AttemptState::Sent
                | AttemptState::Accepted
                | AttemptState::Unknown { .. }
                | AttemptState::Won { .. }
                | AttemptState::Dead { .. } => None,
            };
            let cases = [CaseKind::DoubleDelivery, CaseKind::LateSuccess].map(|kind| order.has_case(kind, seq).then_some(kind));
            let is_as_lost =
                cases.into_iter().flatten().eq(loss) && count(format!("loss:{}:{seq}", order.id)) == usize::from(loss.is_some());
            let is_as_won = count(format!("cost:{}:{seq}", order.id)) == usize::from(attempt.is_won());
            broken.note(Law::LossIsOneCase, !is_as_lost || !is_as_won);
        }
        let is_unsettled = order.verdict.is_none() || open > 0;
        broken.note(
            Law::NothingStuck,
            is_unsettled && order.next_action.is_none() && order.cases.is_empty(),
        );
        broken
    }
}

fn normalize(attempt: &mut Attempt, latest_ms: i64, has_case: bool, has_window: bool) {
    let is_open = attempt.is_open();
    attempt.queries = 0;
    attempt.recalls = 0;
    let most = if has_window { 2 } else { 1 };
    attempt.not_found = if is_open { attempt.not_found.min(most) } else { 0 };
    attempt.opened_at_ms = START_MS;
    // Only a quiet window asks.
    attempt.is_known_there &= is_open && has_window;
    let last = attempt.transmissions.len();
    for transmission in &mut attempt.transmissions {
        transmission.stamped_at_ms = if is_open {
            transmission.stamped_at_ms.min(latest_ms)
        } else {
            START_MS
        };
        if !is_open || usize::from(transmission.n) < last || transmission.fate != Fate::Stamped {
            transmission.fate = Fate::Answered;
        }
    }
    match &mut attempt.state {
        AttemptState::Unknown { since_ms, doubt } => {
            *since_ms = if has_case { START_MS } else { (*since_ms).min(latest_ms) };
            // The only reasons that a decision might be tempted to look at.
            if *doubt != Doubt::FailureNotFinal && !(has_window && *doubt == Doubt::NotFound) {
                *doubt = Doubt::Timeout;
            }
        }
        AttemptState::Dead { at_ms, proof } => {
            *at_ms = START_MS;
            if let Proof::Assumed { waited_ms, .. } = proof {
                *waited_ms = 0;
            }
            if let Proof::Refused { refusal, via, .. } = proof {
                *via = Via::Submit;
                *refusal = Refusal {
                    kind: RefusalKind::Failed,
                    code: String::new(),
                };
            }
        }
        AttemptState::Won { at_ms, .. } | AttemptState::Excess { at_ms } | AttemptState::Late { at_ms } => *at_ms = START_MS,
        AttemptState::Sent | AttemptState::Accepted => {}
    }
}
