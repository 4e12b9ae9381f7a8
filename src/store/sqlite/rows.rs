//! The winners of a batch, gathered over all of them, so that each table is written once.
//!
//! Invariant: an order that several winners change becomes one row, in its last state, with every
//! attempt that any of them touched. What is sealed is sealed here. Deliberately absent: SQL.

use std::collections::BTreeMap;

use super::heads::Found;
use super::script::Script;
use super::trouble::Trouble;
use super::{tables, words};
use crate::domain::attempt::Attempt;
use crate::domain::callback::Callback;
use crate::domain::desk::Deed;
use crate::domain::effect::Effect;
use crate::domain::event::Event;
use crate::domain::ids::{OrderId, Seq};
use crate::domain::ledger::{Account, Posting};
use crate::domain::order::Order;
use crate::domain::outcome::Delivery;
use crate::domain::recipient::Inputs;
use crate::store::admit::{Admission, postings};
use crate::store::chain::{self, Link};
use crate::store::seal::Sealer;
use crate::store::{Answer, CallbackTried, Command, Decision, Evidence};

/// An order as the batch leaves it.
pub(super) struct OrderRow<'c> {
    pub(super) is_new: bool,
    pub(super) after: &'c Order,
    pub(super) state: String,
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
    pub(super) sealed_deliveries: Option<Vec<u8>>,
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
    pub(super) sealed: Vec<u8>,
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
    pub(super) evidence: Vec<(&'c Evidence, Vec<u8>)>,
    pub(super) callbacks: Vec<CallbackRow<'c>>,
    pub(super) deeds: Vec<&'c Deed>,
    /// Tries, each callback at most once in each wave; a second wave is rare.
    pub(super) tried: Vec<BTreeMap<CallbackKey, &'c CallbackTried>>,
}

/// The statements that write the winners among `commands`. `now_ms` dates postings that no
/// decision dates.
///
/// # Errors
/// When a value cannot be sealed or written as JSON; nothing has been written then.
pub(super) fn script(commands: &[Command], admission: &Admission, found: &Found, sealer: &Sealer, now_ms: i64) -> Result<Script, Trouble> {
    let mut rows = Rows::default();
    for (command, answer) in commands.iter().zip(&admission.answers) {
        if *answer == Answer::Done {
            rows.gather(command, found, sealer, now_ms)?;
        }
    }
    tables::write(rows, admission)
}

impl<'c> Rows<'c> {
    fn gather(&mut self, command: &'c Command, found: &Found, sealer: &Sealer, now_ms: i64) -> Result<(), Trouble> {
        match command {
            Command::Decide(decision) => self.decide(decision, found, sealer),
            Command::Post(posting) => {
                self.postings.push((posting, now_ms));
                Ok(())
            }
            Command::Orphan { case: _, evidence } => self.keep(evidence, sealer),
            // Cases are written by the batch.
            Command::OpenCase(_) => Ok(()),
            Command::Deed(deed) => {
                self.deeds.push(deed);
                Ok(())
            }
            Command::CallbackTried(tried) => {
                self.tried(tried);
                Ok(())
            }
        }
    }

    fn decide(&mut self, decision: &'c Decision, found: &Found, sealer: &Sealer) -> Result<(), Trouble> {
        let change = &decision.change;
        let after = &change.after;
        let id = change.order;
        let inputs = match &decision.inputs {
            Some(inputs) => Some(self.inputs(id, inputs, sealer)?),
            None => None,
        };
        let moved = postings(change);
        let row = self.orders.entry(id).or_insert_with(|| OrderRow {
            is_new: change.expected_version == 0,
            after,
            state: String::new(),
            sealed_inputs: None,
            held_minor: 0,
            settled: None,
            link: found.link(id),
            touched: BTreeMap::new(),
        });
        row.after = after;
        row.sealed_inputs = row.sealed_inputs.take().or(inputs);
        for event in &change.events {
            if let Some(seq) = event.subject().seq() {
                *row.touched.entry(seq).or_default() |= matches!(event, Event::AttemptOpened { .. });
            }
        }
        for posting in &moved {
            row.note(posting);
        }
        let before = row.link;
        let mut delivered: Vec<&Delivery> = Vec::new();
        for effect in &change.effects {
            match effect {
                Effect::Tell(callback) => self.tell(callback, sealer)?,
                Effect::Keep { deliveries, .. } => delivered.extend(deliveries),
                Effect::Record(deed) => self.deeds.push(deed),
                Effect::Transmit { seq, n } => self.stamps.push(Stamp {
                    order: id,
                    seq: *seq,
                    n: *n,
                    at_ms: change.at_ms,
                }),
                // Cases are written by the batch, postings with the history.
                Effect::OpenCase(_) | Effect::Post(_) => {}
            }
        }
        let number = change.expected_version.saturating_add(1);
        let events = serde_json::to_string::<[Event]>(&change.events)?;
        let postings = match moved.as_slice() {
            [] => None,
            moved => Some(words::postings(moved)?),
        };
        let sealed_deliveries = match delivered.as_slice() {
            [] => None,
            delivered => Some(sealer.seal("deliveries", &format!("{id}:{number}"), &serde_json::to_vec(delivered)?)?),
        };
        let commit = chain::Commit {
            order: id.get(),
            number,
            at_ms: change.at_ms,
            form_version: Event::VERSION,
            events: &events,
            postings: postings.as_deref(),
            sealed_deliveries: sealed_deliveries.as_deref(),
        };
        let link = commit.link(&before);
        self.history.push(HistoryRow {
            order: id,
            number,
            at_ms: change.at_ms,
            events,
            postings,
            sealed_deliveries,
            link,
        });
        if let Some(row) = self.orders.get_mut(&id) {
            row.link = link;
        }
        decision.evidence.iter().try_for_each(|evidence| self.keep(evidence, sealer))
    }

    fn tell(&mut self, callback: &'c Callback, sealer: &Sealer) -> Result<(), Trouble> {
        let key = words::callback_key(&callback.id).filter(|(order, _)| *order == callback.order);
        let Some(key) = key else {
            return Err(Trouble::Backstop("a callback's id is not made of its order".to_owned()));
        };
        // A try reported before the callback exists is a try of nothing.
        for wave in &mut self.tried {
            wave.remove(&key);
        }
        let sealed = sealer.seal("callbacks", &callback.id, callback.payload.as_bytes())?;
        self.callbacks.push(CallbackRow {
            callback,
            number: key.1,
            sealed,
        });
        Ok(())
    }

    fn tried(&mut self, tried: &'c CallbackTried) {
        // An id of another form is a callback that nobody queued.
        let Some(key) = words::callback_key(&tried.id) else { return };
        match self.tried.iter_mut().find(|wave| !wave.contains_key(&key)) {
            Some(wave) => drop(wave.insert(key, tried)),
            None => self.tried.push(BTreeMap::from([(key, tried)])),
        }
    }

    fn inputs(&mut self, order: OrderId, inputs: &Inputs, sealer: &Sealer) -> Result<Vec<u8>, Trouble> {
        for value in inputs.0.values() {
            self.input_hashes.extend(order.get().to_be_bytes());
            self.input_hashes.extend(sealer.input_hash(value)?);
        }
        Ok(sealer.seal("orders", &order.to_string(), &serde_json::to_vec(inputs)?)?)
    }

    fn keep(&mut self, evidence: &'c Evidence, sealer: &Sealer) -> Result<(), Trouble> {
        let sealed = sealer.seal("evidence", &evidence.id.0, evidence.kept())?;
        self.evidence.push((evidence, sealed));
        Ok(())
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
