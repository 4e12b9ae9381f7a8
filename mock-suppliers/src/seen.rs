//! The log of authenticated requests: what a gateway really sent, and how often.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// What a request wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// A recharge was asked for.
    Submit,
    /// The state of an order was asked for.
    Query,
    /// An order was to be withdrawn.
    Recall,
    /// The balance was asked for.
    Balance,
}

/// One authenticated request, written down when it arrived, whatever became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenRequest {
    /// What it wanted.
    pub op: Operation,
    /// The id it named; a query for several ids is several lines; empty for a balance.
    pub id: String,
    /// The recipient it named; empty but for submits.
    pub recipient: String,
    /// When it arrived, in milliseconds UTC.
    pub at_ms: u64,
    /// How many requests of this kind named this id so far, this one included.
    pub transmission: u32,
}

/// All requests of one mock, in the order of their arrival.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    seen: Vec<SeenRequest>,
    counts: HashMap<(Operation, String), u32>,
}

impl RequestLog {
    /// Writes a request down and says the how-manieth of its kind and id it is.
    pub(crate) fn note(&mut self, op: Operation, id: &str, recipient: &str, at_ms: u64) -> u32 {
        let count = self.counts.entry((op, id.to_owned())).or_insert(0);
        *count = count.saturating_add(1);
        let transmission = *count;
        self.seen.push(SeenRequest {
            op,
            id: id.to_owned(),
            recipient: recipient.to_owned(),
            at_ms,
            transmission,
        });
        transmission
    }

    /// Every request so far.
    pub(crate) fn all(&self) -> &[SeenRequest] {
        &self.seen
    }
}
