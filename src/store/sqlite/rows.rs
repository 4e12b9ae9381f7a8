//! The winners of a batch, gathered over all of them, so that each table is written once.
//!
//! Invariant: an order that several winners change becomes one row, in its last state, with every
//! attempt that any of them touched. Deliberately absent: SQL, and what can be written without the others
//! (`written`).

use std::collections::BTreeMap;

use super::heads::Found;
use super::script::Script;
use super::trouble::Trouble;
use super::written::{Written, first_number};
use super::{tables, words};
use crate::domain::attempt::Attempt;
use crate::domain::callback::Callback;
use crate::domain::desk::Deed;
use crate::domain::effect::Effect;
use crate::domain::event::Event;
use crate::domain::ids::{OrderId, Seq};
use crate::domain::ledger::{Account, Posting};
use crate::domain::order::Order;
use crate::store::admit::{Admission, postings};
use crate::store::chain::{self, Link};
use crate::store::{Answer, CallbackTried, Command, Decision, Evidence};

/// An order as the batch leaves it.
pub(super) struct OrderRow<'c> {
    pub(super) is_new: bool,
    pub(super) after: &'c Order,
    pub(super) next_step: Option<String>,
    pub(super) sealed_inputs: Option<Vec<u8>>,
    pub(super) held_minor: i64,
    pub(super) settled: Option<Settled>,
    /// Of the last commit.
    pub(super) link: Link,
    /// Attempts that the batch changes, and whether it opens them.
    pub(super) touched: BTreeMap<Seq, bool>,
}

/// How a hold ended.
#[derive(Clone, Copy)]
pub(super) struct Settled {
    pub(super) captured_minor: i64,
    pub(super) released_minor: i64,
}

/// What one commit only adds.
pub(super) struct HistoryRow {
    pub(super) order: OrderId,
    /// Of its first event.
    pub(super) number: u32,
    pub(super) at_ms: i64,
    pub(super) events: String,
    pub(super) postings: Option<String>,
    pub(super) evidence: Option<String>,
    pub(super) sealed: Option<Vec<u8>>,
    pub(super) link: Link,
}

pub(super) struct Stamp {
    pub(super) order: OrderId,
    pub(super) seq: Seq,
    pub(super) n: u8,
    pub(super) at_ms: i64,
}

pub(super) struct CallbackRow<'c> {
    pub(super) callback: &'c Callback,
    pub(super) number: u32,
    /// Of the row of the history that has its payload.
    pub(super) history_number: u32,
}

/// A callback by its order and the number in its id.
pub(super) type CallbackKey = (OrderId, u32);

/// Everything a batch writes.
#[derive(Default)]
pub(super) struct Rows<'c> {
    pub(super) orders: BTreeMap<OrderId, OrderRow<'c>>,
    pub(super) input_hashes: Vec<u8>,
    pub(super) history: Vec<HistoryRow>,
    pub(super) stamps: Vec<Stamp>,
    pub(super) postings: Vec<(&'c Posting, i64)>,
    /// Evidence about no order, its body sealed.
    pub(super) strays: Vec<(&'c Evidence, Vec<u8>)>,
    pub(super) callbacks: Vec<CallbackRow<'c>>,
    pub(super) deeds: Vec<&'c Deed>,
    /// Tries, each callback at most once in each wave; a second wave is rare.
    pub(super) tried: Vec<BTreeMap<CallbackKey, &'c CallbackTried>>,
}

/// The statements that write the winners among `commands`, which are written as `written` says. `now_ms` dates
/// postings that no decision dates.
///
/// # Errors
/// When a value cannot be written as JSON; nothing has been written then.
pub(super) fn script(
    commands: &[Command],
    written: Vec<Written>,
    admission: &Admission,
    found: &Found,
    now_ms: i64,
) -> Result<Script, Trouble> {
    let mut rows = Rows::default();
    for ((command, written), answer) in commands.iter().zip(written).zip(&admission.answers) {
        if *answer == Answer::Done {
            rows.gather(command, written, found, now_ms);
        }
    }
    tables::write(rows, admission)
}

impl<'c> Rows<'c> {
    fn gather(&mut self, command: &'c Command, written: Written, found: &Found, now_ms: i64) {
        match command {
            Command::Decide(decision) => self.decide(decision, written, found),
            Command::Post(posting) => self.postings.push((posting, now_ms)),
            Command::Orphan { case: _, evidence } => self.strays.extend(std::iter::once(evidence).zip(written.sealed)),
            // Cases are written by the batch.
            Command::OpenCase(_) => {}
            Command::Deed(deed) => self.deeds.push(deed),
            Command::CallbackTried(tried) => self.tried(tried),
        }
    }

    fn decide(&mut self, decision: &'c Decision, written: Written, found: &Found) {
        let change = &decision.change;
        let id = change.order;
        let row = self.orders.entry(id).or_insert_with(|| OrderRow {
            is_new: change.expected_version == 0,
            after: &change.after,
            next_step: None,
            sealed_inputs: None,
            held_minor: 0,
            settled: None,
            link: found.link(id),
            touched: BTreeMap::new(),
        });
        row.after = &change.after;
        row.next_step = written.next_step;
        if let Some(inputs) = written.inputs {
            row.sealed_inputs.get_or_insert(inputs.sealed);
            self.input_hashes.extend(inputs.hashes);
        }
        for event in &change.events {
            if let Some(seq) = event.subject().seq() {
                *row.touched.entry(seq).or_default() |= matches!(event, Event::AttemptOpened { .. });
            }
        }
        for posting in postings(change) {
            row.note(posting);
        }
        let number = first_number(change);
        let commit = chain::Commit {
            order: id.get(),
            number,
            at_ms: change.at_ms,
            form_version: Event::VERSION,
            events: &written.events,
            postings: written.postings.as_deref(),
            evidence: written.evidence.as_deref(),
            sealed: written.sealed.as_deref(),
        };
        let link = commit.link(&row.link);
        row.link = link;
        self.history.push(HistoryRow {
            order: id,
            number,
            at_ms: change.at_ms,
            events: written.events,
            postings: written.postings,
            evidence: written.evidence,
            sealed: written.sealed,
            link,
        });
        let mut numbers = written.callbacks.into_iter();
        for effect in &change.effects {
            match effect {
                Effect::Tell(callback) => {
                    if let Some(told) = numbers.next() {
                        self.tell(callback, told, number);
                    }
                }
                Effect::Record(deed) => self.deeds.push(deed),
                // The stamp of the first is the attempt's own row.
                Effect::Transmit { n: 1, .. } => {}
                Effect::Transmit { seq, n } => self.stamps.push(Stamp {
                    order: id,
                    seq: *seq,
                    n: *n,
                    at_ms: change.at_ms,
                }),
                // Cases are written by the batch; postings and what is sealed, evidence with it, with the history.
                Effect::OpenCase(_) | Effect::Post(_) | Effect::Keep { .. } => {}
            }
        }
    }

    fn tell(&mut self, callback: &'c Callback, number: u32, history_number: u32) {
        // A try reported before the callback exists is a try of nothing.
        for wave in &mut self.tried {
            wave.remove(&(callback.order, number));
        }
        self.callbacks.push(CallbackRow {
            callback,
            number,
            history_number,
        });
    }

    fn tried(&mut self, tried: &'c CallbackTried) {
        // An id of another form is a callback that nobody queued.
        let Some(key) = words::callback_key(&tried.id) else { return };
        match self.tried.iter_mut().find(|wave| !wave.contains_key(&key)) {
            Some(wave) => drop(wave.insert(key, tried)),
            None => self.tried.push(BTreeMap::from([(key, tried)])),
        }
    }
}

impl<'c> OrderRow<'c> {
    /// Takes from a posting what the order's own row says about its hold.
    fn note(&mut self, posting: &Posting) {
        let terms = &self.after.terms;
        let moved = |wanted: &Account| {
            let entries = posting.entries.iter().filter(|entry| entry.account == *wanted);
            entries.map(|entry| entry.minor).sum::<i64>()
        };
        match posting.key.split_once(':') {
            Some(("hold", _)) => self.held_minor = moved(&Account::ShopHeld(terms.shop)),
            Some(("settle", _)) => {
                self.settled = Some(Settled {
                    captured_minor: moved(&Account::Revenue),
                    // To the shop, or to the risk account that stood in for it.
                    released_minor: moved(&Account::ShopAvailable(terms.shop)).saturating_add(moved(&Account::Risk)),
                });
            }
            Some(_) | None => {}
        }
    }

    /// The attempts that the batch changes, in the order of their sequence, and whether each is new.
    pub(super) fn touched_attempts(&self) -> impl Iterator<Item = (&'c Order, &'c Attempt, bool)> {
        let order = self.after;
        let touched = self.touched.iter();
        touched.filter_map(move |(seq, is_new)| order.attempt(*seq).map(|attempt| (order, attempt, *is_new)))
    }
}
