//! The winners of a batch as rows: gathered over all of them, so that each table is written once.
//!
//! Invariants: an order that several winners change is written once, in its last state; attempts
//! come in the order of their sequence, so that one closes before the next opens and the index on
//! open attempts holds within the statement. Deliberately absent: an `UPDATE` of history.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::script::Script;
use super::trouble::Trouble;
use super::words;
use crate::domain::attempt::{Attempt, Transmission};
use crate::domain::callback::Callback;
use crate::domain::effect::Effect;
use crate::domain::event::Event;
use crate::domain::ids::{OrderId, Seq};
use crate::domain::ledger::{Account, Entry, Posting};
use crate::domain::order::{Order, Verdict};
use crate::domain::recipient::Inputs;
use crate::store::admit::Admission;
use crate::store::seal::Sealer;
use crate::store::{Answer, CallbackState, CallbackTried, Command, Decision, Evidence};

/// An order as the batch leaves it.
struct OrderRow<'c> {
    is_new: bool,
    after: &'c Order,
    state: String,
    sealed_inputs: Option<Vec<u8>>,
    held_minor: i64,
    settled: Option<Settled>,
    touched: BTreeSet<Seq>,
}

/// How a hold ended.
#[derive(Clone, Copy)]
struct Settled {
    captured_minor: i64,
    released_minor: i64,
}

struct EventRow<'c> {
    order: OrderId,
    number: u32,
    at_ms: i64,
    event: &'c Event,
    body: String,
}

struct CallbackRow<'c> {
    callback: &'c Callback,
    order_version: u32,
    sealed: Vec<u8>,
}

struct DeliveryRow {
    order: OrderId,
    order_version: u32,
    seq: Seq,
    sealed: Vec<u8>,
}

/// Everything a batch writes.
#[derive(Default)]
struct Rows<'c> {
    orders: BTreeMap<OrderId, OrderRow<'c>>,
    input_hashes: BTreeSet<(String, OrderId)>,
    events: Vec<EventRow<'c>>,
    postings: Vec<(&'c Posting, i64)>,
    entries: Vec<(&'c str, i64, &'c Entry)>,
    deliveries: Vec<DeliveryRow>,
    evidence: Vec<(&'c Evidence, Vec<u8>)>,
    callbacks: Vec<CallbackRow<'c>>,
    tried: BTreeMap<&'c str, &'c CallbackTried>,
    tries: Vec<&'c CallbackTried>,
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
    rows.write(&mut script, admission);
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
        row.touched.extend(change.events.iter().filter_map(attempt_of));
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

    fn write(self, script: &mut Script, admission: &Admission) {
        let attempts = self.orders.values().flat_map(OrderRow::touched_attempts).collect();
        write_orders(script, self.orders);
        write_inputs(script, self.input_hashes);
        write_attempts(script, attempts);
        write_events(script, self.events);
        write_books(script, self.postings, self.entries, admission);
        write_keepsakes(script, self.deliveries, self.evidence);
        write_callbacks(script, self.callbacks, self.tried, self.tries);
        write_cases(script, admission);
    }
}

fn write_orders(script: &mut Script, orders: BTreeMap<OrderId, OrderRow<'_>>) {
    let (new, old) = orders.into_values().partition(|row| row.is_new);
    let head = "INSERT INTO orders (id, version, shop_id, shop_order_no, sku, fingerprint, accepted_at_ms, deadline_ms, currency, \
                held_minor, sealed_inputs, status, is_in_doubt, finished_at_ms, next_action_at_ms, next_step, captured_minor, \
                released_minor, state) VALUES";
    script.rows(head, 19, new, "", |to, mut row| {
        let (order, terms) = (row.after, &row.after.terms);
        to.bind(order.id.get()).bind(order.version).bind(terms.shop.0);
        to.bind(terms.shop_order_no.as_str().to_owned())
            .bind(terms.sku.as_str().to_owned())
            .bind(terms.fingerprint.as_str().to_owned());
        to.bind(order.accepted_at_ms)
            .bind(terms.deadline_ms)
            .bind(terms.price.currency.code());
        to.bind(row.held_minor).bind(row.sealed_inputs.take());
        row.bind_standing(to);
    });
    let head = "UPDATE orders SET version = v.column2, status = v.column3, is_in_doubt = v.column4, finished_at_ms = v.column5, \
                next_action_at_ms = v.column6, next_step = v.column7, \
                captured_minor = COALESCE(v.column8, orders.captured_minor), \
                released_minor = COALESCE(v.column9, orders.released_minor), state = v.column10 FROM (VALUES";
    script.rows(head, 10, old, ") AS v WHERE orders.id = v.column1", |to, row| {
        to.bind(row.after.id.get()).bind(row.after.version);
        row.bind_standing(to);
    });
}

fn write_inputs(script: &mut Script, hashes: BTreeSet<(String, OrderId)>) {
    let head = "INSERT INTO order_inputs (input_hash, order_id) VALUES";
    script.rows(head, 2, hashes.into_iter().collect(), "", |to, (hash, order)| {
        to.bind(hash).bind(order.get());
    });
}

fn write_attempts(script: &mut Script, attempts: Vec<(&Order, &Attempt)>) {
    let mut sendings: Vec<(OrderId, Seq, Transmission)> = Vec::new();
    for (order, attempt) in &attempts {
        sendings.extend(attempt.transmissions.iter().map(|sent| (order.id, attempt.seq, *sent)));
    }
    let head = "INSERT INTO attempts (order_id, seq, supplier, attempt_id, settings, code, cost_minor, currency, state, \
                opened_at_ms, supplier_ref) VALUES";
    let tail = "ON CONFLICT (order_id, seq) DO UPDATE SET cost_minor = excluded.cost_minor, currency = excluded.currency, \
                state = excluded.state, supplier_ref = excluded.supplier_ref";
    script.rows(head, 11, attempts, tail, |to, (order, attempt)| {
        to.bind(order.id.get()).bind(attempt.seq).bind(attempt.supplier.as_str().to_owned());
        to.bind(order.attempt_id(attempt.seq).to_string());
        to.bind(attempt.settings.as_str().to_owned()).bind(attempt.code.clone());
        to.bind(attempt.cost.minor).bind(attempt.cost.currency.code()).bind(attempt.word());
        to.bind(attempt.opened_at_ms).bind(attempt.supplier_ref.clone());
    });
    let head = "INSERT INTO transmissions (order_id, seq, n, stamped_at_ms, fate) VALUES";
    let tail = "ON CONFLICT (order_id, seq, n) DO UPDATE SET fate = excluded.fate";
    script.rows(head, 5, sendings, tail, |to, (order, seq, sent)| {
        to.bind(order.get()).bind(seq).bind(sent.n);
        to.bind(sent.stamped_at_ms).bind(words::fate_word(sent.fate));
    });
}

/// The primary key (order, number) is the last backstop against a stale decision.
fn write_events(script: &mut Script, events: Vec<EventRow<'_>>) {
    let head = "INSERT INTO events (order_id, number, at_ms, kind, form_version, body) VALUES";
    script.rows(head, 6, events, "", |to, row| {
        to.bind(row.order.get()).bind(row.number).bind(row.at_ms);
        to.bind(row.event.kind()).bind(Event::VERSION).bind(row.body);
    });
}

fn write_books(script: &mut Script, postings: Vec<(&Posting, i64)>, entries: Vec<(&str, i64, &Entry)>, admission: &Admission) {
    let head = "INSERT INTO postings (key, order_id, currency, at_ms) VALUES";
    script.rows(head, 4, postings, "", |to, (posting, at_ms)| {
        to.bind(posting.key.clone()).bind(posting.order.map(OrderId::get));
        to.bind(posting.currency.code()).bind(at_ms);
    });
    let head = "INSERT INTO entries (posting_key, n, account, amount_minor) VALUES";
    script.rows(head, 4, entries, "", |to, (key, n, entry)| {
        to.bind(key.to_owned()).bind(n).bind(entry.account.to_string()).bind(entry.minor);
    });
    let head = "INSERT INTO accounts (account, currency, balance_minor) VALUES";
    let tail = "ON CONFLICT (account, currency) DO UPDATE SET balance_minor = excluded.balance_minor";
    let balances = admission.balances.iter().collect();
    script.rows(head, 3, balances, tail, |to, ((account, currency), minor)| {
        to.bind(account.to_string()).bind(currency.code()).bind(*minor);
    });
}

fn write_keepsakes(script: &mut Script, deliveries: Vec<DeliveryRow>, evidence: Vec<(&Evidence, Vec<u8>)>) {
    let head = "INSERT INTO deliveries (order_id, order_version, seq, sealed) VALUES";
    script.rows(head, 4, deliveries, "", |to, row| {
        to.bind(row.order.get()).bind(row.order_version).bind(row.seq).bind(row.sealed);
    });
    let head = "INSERT INTO evidence (id, order_id, seq, supplier, via, http_status, body_sha256, sealed, at_ms) VALUES";
    script.rows(head, 9, evidence, "ON CONFLICT (id) DO NOTHING", |to, (evidence, sealed)| {
        to.bind(evidence.id.0.to_string()).bind(evidence.order.map(OrderId::get));
        to.bind(evidence.seq).bind(evidence.supplier.as_str().to_owned());
        to.bind(words::via_word(evidence.via)).bind(evidence.status);
        to.bind(hex::encode(Sha256::digest(evidence.kept())))
            .bind(sealed)
            .bind(evidence.at_ms);
    });
}

fn write_callbacks(
    script: &mut Script,
    callbacks: Vec<CallbackRow<'_>>,
    tried: BTreeMap<&str, &CallbackTried>,
    tries: Vec<&CallbackTried>,
) {
    let head = "INSERT INTO callbacks (id, order_id, order_version, shop_id, url, sealed, created_at_ms, state, due_at_ms, tries) VALUES";
    script.rows(head, 10, callbacks, "", |to, row| {
        let callback = row.callback;
        to.bind(callback.id.clone()).bind(callback.order.get()).bind(row.order_version);
        to.bind(callback.shop.0).bind(callback.url.clone()).bind(row.sealed);
        to.bind(callback.created_at_ms).bind("due").bind(callback.created_at_ms).bind(0_i64);
    });
    let head = "UPDATE callbacks SET state = v.column2, due_at_ms = v.column3, tries = v.column4, last_result = v.column5 FROM (VALUES";
    let latest = tried.into_values().collect();
    script.rows(head, 5, latest, ") AS v WHERE callbacks.id = v.column1", |to, tried| {
        let (word, due_at_ms) = standing(tried.state);
        to.bind(tried.id.clone()).bind(word).bind(due_at_ms);
        to.bind(tried.tries).bind(tried.result.clone());
    });
    let head =
        "INSERT INTO callback_tries (callback_id, try, at_ms, result) SELECT v.column1, v.column2, v.column3, v.column4 FROM (VALUES";
    let tail = ") AS v WHERE v.column1 IN (SELECT id FROM callbacks) \
                ON CONFLICT (callback_id, try) DO UPDATE SET at_ms = excluded.at_ms, result = excluded.result";
    script.rows(head, 4, tries, tail, |to, tried| {
        to.bind(tried.id.clone())
            .bind(tried.tries)
            .bind(tried.at_ms)
            .bind(tried.result.clone());
    });
}

fn write_cases(script: &mut Script, admission: &Admission) {
    let head = "INSERT INTO cases (key, kind, order_id, risk_minor, risk_currency, opened_at_ms) VALUES";
    script.rows(head, 6, admission.cases.iter().collect(), "", |to, case| {
        to.bind(case.key.clone()).bind(case.kind.word()).bind(case.order.map(OrderId::get));
        to.bind(case.at_risk.map(|money| money.minor))
            .bind(case.at_risk.map(|money| money.currency.code()));
        to.bind(case.opened_at_ms);
    });
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

    /// Binds the eight columns that every change writes anew, in the same order for both statements.
    fn bind_standing(self, to: &mut super::script::Row<'_>) {
        let order = self.after;
        to.bind(words::status_word(order)).bind(order.is_in_doubt());
        to.bind(order.verdict.as_ref().map(Verdict::at_ms));
        to.bind(order.next_action.map(|next| next.at_ms));
        to.bind(order.next_action.map(|next| words::step_word(next.step)));
        to.bind(self.settled.map(|settled| settled.captured_minor));
        to.bind(self.settled.map(|settled| settled.released_minor));
        to.bind(self.state);
    }

    fn touched_attempts(&self) -> impl Iterator<Item = (&'c Order, &'c Attempt)> {
        let attempts = self.after.attempts.iter().filter(|attempt| self.touched.contains(&attempt.seq));
        attempts.map(|attempt| (self.after, attempt))
    }
}

fn standing(state: CallbackState) -> (&'static str, Option<i64>) {
    match state {
        CallbackState::Due(at_ms) => ("due", Some(at_ms)),
        CallbackState::Delivered => ("delivered", None),
        CallbackState::Parked => ("parked", None),
    }
}

/// The attempt that an event changes, if it changes one.
fn attempt_of(event: &Event) -> Option<Seq> {
    match event {
        Event::AttemptOpened { seq, .. }
        | Event::AttemptResubmitted { seq, .. }
        | Event::AttemptAccepted { seq, .. }
        | Event::AttemptDoubted { seq, .. }
        | Event::AttemptHinted { seq }
        | Event::AttemptConfirmed { seq }
        | Event::AttemptWon { seq, .. }
        | Event::AttemptRefused { seq, .. }
        | Event::AttemptNotSent { seq, .. }
        | Event::AttemptExcess { seq, .. }
        | Event::AttemptLate { seq, .. }
        | Event::AttemptContradicted { seq, .. } => Some(*seq),
        Event::OrderAccepted { .. }
        | Event::OrderWaiting { .. }
        | Event::OrderSucceeded { .. }
        | Event::OrderPartiallySucceeded { .. }
        | Event::OrderFailed { .. }
        | Event::OrderOverdue
        | Event::CaseOpened { .. } => None,
    }
}
