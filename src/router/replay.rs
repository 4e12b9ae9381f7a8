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
use crate::domain::ids::{OrderId, Seq, SupplierId};
use crate::domain::money::{Currency, Money};
use crate::domain::offer::Offer;
use crate::domain::order::{Order, Terms};
use crate::domain::plan::{Because, Plan, SkipReason};
use crate::domain::policy::Policy;
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

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replay {
    /// Decisions made again.
    pub decisions: u32,
    /// How many of them delivered, as they were made.
    pub delivered: u32,
    /// Decisions for which the document has nobody at that moment: the order would have waited, or failed.
    pub nobody: u32,
    /// As they were made.
    pub then: Way,
    /// As the document makes them.
    pub draft: Way,
    /// Attempts by supplier: as they were made, and as the document makes them.
    pub shares: BTreeMap<SupplierId, (u32, u32)>,
    /// How many decisions differ.
    pub moved: u32,
    /// The latest of those, oldest first.
    pub moves: Vec<Move>,
}

/// What could be expected of decisions at the moments at which they were made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Way {
    /// Attempts opened.
    pub attempts: u32,
    /// The sum of their suppliers' scores, in basis points.
    pub success_bp: u64,
    /// The sum of their suppliers' shares of unknown outcomes, in basis points.
    pub unknown_bp: u64,
    /// What they cost if all deliver.
    pub cost: BTreeMap<Currency, i128>,
}

impl Way {
    fn add(&mut self, score_bp: u16, unknown_bp: u16, cost: Money) {
        self.attempts = self.attempts.saturating_add(1);
        self.success_bp = self.success_bp.saturating_add(u64::from(score_bp));
        self.unknown_bp = self.unknown_bp.saturating_add(u64::from(unknown_bp));
        let sum = self.cost.entry(cost.currency).or_default();
        *sum = sum.saturating_add(i128::from(cost.minor));
    }
}

/// A decision that the document makes otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// In which order.
    pub order: OrderId,
    /// Its attempt.
    pub seq: Seq,
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// Who got it.
    pub from: SupplierId,
    /// Why the document leaves that one out; absent: it only stands further behind.
    pub left_out: Option<SkipReason>,
    /// Who would have got it, and how that one comes first; absent: nobody.
    pub to: Option<(SupplierId, Because)>,
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
            replay.decide_again(order, event, at_ms, &book, ground);
        }
        *order = evolve(order.take(), event, at_ms);
        if let Some(seen) = order.as_ref().and_then(|after| sighting(after, event, at_ms)) {
            book.learn(&seen, ground.steering);
        }
    }
    replay
}

impl Replay {
    fn decide_again<'a, F>(&mut self, order: &Order, event: &Event, at_ms: i64, book: &HealthBook, ground: &Ground<'a, F>)
    where
        F: Fn(&Terms) -> (&'a [Offer], &'a str),
    {
        if let Event::AttemptWon { .. } = event {
            self.delivered = self.delivered.saturating_add(1);
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
            waits_ms: &BTreeMap::new(),
            shop,
            policy: ground.policy,
            draw: order.id.get().unsigned_abs(),
            now_ms: at_ms,
        };
        let plan = route(terms, &order.attempts, offers, &view);
        let group = steering.group(&terms.sku);
        let expected = |supplier: &SupplierId| {
            let standing = book.standing(supplier, group, steering, at_ms);
            (standing.hoped_bp(), standing.unknown_bp)
        };
        self.decisions = self.decisions.saturating_add(1);
        let (success_bp, unknown_bp) = expected(supplier);
        self.then.add(success_bp, unknown_bp, *cost);
        let first = plan.candidates.first();
        match first {
            Some(first) => {
                let (success_bp, unknown_bp) = expected(&first.supplier);
                self.draft.add(success_bp, unknown_bp, first.cost);
            }
            None => self.nobody = self.nobody.saturating_add(1),
        }
        let mut count = |supplier: &SupplierId, (then, draft): (u32, u32)| {
            let share = self.shares.entry(supplier.clone()).or_default();
            *share = (share.0.saturating_add(then), share.1.saturating_add(draft));
        };
        count(supplier, (1, 0));
        first.into_iter().for_each(|first| count(&first.supplier, (0, 1)));
        if first.is_none_or(|first| first.supplier != *supplier) {
            self.moved = self.moved.saturating_add(1);
            if self.moves.len() >= MOST_MOVES {
                self.moves.remove(0);
            }
            self.moves.push(Move {
                order: order.id,
                seq: *seq,
                at_ms,
                from: supplier.clone(),
                left_out: left_out(&plan, supplier),
                to: first.map(|first| (first.supplier.clone(), first.stands.because)),
            });
        }
    }
}

fn left_out(plan: &Plan, supplier: &SupplierId) -> Option<SkipReason> {
    let skip = plan.skipped.iter().find(|skip| skip.supplier == *supplier);
    skip.map(|skip| skip.reason.clone())
}
