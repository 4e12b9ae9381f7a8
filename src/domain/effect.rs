//! What a decision asks for besides its events, as data: money to post, shops to tell, cases to
//! open, deliveries to keep, bytes to send. All but `Transmit` are written in the decision's own
//! transaction; `Transmit` is obeyed by the gate only after that transaction is known to be done.

use std::sync::Arc;

use super::callback::Callback;
use super::case::NewCase;
use super::desk::Deed;
use super::event::Event;
use super::ids::{OrderId, Seq};
use super::ledger::Posting;
use super::order::Order;
use super::outcome::Delivery;

/// One consequence of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Book this.
    Post(Posting),
    /// Tell the shop.
    Tell(Callback),
    /// Call a person.
    OpenCase(NewCase),
    /// Keep what was done at the desk; a case that it closes is closed.
    Record(Deed),
    /// Keep what was delivered, sealed.
    Keep {
        /// By which attempt it came.
        seq: Seq,
        /// What came.
        deliveries: Vec<Delivery>,
    },
    /// After the commit is done: send this transmission.
    Transmit {
        /// Which attempt.
        seq: Seq,
        /// Which of its transmissions.
        n: u8,
    },
}

/// A decision, ready to be committed: valid only on top of `expected_version`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Of which order.
    pub order: OrderId,
    /// The version that was decided on; 0 creates the order.
    pub expected_version: u32,
    /// The order after its events, next action included.
    pub after: Arc<Order>,
    /// What happened, at least one.
    pub events: Vec<Event>,
    /// When it happened, UTC milliseconds.
    pub at_ms: i64,
    /// What follows from it.
    pub effects: Vec<Effect>,
}

impl Change {
    /// The transmission that this change stamps, if it does.
    #[must_use]
    pub fn transmission(&self) -> Option<(Seq, u8)> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Transmit { seq, n } => Some((*seq, *n)),
            Effect::Post(_) | Effect::Tell(_) | Effect::OpenCase(_) | Effect::Record(_) | Effect::Keep { .. } => None,
        })
    }
}
