//! Every history of a small world: one order, two suppliers, a network that delays, loses and (where
//! the supplier deduplicates) repeats, replies that never come, queries that lag, restarts at any
//! moment. While suppliers keep their promises, nobody is charged twice, and nobody who was told
//! "failed" is charged at all (I1, I2).
//!
//! Time stands still but for the deadline, so that states repeat and the search ends.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::bench::*;
use crate::domain::attempt::Attempt;
use crate::domain::case::CaseKind;
use crate::domain::decide::Input;
use crate::domain::ids::{Seq, SupplierId};
use crate::domain::order::Verdict;
use crate::domain::outcome::{Outcome, RefusalKind, Via};

/// What a supplier's books say about a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Entry {
    Refused,
    Working,
    Delivered,
    Failed,
}

impl Entry {
    fn said(self) -> Outcome {
        match self {
            Self::Refused => refused(RefusalKind::Stock),
            Self::Working => Outcome::Accepted,
            Self::Delivered => succeeded(),
            Self::Failed => refused(RefusalKind::Failed),
        }
    }
}

/// What is on its way back to us on a submit's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reply {
    Book(Entry),
    /// Turned away before the books were opened.
    Gate,
    /// We have hung up.
    Nobody,
}

#[derive(Clone)]
struct World {
    bench: Bench,
    suppliers: [&'static str; 2],
    /// Transmissions on their way to a supplier.
    requests: BTreeSet<(Seq, u8)>,
    /// Replies on their way back, or connections we have given up.
    replies: BTreeMap<(Seq, u8), Reply>,
    books: BTreeMap<Seq, Entry>,
    charges: u32,
}

/// What makes two states the same.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    attempts: Vec<String>,
    verdict: Option<bool>,
    cases: Vec<(CaseKind, Seq)>,
    is_past_deadline: bool,
    is_overdue: bool,
    requests: BTreeSet<(Seq, u8)>,
    replies: BTreeMap<(Seq, u8), Reply>,
}

#[derive(Debug, Clone, Copy)]
enum Move {
    Try(&'static str),
    Arrive(Seq, u8, Option<Entry>),
    Repeat(Seq, u8),
    Lose(Seq, u8),
    NotSent(Seq, u8),
    Reply(Seq, u8),
    HangUp(Seq, u8),
    Become(Seq, Entry),
    Query(Seq),
    LaggingQuery(Seq),
    Notify(Seq),
    Resubmit(Seq),
    Restart,
    Deadline,
    GiveUp,
}

impl World {
    fn new(suppliers: [&'static str; 2]) -> Self {
        let mut bench = Bench::new();
        bench.keeps_history = false;
        let policy = Arc::make_mut(&mut bench.policy);
        policy.max_transmissions = 2;
        policy.not_found_before_resubmit = 1;
        Self {
            bench,
            suppliers,
            requests: BTreeSet::new(),
            replies: BTreeMap::new(),
            books: BTreeMap::new(),
            charges: 0,
        }
    }

    fn supplier_of(&self, seq: Seq) -> &str {
        self.bench.order.attempt(seq).unwrap().supplier.as_str()
    }

    fn keeps_promises(&self, seq: Seq) -> bool {
        matches!(self.supplier_of(seq), KEEPS | KEEPS_TOO)
    }

    fn moves(&self) -> Vec<Move> {
        let mut moves = vec![Move::Restart, Move::GiveUp, Move::Deadline];
        let tried = |name: &str| self.bench.order.attempts.iter().any(|a| a.supplier.as_str() == name);
        moves.extend(self.suppliers.iter().filter(|name| !tried(name)).map(|name| Move::Try(name)));
        for (seq, n) in self.requests.iter().copied() {
            moves.extend([Move::Lose(seq, n), Move::Arrive(seq, n, None)]);
            let fresh = [Entry::Refused, Entry::Working, Entry::Delivered];
            moves.extend(fresh.map(|entry| Move::Arrive(seq, n, Some(entry))));
            if self.keeps_promises(seq) {
                moves.push(Move::Repeat(seq, n));
            }
            if !self.replies.contains_key(&(seq, n)) {
                moves.extend([Move::NotSent(seq, n), Move::HangUp(seq, n)]);
            }
        }
        for ((seq, n), reply) in &self.replies {
            if *reply != Reply::Nobody {
                moves.extend([Move::Reply(*seq, *n), Move::HangUp(*seq, *n)]);
            }
        }
        for attempt in &self.bench.order.attempts {
            let seq = attempt.seq;
            moves.extend([Move::Query(seq), Move::LaggingQuery(seq), Move::Resubmit(seq)]);
            match self.books.get(&seq) {
                Some(Entry::Working) => {
                    moves.extend([Entry::Delivered, Entry::Failed].map(|entry| Move::Become(seq, entry)));
                    moves.push(Move::Notify(seq));
                }
                Some(Entry::Failed) if !self.keeps_promises(seq) => {
                    moves.extend([Move::Become(seq, Entry::Delivered), Move::Notify(seq)]);
                }
                Some(Entry::Delivered | Entry::Failed) => moves.push(Move::Notify(seq)),
                Some(Entry::Refused) | None => {}
            }
        }
        moves
    }

    fn make(&mut self, step: Move) {
        match step {
            Move::Try(name) => {
                let permitted = Some(SupplierId::from(name));
                let plan = plan(&[name]);
                self.send(Input::Route { plan, permitted });
            }
            Move::GiveUp => drop(self.bench.route(plan(&[]))),
            Move::Arrive(seq, n, entry) => {
                self.requests.remove(&(seq, n));
                self.arrive(seq, n, entry);
            }
            Move::Repeat(seq, n) => self.arrive(seq, n, Some(Entry::Delivered)),
            Move::Lose(seq, n) => {
                self.requests.remove(&(seq, n));
            }
            Move::NotSent(seq, n) => {
                self.requests.remove(&(seq, n));
                self.replies.insert((seq, n), Reply::Nobody);
                drop(self.bench.not_sent(seq, n));
            }
            Move::Reply(seq, n) => {
                let outcome = match self.replies.insert((seq, n), Reply::Nobody) {
                    Some(Reply::Book(entry)) => entry.said(),
                    Some(Reply::Gate) => refused(RefusalKind::Limit),
                    Some(Reply::Nobody) | None => timeout(),
                };
                drop(self.bench.tell(seq, Via::Submit, outcome));
            }
            Move::HangUp(seq, n) => {
                self.replies.insert((seq, n), Reply::Nobody);
                drop(self.bench.tell(seq, Via::Submit, timeout()));
            }
            Move::Become(seq, entry) => self.write(seq, entry),
            Move::Query(seq) => {
                let outcome = self.books.get(&seq).map_or(Outcome::NotFound, |entry| entry.said());
                drop(self.bench.tell(seq, Via::Query, outcome));
            }
            Move::LaggingQuery(seq) => drop(self.bench.tell(seq, Via::Query, Outcome::NotFound)),
            Move::Notify(seq) => {
                let outcome = self.books[&seq].said();
                drop(self.bench.tell(seq, Via::Notification, outcome));
            }
            Move::Resubmit(seq) => self.send(Input::Resubmit { seq }),
            Move::Restart => {
                let stamped: Vec<(Seq, u8)> = self.stamped().collect();
                for key in stamped {
                    self.replies.insert(key, Reply::Nobody);
                }
                drop(self.bench.feed(Input::Recover));
            }
            Move::Deadline => {
                self.bench.now_ms = DEADLINE_MS;
                drop(self.bench.feed(Input::Review));
            }
        }
        self.forget_the_path();
    }

    fn stamped(&self) -> impl Iterator<Item = (Seq, u8)> {
        let attempts = self.bench.order.attempts.iter();
        attempts.flat_map(|a| a.transmissions.iter().map(|t| (a.seq, t.n)))
    }

    /// What is stamped is on its way from then on.
    fn send(&mut self, input: Input) {
        let before: Vec<(Seq, u8)> = self.stamped().collect();
        drop(self.bench.feed(input));
        let new: Vec<(Seq, u8)> = self.stamped().filter(|stamp| !before.contains(stamp)).collect();
        self.requests.extend(new);
    }

    /// `None`: turned away at the gate. A number that is in the books is answered from them.
    fn arrive(&mut self, seq: Seq, n: u8, entry: Option<Entry>) {
        let known = self.books.get(&seq).copied();
        let reply = match (known, entry) {
            (_, None) => Reply::Gate,
            (Some(known), Some(_)) => {
                assert!(
                    self.keeps_promises(seq),
                    "a second submit reached a supplier that does not deduplicate"
                );
                Reply::Book(known)
            }
            (None, Some(entry)) => {
                self.write(seq, entry);
                Reply::Book(entry)
            }
        };
        // A supplier that promises that refused numbers stay used up keeps this one too.
        if entry.is_none() && known.is_none() && self.keeps_promises(seq) {
            self.books.insert(seq, Entry::Refused);
        }
        self.replies.entry((seq, n)).or_insert(reply);
    }

    fn write(&mut self, seq: Seq, entry: Entry) {
        self.books.insert(seq, entry);
        if entry == Entry::Delivered {
            self.charges += 1;
        }
    }

    /// Counters and history grow for ever; what decides does not.
    fn forget_the_path(&mut self) {
        for attempt in &mut self.bench.order.attempts {
            attempt.queries = 0;
            attempt.not_found = attempt.not_found.min(1);
        }
    }

    /// Everything that later decisions look at; the reasons of doubts are not among it.
    fn key(&self) -> Key {
        let order = &self.bench.order;
        let attempt = |a: &Attempt| {
            let fates: String = a.transmissions.iter().map(|t| format!("{:?}", t.fate)).collect();
            format!("{}{}{fates}{}{:?}", a.supplier, a.word(), a.not_found, self.books.get(&a.seq))
        };
        Key {
            attempts: order.attempts.iter().map(attempt).collect(),
            verdict: order.verdict.as_ref().map(|verdict| matches!(verdict, Verdict::Succeeded { .. })),
            cases: order.cases.clone(),
            is_past_deadline: self.bench.now_ms > START_MS,
            is_overdue: order.is_overdue,
            requests: self.requests.clone(),
            replies: self.replies.clone(),
        }
    }

    fn check(&self) {
        assert!(self.charges <= 1, "I1: charged {} times", self.charges);
        let is_failed = matches!(self.bench.order.verdict, Some(Verdict::Failed { .. }));
        assert!(!is_failed || self.charges == 0, "I2: failed and charged");
    }
}

/// Visits every state breadth first, so that a failure prints one of the shortest ways to it.
/// `at_most` bounds how many are followed further.
fn explore(suppliers: [&'static str; 2], at_most: usize) -> usize {
    let start = World::new(suppliers);
    let mut seen = BTreeSet::from([start.key()]);
    let mut steps: Vec<(usize, Option<Move>)> = vec![(0, None)];
    let mut frontier = VecDeque::from([(start, 0)]);
    while let Some((world, place)) = frontier.pop_front() {
        for step in world.moves() {
            let mut next: World = world.clone();
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                next.make(step);
                next.check();
            }));
            assert!(outcome.is_ok(), "{suppliers:?} after {:?}", way(&steps, place, step));
            if seen.insert(next.key()) && steps.len() < at_most {
                steps.push((place, Some(step)));
                frontier.push_back((next, steps.len() - 1));
            }
        }
    }
    seen.len()
}

fn way(steps: &[(usize, Option<Move>)], mut place: usize, last: Move) -> Vec<Move> {
    let mut way = vec![last];
    while let (before, Some(step)) = steps[place] {
        way.insert(0, step);
        place = before;
    }
    way
}

const PAIRS: [[&str; 2]; 3] = [[FORGETS, FORGETS_TOO], [KEEPS, FORGETS], [KEEPS, KEEPS_TOO]];

#[test]
fn nobody_is_charged_twice_in_the_shorter_histories_of_a_small_world() {
    for suppliers in PAIRS {
        let states = explore(suppliers, 5_000);
        assert!(states >= 2_000, "the world is smaller than it should be: {states}");
    }
}
