//! How a supplier answers what it is asked besides orders: queries and balances, each with a score of its
//! own. They are shown and decide nothing: what is not answered leaves orders unknown, and those count.

use std::collections::BTreeMap;

use super::tally::{Count, Tally};
use crate::domain::ids::{Sku, SupplierId};
use crate::domain::limits::Operation;

/// A question to a supplier, and whether there was an answer that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// To whom.
    pub supplier: SupplierId,
    /// About an order of which product, if about one.
    pub sku: Option<Sku>,
    /// What was asked.
    pub operation: Operation,
    /// Whether it was answered.
    pub is_answered: bool,
    /// When, UTC milliseconds.
    pub at_ms: i64,
}

/// How one operation is answered at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answering {
    /// Which.
    pub operation: Operation,
    /// Its score in basis points.
    pub score_bp: u16,
    /// How many questions it rests on, as they count now.
    pub facts: u32,
}

/// The questions of late, as they count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Answers(BTreeMap<Operation, Tally>);

impl Answers {
    pub fn learn(&mut self, question: &Question, half_life_ms: i64) {
        let count = if question.is_answered { Count::Good } else { Count::Fault };
        let tally = self.0.entry(question.operation).or_default();
        tally.add(count, question.at_ms, half_life_ms);
    }

    pub fn at(&self, now_ms: i64, half_life_ms: i64) -> Vec<Answering> {
        let answering = |(operation, tally): (&Operation, &Tally)| {
            let tally = tally.at(now_ms, half_life_ms);
            Answering {
                operation: *operation,
                score_bp: tally.lone_score_bp(),
                facts: tally.facts(),
            }
        };
        self.0.iter().map(answering).collect()
    }
}
