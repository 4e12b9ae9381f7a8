//! Rows into statements, one a table; what must precede is written first, for the foreign keys.
//!
//! Invariants: attempts come in the order of their sequence, so that one closes before the next
//! opens and the index on open attempts holds within the statement; history, books and evidence
//! are only ever inserted.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::rows::{CallbackRow, DeliveryRow, EventRow, OrderRow, Rows};
use super::script::{Row, Script};
use super::words;
use crate::domain::attempt::{Attempt, Transmission};
use crate::domain::event::Event;
use crate::domain::ids::{OrderId, Seq};
use crate::domain::ledger::{Entry, Posting};
use crate::domain::order::{Order, Verdict};
use crate::store::admit::Admission;
use crate::store::{CallbackState, CallbackTried, Evidence};

/// Adds the statements that write `rows` and what the batch adds up to.
pub(super) fn write(script: &mut Script, rows: Rows<'_>, admission: &Admission) {
    let attempts = rows.orders.values().flat_map(OrderRow::touched_attempts).collect();
    write_orders(script, rows.orders);
    write_inputs(script, rows.input_hashes);
    write_attempts(script, attempts);
    write_events(script, rows.events);
    write_books(script, rows.postings, rows.entries, admission);
    write_keepsakes(script, rows.deliveries, rows.evidence);
    write_callbacks(script, rows.callbacks, rows.tried, rows.tries);
    write_cases(script, admission);
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
        bind_standing(row, to);
    });
    let head = "UPDATE orders SET version = v.column2, status = v.column3, is_in_doubt = v.column4, finished_at_ms = v.column5, \
                next_action_at_ms = v.column6, next_step = v.column7, \
                captured_minor = COALESCE(v.column8, orders.captured_minor), \
                released_minor = COALESCE(v.column9, orders.released_minor), state = v.column10 FROM (VALUES";
    script.rows(head, 10, old, ") AS v WHERE orders.id = v.column1", |to, row| {
        to.bind(row.after.id.get()).bind(row.after.version);
        bind_standing(row, to);
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

/// Binds the eight columns that every change writes anew, in the same order for both statements.
fn bind_standing(row: OrderRow<'_>, to: &mut Row<'_>) {
    let order = row.after;
    to.bind(words::status_word(order)).bind(order.is_in_doubt());
    to.bind(order.verdict.as_ref().map(Verdict::at_ms));
    to.bind(order.next_action.map(|next| next.at_ms));
    to.bind(order.next_action.map(|next| words::step_word(next.step)));
    to.bind(row.settled.map(|settled| settled.captured_minor));
    to.bind(row.settled.map(|settled| settled.released_minor));
    to.bind(row.state);
}

fn standing(state: CallbackState) -> (&'static str, Option<i64>) {
    match state {
        CallbackState::Due(at_ms) => ("due", Some(at_ms)),
        CallbackState::Delivered => ("delivered", None),
        CallbackState::Parked => ("parked", None),
    }
}
