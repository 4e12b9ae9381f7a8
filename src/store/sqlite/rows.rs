//! The winners of a batch, gathered over all of them, so that each table is written once.
//!
//! Invariant: an order that several winners change becomes one row, in its last state, with every
//! attempt that any of them touched. What is sealed is sealed here. Deliberately absent: SQL.

use std::collections::{BTreeMap, BTreeSet};

use super::script::Script;
use super::tables;
use super::trouble::Trouble;
use crate::domain::attempt::Attempt;
use crate::domain::callback::Callback;
use crate::domain::effect::Effect;
use crate::domain::event::Event;
use crate::domain::ids::{OrderId, Seq};
use crate::domain::ledger::{Account, Entry, Posting};
use crate::domain::order::Order;
use crate::domain::recipient::Inputs;
use crate::store::admit::Admission;
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
    pub(super) touched: BTreeSet<Seq>,
}

/// How a hold ended.
#[derive(Clone, Copy)]
pub(super) struct Settled {
    pub(super) captured_minor: i64,
    pub(super) released_minor: i64,
}

pub(super) struct EventRow<'c> {
    pub(super) order: OrderId,
    pub(super) number: u32,
    pub(super) at_ms: i64,
    pub(super) event: &'c Event,
    pub(super) body: String,
}

pub(super) struct CallbackRow<'c> {
    pub(super) callback: &'c Callback,
    pub(super) order_version: u32,
    pub(super) sealed: Vec<u8>,
}

pub(super) struct DeliveryRow {
    pub(super) order: OrderId,
    pub(super) order_version: u32,
    pub(super) seq: Seq,
    pub(super) sealed: Vec<u8>,
}

/// Everything a batch writes.
#[derive(Default)]
pub(super) struct Rows<'c> {
    pub(super) orders: BTreeMap<OrderId, OrderRow<'c>>,
    pub(super) input_hashes: BTreeSet<(String, OrderId)>,
    pub(super) events: Vec<EventRow<'c>>,
    pub(super) postings: Vec<(&'c Posting, i64)>,
    pub(super) entries: Vec<(&'c str, i64, &'c Entry)>,
    pub(super) deliveries: Vec<DeliveryRow>,
    pub(super) evidence: Vec<(&'c Evidence, Vec<u8>)>,
    pub(super) callbacks: Vec<CallbackRow<'c>>,
    pub(super) tried: BTreeMap<&'c str, &'c CallbackTried>,
    pub(super) tries: Vec<&'c CallbackTried>,
}

/// The statements that write the winners among `commands`. `now_ms` dates postings that no
/// decision dates.
///
/// # Errors
/// When a value cannot be sealed or written as JSON; nothing has been written then.
pub(super) fn script(commands: &[Command], admission: &Admission, sealer: &Sealer, now_ms: i64) -> Result<Script, Trouble> {
    let mut rows = Rows::default();
    for (command, answer) in commands.iter().zip(&admission.answers) {
        if *answer == Answer::Done {
            rows.gather(command, sealer, now_ms)?;
        }
    }
    let mut script = Script::default();
    tables::write(&mut script, rows, admission);
    Ok(script)
}

impl<'c> Rows<'c> {
    fn gather(&mut self, command: &'c Command, sealer: &Sealer, now_ms: i64) -> Result<(), Trouble> {
        match command {
            Command::Decide(decision) => self.decide(decision, sealer),
            Command::Post(posting) => {
                self.post(posting, now_ms);
                Ok(())
            }
            Command::Orphan { case: _, evidence } => self.keep(evidence, sealer),
            Command::CallbackTried(tried) => {
                self.tried.insert(&tried.id, tried);
                self.tries.push(tried);
                Ok(())
            }
        }
    }

    fn decide(&mut self, decision: &'c Decision, sealer: &Sealer) -> Result<(), Trouble> {
        let change = &decision.change;
        let after = &change.after;
        let id = change.order;
        let inputs = match &decision.inputs {
            Some(inputs) => Some(self.inputs(id, inputs, sealer)?),
            None => None,
        };
        let row = self.orders.entry(id).or_insert_with(|| OrderRow {
            is_new: change.expected_version == 0,
            after,
            state: String::new(),
            sealed_inputs: None,
            held_minor: 0,
            settled: None,
            touched: BTreeSet::new(),
        });
        row.after = after;
        row.state = serde_json::to_string(after)?;
        row.sealed_inputs = row.sealed_inputs.take().or(inputs);
        row.touched.extend(change.events.iter().filter_map(|event| event.subject().seq()));
        for effect in &change.effects {
            if let Effect::Post(posting) = effect {
                row.note(posting);
            }
        }
        for (number, event) in (change.expected_version.saturating_add(1)..).zip(&change.events) {
            self.events.push(EventRow {
                order: id,
                number,
                at_ms: change.at_ms,
                event,
                body: serde_json::to_string(event)?,
            });
        }
        for effect in &change.effects {
            match effect {
                Effect::Post(posting) => self.post(posting, change.at_ms),
                Effect::Tell(callback) => self.tell(callback, after.version, sealer)?,
                Effect::Keep { seq, deliveries } => self.deliveries.push(DeliveryRow {
                    order: id,
                    order_version: after.version,
                    seq: *seq,
                    sealed: sealer.seal("deliveries", &format!("{id}:{}", after.version), &serde_json::to_vec(deliveries)?)?,
                }),
                // Cases are written by the batch, bytes by nobody.
                Effect::OpenCase(_) | Effect::Transmit { .. } => {}
            }
        }
        decision.evidence.iter().try_for_each(|evidence| self.keep(evidence, sealer))
    }

    fn tell(&mut self, callback: &'c Callback, order_version: u32, sealer: &Sealer) -> Result<(), Trouble> {
        // A try reported before the callback exists is a try of nothing.
        if self.tried.remove(callback.id.as_str()).is_some() {
            self.tries.retain(|tried| tried.id != callback.id);
        }
        let sealed = sealer.seal("callbacks", &callback.id, callback.payload.as_bytes())?;
        self.callbacks.push(CallbackRow {
            callback,
            order_version,
            sealed,
        });
        Ok(())
    }

    fn inputs(&mut self, order: OrderId, inputs: &Inputs, sealer: &Sealer) -> Result<Vec<u8>, Trouble> {
        for value in inputs.0.values() {
            self.input_hashes.insert((sealer.input_hash(value)?, order));
        }
        Ok(sealer.seal("orders", &order.to_string(), &serde_json::to_vec(inputs)?)?)
    }

    fn post(&mut self, posting: &'c Posting, at_ms: i64) {
        self.postings.push((posting, at_ms));
        let entries = (1..).zip(&posting.entries);
        self.entries.extend(entries.map(|(n, entry)| (posting.key.as_str(), n, entry)));
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
        if posting.key == format!("hold:{}", self.after.id) {
            self.held_minor = moved(&Account::ShopHeld(terms.shop));
        } else if posting.key == format!("settle:{}", self.after.id) {
            self.settled = Some(Settled {
                captured_minor: moved(&Account::Revenue),
                released_minor: moved(&Account::ShopAvailable(terms.shop)),
            });
        }
    }

    /// The attempts that the batch changes, in the order of their sequence.
    pub(super) fn touched_attempts(&self) -> impl Iterator<Item = (&'c Order, &'c Attempt)> {
        let attempts = self.after.attempts.iter().filter(|attempt| self.touched.contains(&attempt.seq));
        attempts.map(|attempt| (self.after, attempt))
    }
}
