//! Steering and scores in words.

use super::super::table::Table;
use super::time;
use crate::console::drafts::DraftLine;
use crate::console::steering::{Explained, FlawLine, SteeringVersion};
use crate::dispatch::{AnswerCard, NamedCard, Scorecard};
use crate::domain::limits::Operation;
use crate::domain::report::rfc3339;

pub(super) fn versions(versions: &[SteeringVersion]) -> String {
    if versions.is_empty() {
        return "nothing has been published: priorities alone decide; scores and circuits are only shown\n".to_owned();
    }
    let mut table = Table::new(&["version", "in force from", "on whose word", "text of"], &[0, 3]);
    for version in versions {
        table.row([
            version.version.to_string(),
            rfc3339(version.at_ms),
            version.signed.clone(),
            version.back_to.map(|old| old.to_string()).unwrap_or_default(),
        ]);
    }
    table.text(0)
}

pub(super) fn drafts(drafts: &[DraftLine]) -> String {
    if drafts.is_empty() {
        return "no drafts are kept\n".to_owned();
    }
    let mut table = Table::new(&["draft", "written", "on whose word", "to correct"], &[3]);
    for draft in drafts {
        table.row([
            format!("@{}", draft.name),
            rfc3339(draft.at_ms),
            draft.signed.clone(),
            draft.flaws.map(|flaws| flaws.to_string()).unwrap_or_default(),
        ]);
    }
    table.text(0)
}

pub(super) fn flaws(flaws: &[FlawLine]) -> String {
    if flaws.is_empty() {
        return "nothing is wrong with it\n".to_owned();
    }
    let mut text = format!("{} to correct; nothing was changed\n", flaws.len());
    for flaw in flaws {
        text.push_str(&format!("  {}: {}\n", flaw.field, flaw.problem));
    }
    text
}

pub(super) fn explained(explained: &Explained) -> String {
    let document = match explained.version {
        0 => "built in, or a draft".to_owned(),
        version => format!("version {version}"),
    };
    let mut text = format!("by {} ({document})\n", explained.strategy);
    for (place, candidate) in (1..).zip(&explained.candidates) {
        text.push_str(&format!(
            "  {place}. {} for {} {}\n",
            candidate.supplier, candidate.cost, candidate.words
        ));
    }
    if explained.candidates.is_empty() {
        text.push_str("  nobody can be tried now\n");
    }
    for skip in &explained.skipped {
        text.push_str(&format!("  -  {}: {}\n", skip.supplier, skip.why));
    }
    text
}

/// The score and the circuit in one cell each, for a list.
pub(super) fn cells(card: Option<&Scorecard>) -> [String; 2] {
    let Some(card) = card else {
        return ["".to_owned(), "".to_owned()];
    };
    [score(card.score_bp), circuit(card)]
}

fn score(bp: Option<u16>) -> String {
    bp.map_or_else(|| "-".to_owned(), |bp| bp.to_string())
}

fn circuit(card: &Scorecard) -> String {
    let mut words = card.circuit.replace('_', " ");
    if let Some(percent) = card.share_percent {
        words.push_str(&format!(" at {percent} %"));
    }
    if let Some(cause) = &card.cause {
        words.push_str(&format!(" ({})", cause.word().replace('_', " ")));
    }
    if let Some(until_ms) = card.until_ms {
        words.push_str(&format!(" until {}", rfc3339(until_ms)));
    }
    words
}

pub(super) fn scorecard(named: &NamedCard) -> String {
    let NamedCard { supplier, card } = named;
    let mut text = match card.score_bp {
        Some(bp) => format!("{supplier}: score {bp} of 10000, from {} facts of late\n", card.facts),
        None => format!("{supplier}: no score yet, nothing has been seen of it\n"),
    };
    let percent = |bp: u16| format!("{}.{:02} %", bp.div_euclid(100), bp.rem_euclid(100));
    text.push_str(&format!(
        "  circuit     {}{}\n",
        circuit(card),
        card.since_ms
            .map(|at_ms| format!(", by the gateway itself, since {}", rfc3339(at_ms)))
            .unwrap_or_default()
    ));
    if let Some(by) = &card.opened_by {
        text.push_str(&format!("  opened by   attempt {}\n", by.attempt));
    }
    let standing = if card.is_ill {
        "behind the healthy suppliers"
    } else {
        "among the healthy suppliers"
    };
    let since = card.ill_since_ms.map(|at_ms| format!(", since {}", rfc3339(at_ms)));
    text.push_str(&format!("  stands      {standing}{}\n", since.unwrap_or_default()));
    text.push_str(&format!("  unknown     {} of the outcomes\n", percent(card.unknown_bp)));
    text.push_str(&format!("  complaints  {} of the outcomes\n", percent(card.complaint_bp)));
    if let Some(ms) = card.latency_ms {
        text.push_str(&format!("  delivers in {ms} ms, smoothed\n"));
    }
    if let Some(bp) = card.told_bp {
        text.push_str(&format!(
            "  tells       {} of its deliveries by itself; the rest is asked for\n",
            percent(bp)
        ));
    }
    if let Some(ms) = card.notified_ms {
        text.push_str(&format!("  notifies    of a delivery after {ms} ms, smoothed\n"));
    }
    if let Some(bp) = card.denied_bp {
        text.push_str(&format!(
            "  denied      {} of its deliveries first, when it was asked\n",
            percent(bp)
        ));
    }
    for answer in &card.answers {
        let what = match answer.operation {
            Operation::Submit => "submits",
            Operation::Query => "queries",
            Operation::Balance => "balances",
        };
        let AnswerCard { score_bp, facts, .. } = answer;
        text.push_str(&format!("  answers     {what}: score {score_bp} of 10000, from {facts} of late\n"));
    }
    if let (Some(balance), Some(at_ms)) = (&card.balance, card.balance_at_ms) {
        let lasts = card
            .balance_hours
            .map(|hours| format!(", enough for {hours} h at the rate of late"));
        text.push_str(&format!(
            "  our money   {balance} at {}{}\n",
            rfc3339(at_ms),
            lasts.unwrap_or_default()
        ));
    }
    if card.at_once < card.at_once_most {
        text.push_str(&format!(
            "  bears       {} requests at once, as learnt; its contract allows {}\n",
            card.at_once, card.at_once_most
        ));
    }
    if let Some(until_ms) = card.rests_until_ms {
        text.push_str(&format!("  wants       no submits until {}\n", rfc3339(until_ms)));
    }
    if let Some(ends_ms) = card.day_ends_ms {
        let orders = card.orders_left.map(|orders| format!("{orders} orders"));
        let left: Vec<String> = orders.into_iter().chain(card.cost_left.clone()).collect();
        text.push_str(&format!(
            "  today       {} left; its next day begins at {}\n",
            left.join(" and "),
            rfc3339(ends_ms)
        ));
    }
    text.push_str(&format!("  way back    {}\n", way_back(card)));
    if !card.facets.is_empty() {
        let mut table = Table::new(
            &["product or group", "carrier or region", "score", "facts", "circuit", "queries"],
            &[2, 3, 5],
        );
        for facet in &card.facets {
            table.row([
                facet.group.clone(),
                facet.part.clone().unwrap_or_else(|| "all".to_owned()),
                score(facet.score_bp),
                facet.facts.to_string(),
                facet.circuit.replace('_', " "),
                score(facet.queries_bp),
            ]);
        }
        text.push_str("\nwith each product\n");
        text.push_str(&table.text(2));
    }
    if !card.costly.is_empty() {
        let mut table = Table::new(&["when", "attempt", "product", "what it was"], &[]);
        for costly in card.costly.iter().rev() {
            table.row([
                time(Some(costly.at_ms)),
                costly.attempt.to_string(),
                costly.sku.to_string(),
                costly.what.clone(),
            ]);
        }
        text.push_str("\nwhat cost it, newest first\n");
        text.push_str(&table.text(2));
    }
    text
}

fn way_back(card: &Scorecard) -> &'static str {
    match (card.circuit.as_str(), card.is_ill) {
        ("open", _) => "when its open time ends, single orders probe it; successes let it return",
        ("half_open", _) => "each order that it delivers now counts; after some in a row its traffic returns in growing shares",
        ("returning", _) => "its share grows with time and deliveries",
        (_, true) => "deliver: the score rises with each success, and old faults are forgotten",
        (_, false) => "none needed",
    }
}
