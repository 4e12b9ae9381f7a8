//! What the gateway is told, in short, and the gateway as the model sees it: three functions.

use crate::domain::effect::Change;
use crate::domain::event::Event;
use crate::domain::ids::{OrderId, Seq, SettingsDigest, SupplierId};
use crate::domain::money::{Currency, Money};
use crate::domain::order::{Order, Terms};
use crate::domain::plan::{Candidate, Plan, Stands};
use crate::domain::policy::{Policy, RuleBook};
use crate::world::{Answer, At};

pub use crate::cast::{START_MS, WINDOW, supplier};
pub use crate::world::Entry;

/// What an answer says, in as few words as decisions need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Word {
    /// From the books.
    Said(Entry),
    /// Turned away before the books were opened.
    Gate,
    /// No such number.
    NotFound,
    /// No answer, or none that can be read.
    Nothing,
}

impl From<Answer> for Word {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Gate => Self::Gate,
            Answer::Said(entry) => Self::Said(entry),
        }
    }
}

/// An input to `decide`, in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Told {
    /// A permit for this supplier is in hand.
    Try(At),
    /// Nobody can be tried any more.
    GiveUp,
    /// The shop calls the order off.
    Cancel,
    /// A permit to send the same number again is in hand.
    Resubmit(Seq),
    /// The reply to a submit, or its absence.
    Reply(Seq, Word),
    /// The answer to a query.
    Answer(Seq, Word),
    /// A notification.
    Notice(Seq, Word),
    /// Not a byte of this transmission left: there was no connection.
    NotSent(Seq, u8),
    /// This transmission's stamp was not confirmed, so it was never sent.
    Withdrawn(Seq, u8),
    /// An unsigned word that there is news.
    Hint(Seq),
    /// Two persons say what became of the attempt: delivered, or never.
    Attest(Seq, bool),
    /// The attempt may have been quiet for a whole window.
    Assume(Seq),
    /// The reply to a recall.
    Recalled(Seq, Word),
    /// The risk account stands in; or its cap is used up.
    Advance(bool),
    /// Nobody is thought to wait for the reply any more.
    Recover,
    /// Time has passed.
    Review,
}

/// What is known besides the order.
#[derive(Debug)]
pub struct Book {
    /// Times and bounds.
    pub policy: Policy,
    /// What suppliers promise.
    pub rules: RuleBook,
}

/// The way into `accept`: id, terms, plan, permitted supplier, what is known, UTC milliseconds.
pub type Accept = fn(OrderId, Terms, Plan, Option<&SupplierId>, &Book, i64) -> Option<Change>;

/// What decides: the shipped functions, or those of a mutant.
#[derive(Debug, Clone, Copy)]
pub struct Gateway {
    /// `domain::decide::accept`; nothing if it refuses.
    pub accept: Accept,
    /// `domain::decide::decide`; nothing if it refuses.
    pub decide: fn(&Order, Told, &Book, i64) -> Option<Change>,
    /// `domain::evolve::evolve`.
    pub evolve: fn(Option<Order>, &Event, i64) -> Option<Order>,
}

/// A plan that names one supplier, or nobody.
#[must_use]
pub fn plan(at: Option<At>) -> Plan {
    let candidate = |at| Candidate {
        supplier: supplier(at),
        settings: SettingsDigest::from("s1"),
        code: "c".into(),
        cost: Money::new(1_900, Currency::Cny),
        stands: Stands::default(),
    };
    Plan {
        candidates: at.map(candidate).into_iter().collect(),
        skipped: Vec::new(),
        ..Plan::default()
    }
}
