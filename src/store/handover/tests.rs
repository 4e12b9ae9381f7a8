//! What is handed over, going by the answer a commit got.

use futures_util::FutureExt;

use super::*;
use crate::domain::callback::Callback;
use crate::domain::decide::{Facts, accept};
use crate::domain::event::Event;
use crate::domain::failure::Failure;
use crate::domain::ids::{OrderId, ProcessId, ShopId, ShopOrderNo, Sku};
use crate::domain::money::{Currency, Money};
use crate::domain::order::{Asked, Fingerprint, Terms};
use crate::domain::plan::Plan;
use crate::domain::policy::{Policy, RuleBook};
use crate::domain::product::ProductKind;
use crate::domain::recipient::Inputs;
use crate::store::Decision;

const NOW_MS: i64 = 1_800_000_000_000;

fn terms() -> Terms {
    let (sku, money) = (Sku::from("qb"), Money::new(1_000, Currency::Cny));
    let fingerprint = Fingerprint::of(&Asked {
        sku: &sku,
        quantity: 1,
        face_value: None,
        max_price: None,
        inputs: &Inputs::default(),
        callback_url: None,
        deadline_seconds: None,
    });
    Terms {
        shop: ShopId(1),
        shop_order_no: ShopOrderNo::from("n1"),
        sku,
        kind: ProductKind::TopUp,
        quantity: 1,
        face: money,
        price: money,
        may_lose_money: false,
        floor_minor: 0,
        fingerprint,
        deadline_ms: NOW_MS + 600_000,
        callback_url: Some("https://shop.example/told".to_owned()),
        segment: None,
        advance_after_ms: None,
    }
}

/// A command that tells a shop `count` things, the verdict among them or not.
fn telling(count: usize, has_verdict: bool) -> Command {
    let (policy, rules) = (Policy::default(), RuleBook::default());
    let facts = Facts {
        policy: &policy,
        rules: &rules,
        process: ProcessId(1),
    };
    let id = OrderId::compose(NOW_MS, 1, 1).unwrap();
    let nobody = Plan {
        candidates: Vec::new(),
        skipped: Vec::new(),
        ..Plan::default()
    };
    let mut change = accept(id, terms(), nobody, None, facts, NOW_MS).unwrap();
    let callback = |n: usize| {
        Effect::Tell(Callback {
            id: format!("evt_{id}_{n}"),
            order: id,
            shop: ShopId(1),
            url: "https://shop.example/told".to_owned(),
            payload: "{}".to_owned(),
            created_at_ms: NOW_MS,
        })
    };
    change.effects = (0..count).map(callback).collect();
    let failed = Event::OrderFailed {
        failure: Failure::NoSupplier,
    };
    change.events = if has_verdict { vec![failed] } else { vec![Event::OrderOverdue] };
    Command::Decide(Box::new(Decision {
        change,
        inputs: None,
        evidence: Vec::new(),
    }))
}

fn taken(handover: &Handover) -> Option<Queued> {
    handover.take().now_or_never()
}

#[test]
fn the_verdict_is_the_first_that_is_told_and_nothing_else_is() {
    let handover = Handover::default();
    handover.note(&telling(2, true), &Answer::Done);
    handover.note(&telling(1, false), &Answer::Done);
    let queued = taken(&handover).unwrap();
    let is_first: Vec<bool> = queued.rows.iter().map(|fresh| fresh.is_first).collect();
    assert_eq!(is_first, [true, false, false]);
    assert!(!queued.is_partial);
    assert_eq!(taken(&handover), None, "handed over once");
}

#[test]
fn what_was_not_written_is_not_handed_over() {
    let handover = Handover::default();
    for answer in [Answer::Stale, Answer::Outage("away".to_owned())] {
        handover.note(&telling(1, true), &answer);
    }
    handover.note(&telling(0, true), &Answer::Done);
    handover.note(&telling(0, true), &Answer::Unknown);
    assert_eq!(taken(&handover), None);
}

#[test]
fn what_may_have_been_written_is_a_reason_to_look_into_the_outbox_and_nothing_to_send() {
    let handover = Handover::default();
    handover.note(&telling(1, true), &Answer::Unknown);
    let queued = taken(&handover).unwrap();
    assert!(queued.is_partial && queued.rows.is_empty());
}

#[test]
fn more_than_fit_are_left_in_the_outbox_and_said_to_be_there() {
    let handover = Handover::default();
    handover.note(&telling(MOST, true), &Answer::Done);
    handover.note(&telling(1, true), &Answer::Done);
    let queued = taken(&handover).unwrap();
    assert_eq!(queued.rows.len(), MOST);
    assert!(queued.is_partial);
    handover.note(&telling(1, true), &Answer::Done);
    assert_eq!(
        taken(&handover).map(|queued| (queued.rows.len(), queued.is_partial)),
        Some((1, false))
    );
}
