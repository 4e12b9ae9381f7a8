//! Carrying out what persons decided, at the desk or in a shop: through the same `decide`, the same commit and the
//! same schedule as everything else that moves an order.

use super::journey::Step;
use super::{Dispatch, standing};
use crate::domain::decide::{Input, Refusal};
use crate::domain::desk::Deed;
use crate::domain::ids::OrderId;
use crate::store::{Answer, Command, Evidence, Refused};

/// What became of something that a person asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acted {
    /// Written and in force.
    Done,
    /// Nothing happened: the order does not allow it.
    Refused(Refusal),
    /// Nothing happened: it was done before, or the case is closed.
    Repeated,
    /// There is no such order.
    Absent,
    /// Nothing happened: the database is away.
    Unavailable,
    /// It may or may not be written: look before asking again.
    Unknown,
}

impl Dispatch {
    /// Moves an order by a person's word.
    pub async fn act(&self, order: OrderId, input: Input, evidence: Vec<Evidence>) -> Acted {
        match self.house.step(order, None, &input, &evidence).await {
            Step::Taken { .. } => {
                // Whoever has the order in hand and only waits should look again.
                self.house.hands.ring(order);
                Acted::Done
            }
            Step::Refused(refusal) => Acted::Refused(refusal),
            Step::Absent => Acted::Absent,
            Step::Overtaken | Step::Unavailable => Acted::Unavailable,
            Step::Unknown => {
                self.house.look_again(order, 1_000);
                Acted::Unknown
            }
        }
    }

    /// Calls an order off at its shop's wish (R14): only while no attempt is open, nor may be that a
    /// restored backup has forgotten.
    pub async fn cancel(&self, order: OrderId) -> Acted {
        match self.house.parts.store.order(order).await {
            Ok(Some(known)) if self.house.recovery.may_lack_attempts(&known) => return Acted::Unavailable,
            Ok(Some(_)) => {}
            Ok(None) => return Acted::Absent,
            Err(_) => return Acted::Unavailable,
        }
        let acted = self.act(order, Input::Cancel, Vec::new()).await;
        if acted == Acted::Done {
            for supplier in self.house.parts.suppliers.values() {
                supplier.lane.forget(order);
            }
        }
        acted
    }

    /// Writes a deed about a supplier and makes it count at once.
    pub async fn supplier_deed(&self, deed: Deed) -> Acted {
        match self.house.parts.store.commit(Command::Deed(deed.clone())).await {
            Answer::Done => {
                self.house.obey(&deed);
                Acted::Done
            }
            Answer::Refused(Refused::Repeated) => Acted::Repeated,
            Answer::Stale | Answer::Refused(Refused::NoFunds { .. } | Refused::Exists { .. }) | Answer::Outage(_) => Acted::Unavailable,
            Answer::Unknown => {
                // What stands in the database decides, as soon as it can be read.
                self.house.certain().await;
                if let Ok(deeds) = standing::deeds(&*self.house.parts.store).await {
                    let read = standing::Standing::of(&self.house.parts, &deeds);
                    *self.house.standing.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = std::sync::Arc::new(read);
                }
                Acted::Unknown
            }
        }
    }
}
