//! What an order's events moved in the books, posting by posting.
//!
//! The postings are made again from the events by the domain's own constructors; nothing here
//! writes, and the auditor compares the same with what is stored.

use super::lines::LedgerLine;
use crate::domain::event::{Event, Recorded};
use crate::domain::ids::{Seq, SupplierId};
use crate::domain::ledger::Posting;
use crate::domain::money::Money;
use crate::domain::order::Order;

pub(super) fn postings(order: &Order, history: &[Recorded]) -> Vec<LedgerLine> {
    history
        .iter()
        .flat_map(|recorded| {
            of_event(order, &recorded.event)
                .into_iter()
                .map(move |posting| (recorded.number, posting))
        })
        .map(|(event, posting)| line(event, posting))
        .collect()
}

fn of_event(order: &Order, event: &Event) -> Vec<Posting> {
    let (id, shop, price) = (order.id, order.terms.shop, order.terms.price);
    let at = |seq: Seq| order.attempt(seq).map(|attempt| attempt.supplier.clone());
    let lost = |supplier: Option<SupplierId>, seq: Seq, cost: Money| supplier.map(|supplier| Posting::loss(id, seq, &supplier, cost));
    let settled = |captured_minor: i64| match order.is_advanced() {
        true => Posting::settle_advanced(id, shop, price, captured_minor),
        false => vec![Posting::settle(id, shop, price, captured_minor)],
    };
    match event {
        Event::OrderAccepted { terms, .. } => vec![Posting::hold(id, shop, price, terms.floor_minor)],
        Event::AttemptWon { seq, cost, .. } => at(*seq)
            .map(|supplier| Posting::cost(id, *seq, &supplier, *cost))
            .into_iter()
            .collect(),
        Event::OrderSucceeded { .. } => settled(price.minor),
        Event::OrderPartiallySucceeded { captured, .. } => settled(captured.minor),
        Event::OrderFailed { .. } | Event::OrderCancelled => settled(0),
        Event::OrderAdvanced { amount } => vec![Posting::advance(id, shop, *amount, 0)],
        Event::AttemptExcess { seq, cost, .. } | Event::AttemptLate { seq, cost, .. } => lost(at(*seq), *seq, *cost).into_iter().collect(),
        Event::CostRecovered { seq, amount, .. } => {
            let is_loss = order.attempt(*seq).is_some_and(|attempt| !attempt.is_won());
            at(*seq)
                .map(|supplier| Posting::recovery(id, *seq, &supplier, *amount, is_loss))
                .into_iter()
                .collect()
        }
        Event::OrderRefunded { key, amount, .. } => vec![Posting::refund(id, shop, key, *amount)],
        Event::OrderCharged { key, amount, .. } => vec![Posting::charge(id, shop, key, *amount)],
        Event::AttemptAssumedDead { .. }
        | Event::AttemptGivenUp { .. }
        | Event::OrderWaiting { .. }
        | Event::AttemptOpened { .. }
        | Event::AttemptResubmitted { .. }
        | Event::AttemptAccepted { .. }
        | Event::AttemptDoubted { .. }
        | Event::AttemptHinted { .. }
        | Event::AttemptConfirmed { .. }
        | Event::AttemptRefused { .. }
        | Event::AttemptNotSent { .. }
        | Event::AttemptContradicted { .. }
        | Event::AdvanceDeclined { .. }
        | Event::OrderOverdue
        | Event::CaseOpened { .. } => Vec::new(),
    }
}

fn line(event: u32, posting: Posting) -> LedgerLine {
    let currency = posting.currency;
    let signed = |minor: i64| {
        let sign = if minor > 0 { "+" } else { "" };
        format!("{sign}{}", Money::new(minor, currency).decimal())
    };
    LedgerLine {
        key: posting.key,
        event,
        entries: posting
            .entries
            .into_iter()
            .map(|entry| (entry.account.to_string(), signed(entry.minor)))
            .collect(),
    }
}
