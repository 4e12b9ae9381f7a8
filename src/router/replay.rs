//! Past decisions made again under another document: who would have got the orders, and what could have
//! been expected of that.
//!
//! Every attempt that was opened is decided again at its moment, with the order as it then stood and
//! with what had been seen of the suppliers until then. What suppliers did is what they did to the
//! orders that they really got: a draft that sends more orders to a supplier does not know how it would
//! have borne them. Queues are left out, for nobody knows how long they would have been.

use std::collections::BTreeMap;

use super::health::{HealthBook, sighting};
use super::route::route;
use super::snapshot::{Snapshot, View};
use crate::domain::event::{Event, Recorded};
use crate::domain::evolve::evolve;
use crate::domain::ids::SupplierId;
use crate::domain::offer::Offer;
use crate::domain::order::{Order, Terms};
use crate::domain::plan::{Plan, SkipReason};
use crate::domain::policy::Policy;
use crate::domain::replay::{Move, Replay};
use crate::domain::steering::Steering;

/// Decisions that differ are told one by one up to here, the latest ones.
const MOST_MOVES: usize = 100;

/// What decisions are made on besides the orders themselves.
pub struct Ground<'a, F> {
    /// How the suppliers are configured.
    pub suppliers: &'a Snapshot,
    /// The document to be tried.
    pub steering: &'a Steering,
    /// Bounds of settlement.
    pub policy: &'a Policy,
    /// The offers of an order's product, and the key of its shop.
    pub of: F,
    /// Decisions before this moment only teach, UTC milliseconds.
    pub from_ms: i64,
}

/// Decides every attempt in these histories again, in the order in which they were opened.
pub fn replay<'a, F>(histories: &[Vec<Recorded>], ground: &Ground<'a, F>) -> Replay
where
    F: Fn(&Terms) -> (&'a [Offer], &'a str),
{
    let mut events: Vec<(i64, usize, usize)> = Vec::new();
    for (history, of_order) in histories.iter().enumerate() {
        events.extend(
            of_order
                .iter()
                .enumerate()
                .map(|(place, recorded)| (recorded.at_ms, history, place)),
        );
    }
    // By time; of one moment, each order's own events stay in their order.
    events.sort_unstable();
    let mut orders: Vec<Option<Order>> = vec![None; histories.len()];
    let (mut book, mut replay) = (HealthBook::default(), Replay::default());
    for (at_ms, history, place) in events {
        let Some(Recorded { event, .. }) = histories.get(history).and_then(|events| events.get(place)) else {
            continue;
        };
        let Some(order) = orders.get_mut(history) else { continue };
        if let Some(order) = order.as_ref()
            && at_ms >= ground.from_ms
        {
            decide_again(&mut replay, order, event, at_ms, &book, ground);
        }
        *order = evolve(order.take(), event, at_ms);
        if let Some(seen) = order.as_ref().and_then(|after| sighting(after, event, at_ms)) {
            book.learn(&seen, ground.steering);
        }
    }
    replay
}

fn decide_again<'a, F>(replay: &mut Replay, order: &Order, event: &Event, at_ms: i64, book: &HealthBook, ground: &Ground<'a, F>)
where
    F: Fn(&Terms) -> (&'a [Offer], &'a str),
{
    if let Event::AttemptWon { .. } = event {
        replay.delivered = replay.delivered.saturating_add(1);
    }
    let Event::AttemptOpened { seq, supplier, cost, .. } = event else {
        return;
    };
    let (terms, steering) = (&order.terms, ground.steering);
    let (offers, shop) = (ground.of)(terms);
    let view = View {
        suppliers: ground.suppliers,
        steering,
        version: 0,
        health: book,
        loads: &BTreeMap::new(),
        shop,
        policy: ground.policy,
        draw: order.id.get().unsigned_abs(),
        now_ms: at_ms,
    };
    let plan = route(terms, &order.attempts, offers, &view);
    let group = steering.group(&terms.sku);
    let expected = |supplier: &SupplierId| {
        let standing = book.standing(supplier, group, terms.segment.as_ref(), steering, at_ms);
        (standing.hoped_bp(), standing.unknown_bp)
    };
    replay.decisions = replay.decisions.saturating_add(1);
    let (success_bp, unknown_bp) = expected(supplier);
    replay.then.add(success_bp, unknown_bp, *cost);
    let first = plan.candidates.first();
    match first {
        Some(first) => {
            let (success_bp, unknown_bp) = expected(&first.supplier);
            replay.draft.add(success_bp, unknown_bp, first.cost);
        }
        None => replay.nobody = replay.nobody.saturating_add(1),
    }
    let mut count = |supplier: &SupplierId, (then, draft): (u32, u32)| {
        let share = replay.shares.entry(supplier.clone()).or_default();
        *share = (share.0.saturating_add(then), share.1.saturating_add(draft));
    };
    count(supplier, (1, 0));
    first.into_iter().for_each(|first| count(&first.supplier, (0, 1)));
    if first.is_none_or(|first| first.supplier != *supplier) {
        replay.moved = replay.moved.saturating_add(1);
        if replay.moves.len() >= MOST_MOVES {
            replay.moves.remove(0);
        }
        replay.moves.push(Move {
            order: order.id,
            seq: *seq,
            at_ms,
            from: supplier.clone(),
            left_out: left_out(&plan, supplier),
            to: first.map(|first| (first.supplier.clone(), first.stands.because)),
        });
    }
}

fn left_out(plan: &Plan, supplier: &SupplierId) -> Option<SkipReason> {
    let skip = plan.skipped.iter().find(|skip| skip.supplier == *supplier);
    skip.map(|skip| skip.reason.clone())
}
