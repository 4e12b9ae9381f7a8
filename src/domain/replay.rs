//! The answer to a replay: past decisions as they were made, and as another document would make them.

use std::collections::BTreeMap;

use super::ids::{OrderId, Seq, SupplierId};
use super::money::{Currency, Money};
use super::plan::{Because, SkipReason};

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
    /// Counts one attempt, with what was to be expected of it.
    pub fn add(&mut self, score_bp: u16, unknown_bp: u16, cost: Money) {
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
