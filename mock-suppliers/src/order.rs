//! One order inside the mock: what was asked, and everything that will become of it.
//!
//! The future is fixed when the order is taken on, as a list of turns in time. So a state is a function of the clock,
//! nothing has to be written when it changes, and a restarted mock continues where it was.

use serde::{Deserialize, Serialize};

use crate::book::{Charge, Settled, Turn};
use crate::fault::Fault;
use crate::money::share;

/// What a submit asks for, in the mock's words.
#[derive(Debug, Clone)]
pub(crate) struct Submission {
    pub(crate) id: String,
    pub(crate) recipient: String,
    pub(crate) product: String,
    pub(crate) quantity: u32,
    /// Face value of one, where the wire states it.
    pub(crate) face_minor: Option<i64>,
    /// The most the caller is ready to be billed, where the wire states it.
    pub(crate) max_cost_minor: Option<i64>,
    pub(crate) notify_url: Option<String>,
}

/// An order the mock remembers; one line of the book file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) recipient: String,
    pub(crate) product: String,
    pub(crate) quantity: u32,
    pub(crate) face_minor: i64,
    pub(crate) cost_minor: i64,
    /// Percent that is delivered if it ends in part.
    pub(crate) percent: u32,
    pub(crate) notify_url: Option<String>,
    pub(crate) supplier_ref: String,
    pub(crate) at_ms: u64,
    /// False for a refused id that is only remembered: no charge, state failed.
    pub(crate) charged: bool,
    pub(crate) turns: Vec<Turn>,
    /// The faults of its life after the submit.
    pub(crate) faults: Vec<Fault>,
    /// How many more queries are answered "no such order".
    pub(crate) hidden_queries: u32,
}

impl Order {
    /// The state at a moment.
    pub(crate) fn settled_at(&self, now_ms: u64) -> Settled {
        self.turns
            .iter()
            .rev()
            .find(|turn| turn.at_ms <= now_ms)
            .map_or(Settled::Processing, |turn| turn.settled)
    }

    /// What is billed in a state, in fen.
    pub(crate) fn billed_minor(&self, settled: Settled) -> i64 {
        self.part_of(self.cost_minor, settled, self.cost_minor)
    }

    /// What is delivered in a state, in fen of face value.
    pub(crate) fn delivered_minor(&self, settled: Settled) -> i64 {
        self.part_of(self.face_minor, settled, 0)
    }

    fn part_of(&self, whole_minor: i64, settled: Settled, while_processing: i64) -> i64 {
        match settled {
            Settled::Processing => while_processing,
            Settled::Delivered => whole_minor,
            Settled::Partial => share(whole_minor, self.percent, 100),
            Settled::Failed | Settled::Reversed => 0,
        }
    }

    /// The line of the book, if this order was charged.
    pub(crate) fn charge(&self, supplier: &str, now_ms: u64) -> Option<Charge> {
        let settled = self.settled_at(now_ms);
        self.charged.then(|| Charge {
            supplier: supplier.to_owned(),
            id: self.id.clone(),
            recipient: self.recipient.clone(),
            product: self.product.clone(),
            amount_minor: self.billed_minor(settled),
            delivered_minor: self.delivered_minor(settled),
            at_ms: self.at_ms,
            settled,
            supplier_ref: self.supplier_ref.clone(),
            turns: self.turns.clone(),
        })
    }
}

/// The turns of an order that is taken on at `now_ms`.
pub(crate) fn turns(faults: &[Fault], now_ms: u64, settle_after_ms: u64, knows_partial: bool) -> Vec<Turn> {
    let settle_ms = if faults.contains(&Fault::NotifyBeforeReply) {
        now_ms
    } else {
        now_ms.saturating_add(settle_after_ms)
    };
    let mut first = Settled::Delivered;
    let mut later = None;
    for fault in faults {
        if matches!(fault, Fault::Partial { .. }) && knows_partial {
            first = Settled::Partial;
        } else if matches!(fault, Fault::FailLater) {
            first = Settled::Failed;
        } else if let Fault::FailedThenSuccess { after_ms } = *fault {
            first = Settled::Failed;
            later = Some((after_ms, Settled::Delivered));
        } else if let Fault::SuccessThenFailed { after_ms } = *fault {
            later = Some((after_ms, Settled::Reversed));
        }
    }
    let mut turns = vec![Turn {
        at_ms: settle_ms,
        settled: first,
    }];
    if let Some((after_ms, settled)) = later {
        turns.push(Turn {
            at_ms: settle_ms.saturating_add(after_ms),
            settled,
        });
    }
    turns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states(faults: &[Fault]) -> Vec<(u64, Settled)> {
        turns(faults, 100, 10, true).iter().map(|turn| (turn.at_ms, turn.settled)).collect()
    }

    #[test]
    fn the_future_of_an_order_follows_its_faults() {
        assert_eq!(states(&[]), [(110, Settled::Delivered)]);
        assert_eq!(states(&[Fault::FailLater]), [(110, Settled::Failed)]);
        assert_eq!(states(&[Fault::NotifyBeforeReply]), [(100, Settled::Delivered)]);
        assert_eq!(
            states(&[Fault::FailedThenSuccess { after_ms: 5 }]),
            [(110, Settled::Failed), (115, Settled::Delivered)]
        );
        assert_eq!(
            states(&[Fault::Partial { percent: 40 }, Fault::SuccessThenFailed { after_ms: 5 }]),
            [(110, Settled::Partial), (115, Settled::Reversed)]
        );
    }

    #[test]
    fn a_wire_without_a_word_for_partial_delivers_all() {
        assert_eq!(
            turns(&[Fault::Partial { percent: 40 }], 0, 0, false),
            [Turn {
                at_ms: 0,
                settled: Settled::Delivered
            }]
        );
    }
}
