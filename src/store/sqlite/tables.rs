//! Rows into statements, one a table.
//!
//! Invariants: attempts come in the order of their sequence, so that one closes before the next
//! opens and the index on open attempts holds within the statement; history, books and stamps are
//! only ever inserted.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::rows::{CallbackKey, CallbackRow, HistoryRow, OrderRow, Rows, Stamp};
use super::script::{Row, Script};
use super::trouble::Trouble;
use super::{evidence, words};
use crate::domain::attempt::Attempt;
use crate::domain::desk::Deed;
use crate::domain::event::Event;
use crate::domain::ids::OrderId;
use crate::domain::ledger::Posting;
use crate::domain::order::{Order, Verdict};
use crate::store::admit::{Admission, closes};
use crate::store::{CallbackState, CallbackTried, Evidence};

/// The statements that write `rows` and what the batch adds up to.
pub(super) fn write(rows: Rows<'_>, admission: &Admission) -> Result<Script, Trouble> {
    let mut script = Script::default();
    let to = &mut script;
    let attempts = rows.orders.values().flat_map(OrderRow::touched_attempts).collect();
    write_orders(to, rows.orders);
    write_inputs(to, rows.input_hashes);
    write_history(to, rows.history);
    write_attempts(to, attempts, rows.stamps);
    write_books(to, rows.postings, admission)?;
    write_strays(to, rows.strays);
    write_callbacks(to, rows.callbacks, rows.tried);
    write_cases(to, admission);
    write_deeds(to, rows.deeds)?;
    Ok(script)
}

/// A second settlement adds up to more than the hold, which the schema refuses.
fn write_orders(script: &mut Script, orders: BTreeMap<OrderId, OrderRow<'_>>) {
    let (new, old) = orders.into_values().partition(|row| row.is_new);
    let place = "orders (id, shop_id, shop_order_no, held_minor, sealed_inputs, version, finished_at_ms, next_action_at_ms, \
                 captured_minor, released_minor, link, next_step)";
    script.insert(place, 12, new, "", |to, mut row| {
        let (order, terms) = (row.after, &row.after.terms);
        to.bind(order.id.get()).bind(terms.shop.0).bind(terms.shop_order_no.shared());
        to.bind(row.held_minor).bind(row.sealed_inputs.take());
        bind_standing(row, to);
    });
    let head = "UPDATE OR FAIL orders SET version = v.column2, finished_at_ms = v.column3, next_action_at_ms = v.column4, \
                captured_minor = COALESCE(captured_minor + v.column5, captured_minor, v.column5), \
                released_minor = COALESCE(released_minor + v.column6, released_minor, v.column6), link = v.column7, next_step = v.column8 FROM";
    script.rows(head, 8, old, "AS v WHERE id = v.column1", |to, row| {
        to.bind(row.after.id.get());
        bind_standing(row, to);
    });
}

/// Binds the seven columns that every change writes anew, in the same order for both statements.
fn bind_standing(row: OrderRow<'_>, to: &mut Row<'_>) {
    let order = row.after;
    to.bind(order.version).bind(order.verdict.as_ref().map(Verdict::at_ms));
    to.bind(order.next_action.map(|next| next.at_ms));
    to.bind(row.settled.map(|settled| settled.captured_minor));
    to.bind(row.settled.map(|settled| settled.released_minor));
    to.bind(row.link.to_vec()).bind(row.next_step);
}

fn write_inputs(script: &mut Script, hashes: Vec<u8>) {
    let row = if hashes.is_empty() { Vec::new() } else { vec![hashes] };
    script.insert("order_inputs (hashes)", 1, row, "", |to, hashes| {
        to.bind(hashes);
    });
}

fn write_history(script: &mut Script, history: Vec<HistoryRow>) {
    let place = "history (order_id, number, at_ms, form_version, events, postings, evidence, sealed, link)";
    script.insert(place, 9, history, "", |to, row| {
        to.bind(row.order.get()).bind(row.number).bind(row.at_ms).bind(Event::VERSION);
        to.bind(row.events).bind(row.postings).bind(row.evidence).bind(row.sealed);
        to.bind(row.link.to_vec());
    });
}

/// Old attempts first: one closes before the next opens.
fn write_attempts(script: &mut Script, attempts: Vec<(&Order, &Attempt, bool)>, stamps: Vec<Stamp>) {
    let (new, old) = attempts.into_iter().partition(|(.., is_new)| *is_new);
    let head = "UPDATE OR FAIL attempts SET state = v.column3, cost_minor = v.column4, supplier_ref = v.column5 FROM";
    script.rows(
        head,
        5,
        old,
        "AS v WHERE order_id = v.column1 AND seq = v.column2",
        |to, (order, attempt, _)| {
            to.bind(order.id.get()).bind(attempt.seq);
            to.word(attempt.word()).bind(attempt.cost.minor).bind(attempt.supplier_ref.clone());
        },
    );
    let place = "attempts (order_id, seq, supplier, opened_at_ms, state, cost_minor, supplier_ref)";
    script.insert(place, 7, new, "", |to, (order, attempt, _)| {
        to.bind(order.id.get()).bind(attempt.seq).bind(attempt.supplier.shared());
        to.bind(attempt.opened_at_ms);
        to.word(attempt.word()).bind(attempt.cost.minor).bind(attempt.supplier_ref.clone());
    });
    script.insert("resubmissions (order_id, seq, n, stamped_at_ms)", 4, stamps, "", |to, stamp| {
        to.bind(stamp.order.get()).bind(stamp.seq).bind(stamp.n).bind(stamp.at_ms);
    });
}

fn write_books(script: &mut Script, postings: Vec<(&Posting, i64)>, admission: &Admission) -> Result<(), Trouble> {
    let mut rows = Vec::with_capacity(postings.len());
    for (posting, at_ms) in postings {
        rows.push((posting, at_ms, words::posting(posting)?));
    }
    script.insert("postings (key, at_ms, posting)", 3, rows, "", |to, (posting, at_ms, text)| {
        to.bind(posting.key.clone()).bind(at_ms).bind(text);
    });
    let conflict = "ON CONFLICT (account, currency) DO UPDATE SET balance_minor = excluded.balance_minor";
    let balances = admission.balances.iter().collect();
    script.insert(
        "accounts (account, currency, balance_minor)",
        3,
        balances,
        conflict,
        |to, ((account, currency), minor)| {
            to.bind(account.to_string()).word(currency.code()).bind(*minor);
        },
    );
    Ok(())
}

fn write_strays(script: &mut Script, strays: Vec<(&Evidence, Vec<u8>)>) {
    let place = "stray_evidence (at_ms, id, supplier, via, http_status, body_sha256, sealed)";
    let conflict = "ON CONFLICT (at_ms, id) DO NOTHING";
    script.insert(place, 7, strays, conflict, |to, (stray, sealed)| {
        to.bind(stray.at_ms).bind(Arc::clone(&stray.id.0)).bind(stray.supplier.shared());
        to.word(words::via_word(stray.via)).bind(stray.status);
        to.bind(evidence::hash(stray.kept())).bind(sealed);
    });
}

fn write_callbacks(script: &mut Script, callbacks: Vec<CallbackRow<'_>>, tried: Vec<BTreeMap<CallbackKey, &CallbackTried>>) {
    let place = "callbacks (order_id, number, history_number, shop_id, url, created_at_ms, state, due_at_ms, tries)";
    script.insert(place, 9, callbacks, "", |to, row| {
        let callback = row.callback;
        to.bind(callback.order.get()).bind(row.number).bind(row.history_number);
        to.bind(callback.shop.0).bind(callback.url.clone()).bind(callback.created_at_ms);
        to.word("due").bind(callback.created_at_ms).bind(0_i64);
    });
    for wave in tried {
        let (first, later) = wave.into_iter().partition(|(_, tried)| tried.tries <= 1);
        write_tries(script, FIRST_TRIES, first);
        write_tries(script, LATER_TRIES, later);
    }
}

const FIRST_TRIES: &str = "UPDATE OR FAIL callbacks SET state = v.column3, due_at_ms = v.column4, tries = v.column5, \
                           tried_at_ms = v.column6, last_result = v.column7 FROM";
/// Keeps what the row said of the try before. A text of its own, because SQLite copies every page that a
/// statement with a function in it changes: functions can fail.
const LATER_TRIES: &str = "UPDATE OR FAIL callbacks SET state = v.column3, due_at_ms = v.column4, tries = v.column5, \
                           tried_at_ms = v.column6, last_result = v.column7, earlier_tries = CASE WHEN tries BETWEEN 1 AND v.column5 - 1 \
                           THEN json_insert(COALESCE(earlier_tries, '[]'), '$[#]', json_array(tries, tried_at_ms, last_result)) \
                           ELSE earlier_tries END FROM";

fn write_tries(script: &mut Script, head: &'static str, tries: Vec<(CallbackKey, &CallbackTried)>) {
    let tail = "AS v WHERE order_id = v.column1 AND number = v.column2";
    script.rows(head, 7, tries, tail, |to, ((order, number), tried)| {
        let (word, due_at_ms) = standing(tried.state);
        to.bind(order.get()).bind(number).word(word).bind(due_at_ms);
        to.bind(tried.tries).bind(tried.at_ms).bind(tried.result.clone());
    });
}

fn write_cases(script: &mut Script, admission: &Admission) {
    let place = "cases (key, kind, order_id, risk_minor, risk_currency, opened_at_ms)";
    script.insert(place, 6, admission.cases.iter().collect(), "", |to, case| {
        to.bind(case.key.clone()).word(case.kind.word()).bind(case.order.map(OrderId::get));
        to.bind(case.at_risk.map(|money| money.minor))
            .bind(case.at_risk.map(|money| money.currency.code()));
        to.bind(case.opened_at_ms);
    });
}

/// After the cases: one that is opened and closed together is there to be closed. Of two that close
/// one case, the first stands.
fn write_deeds(script: &mut Script, deeds: Vec<&Deed>) -> Result<(), Trouble> {
    let mut rows = Vec::with_capacity(deeds.len());
    let mut closing: BTreeMap<&str, i64> = BTreeMap::new();
    for deed in deeds {
        if let Some(case) = closes(deed) {
            closing.entry(case).or_insert(deed.at_ms);
        }
        rows.push((deed, serde_json::to_string(deed)?));
    }
    script.insert("deeds (subject, at_ms, body)", 3, rows, "", |to, (deed, body)| {
        to.bind(deed.subject.clone()).bind(deed.at_ms).bind(body);
    });
    let head = "UPDATE OR FAIL cases SET closed_at_ms = v.column2 FROM";
    let tail = "AS v WHERE key = v.column1 AND closed_at_ms IS NULL";
    script.rows(head, 2, closing.into_iter().collect(), tail, |to, (case, at_ms)| {
        to.bind(case.to_owned()).bind(at_ms);
    });
    Ok(())
}

fn standing(state: CallbackState) -> (&'static str, Option<i64>) {
    match state {
        CallbackState::Due(at_ms) => ("due", Some(at_ms)),
        CallbackState::Delivered => ("delivered", None),
        CallbackState::Parked => ("parked", None),
    }
}
