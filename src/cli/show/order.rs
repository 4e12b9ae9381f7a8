//! One order from top to bottom, the way it is read when somebody asks where the money is.

use super::super::table::{Table, width};
use super::time;
use crate::console::Dossier;
use crate::domain::order::{NextAction, Step};
use crate::domain::report::rfc3339;

pub(super) fn dossier(order: &Dossier) -> String {
    let mut out = format!("order {}: {}\n\n", order.id, standing(order));
    facts(order, &mut out);
    attempts(order, &mut out);
    section("events", &events(order), &mut out);
    section("ledger (told from the events)", &ledger(order), &mut out);
    section("evidence (sealed, not shown)", &evidence(order), &mut out);
    section("callbacks", &callbacks(order), &mut out);
    section("cases", &cases(order), &mut out);
    out
}

fn standing(order: &Dossier) -> String {
    let open = match (order.is_in_doubt, order.is_overdue) {
        (true, true) => "in doubt, and past its deadline",
        (true, false) => "in doubt",
        (false, true) => "under way, past its deadline",
        (false, false) => "under way",
    };
    order.verdict.clone().unwrap_or_else(|| open.to_owned())
}

fn facts(order: &Dossier, out: &mut String) {
    let shop = order.shop_name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    let mut lines = vec![
        ("shop", format!("{}{shop}, its number {}", order.shop, order.shop_order_no)),
        (
            "product",
            format!("{} x {} of {} {}", order.quantity, order.sku, order.face_value, order.currency),
        ),
        ("price", format!("{} {}", order.price, order.currency)),
        ("accepted", rfc3339(order.accepted_at_ms)),
        ("deadline", rfc3339(order.deadline_ms)),
    ];
    if order.ended_at_ms.is_some() {
        lines.push(("ended", time(order.ended_at_ms)));
    }
    lines.push(("next", order.next_action.map_or_else(|| "nothing is scheduled".to_owned(), next)));
    if order.deliveries > 0 {
        lines.push(("deliveries", format!("{} kept under seal, not shown", order.deliveries)));
    }
    let inputs = order.inputs.iter().map(|input| (input.key.as_str(), input.masked.clone()));
    for (name, value) in lines.into_iter().chain(inputs) {
        let padding = " ".repeat(12_usize.saturating_sub(width(name)));
        out.push_str(&format!("  {name}{padding}{value}\n"));
    }
}

fn next(action: NextAction) -> String {
    let what = match action.step {
        Step::Try => "route, and open the next attempt if a supplier permits".to_owned(),
        Step::Query { seq } => format!("ask the supplier about attempt {seq}"),
        Step::Resubmit { seq } => format!("send attempt {seq} again under its number"),
        Step::Recall { seq } => format!("ask the supplier to withdraw attempt {seq}"),
        Step::Review => "look again".to_owned(),
        Step::Advance => "give the shop its money back from the risk account".to_owned(),
    };
    format!("{what}, at {}", rfc3339(action.at_ms))
}

fn attempts(order: &Dossier, out: &mut String) {
    out.push_str("\nattempts\n");
    if order.attempts.is_empty() {
        out.push_str("  none\n");
    }
    for attempt in &order.attempts {
        let reference = attempt
            .supplier_ref
            .as_ref()
            .map(|text| format!(", its number {text}"))
            .unwrap_or_default();
        out.push_str(&format!(
            "  {} at {}: {}, {}\n     number {}{reference}; code {}, cost {} {}, opened {}, settings {}\n",
            attempt.seq,
            attempt.supplier,
            attempt.state,
            attempt.meaning,
            attempt.id,
            attempt.code,
            attempt.cost,
            order.currency,
            rfc3339(attempt.opened_at_ms),
            attempt.settings,
        ));
        for sent in &attempt.transmissions {
            out.push_str(&format!(
                "     transmission {} at {}: {}\n",
                sent.n,
                rfc3339(sent.stamped_at_ms),
                sent.fate
            ));
        }
    }
}

fn section(name: &str, lines: &str, out: &mut String) {
    out.push_str(&format!("\n{name}\n{lines}"));
    if lines.is_empty() {
        out.push_str("  none\n");
    }
}

fn events(order: &Dossier) -> String {
    let mut out = String::new();
    for event in &order.events {
        out.push_str(&format!("  {:>3}  {:<24}  {}\n", event.number, rfc3339(event.at_ms), event.words));
    }
    out
}

fn ledger(order: &Dossier) -> String {
    let mut out = String::new();
    for posting in &order.ledger {
        let entries: Vec<String> = posting
            .entries
            .iter()
            .map(|(account, amount)| format!("{account} {amount}"))
            .collect();
        out.push_str(&format!("  {:>3}  {}: {}\n", posting.event, posting.key, entries.join(", ")));
    }
    out
}

fn evidence(order: &Dossier) -> String {
    if order.evidence.is_empty() {
        return String::new();
    }
    let mut table = Table::new(
        &["when", "attempt", "supplier", "how", "status", "bytes", "sha256", "id"],
        &[1, 4, 5],
    );
    for evidence in &order.evidence {
        table.row([
            rfc3339(evidence.at_ms),
            evidence.seq.map(|seq| seq.to_string()).unwrap_or_default(),
            evidence.supplier.to_string(),
            evidence.via.clone(),
            evidence.status.map(|status| status.to_string()).unwrap_or_default(),
            evidence.bytes.to_string(),
            evidence.digest.clone(),
            evidence.id.clone(),
        ]);
    }
    table.text(2)
}

fn callbacks(order: &Dossier) -> String {
    let mut out = String::new();
    for callback in &order.callbacks {
        let due = callback
            .due_at_ms
            .map(|at_ms| format!(" at {}", rfc3339(at_ms)))
            .unwrap_or_default();
        let result = callback
            .last_result
            .as_ref()
            .map(|text| format!(", the latest: {text}"))
            .unwrap_or_default();
        out.push_str(&format!(
            "  {}  {}{due} to {}, decided {}, {} tries{result}\n",
            callback.id,
            callback.state,
            callback.url,
            rfc3339(callback.created_at_ms),
            callback.tries
        ));
    }
    out
}

fn cases(order: &Dossier) -> String {
    let mut out = String::new();
    for case in &order.cases {
        let state = if case.is_open { "open" } else { "closed" };
        let risk = case
            .at_risk
            .as_ref()
            .map(|amount| format!(", {amount} at risk"))
            .unwrap_or_default();
        let since = case
            .opened_at_ms
            .map(|at_ms| format!(" since {}", rfc3339(at_ms)))
            .unwrap_or_default();
        out.push_str(&format!("  {}  {state}{since}: {}{risk}\n", case.key, case.meaning));
    }
    out
}
