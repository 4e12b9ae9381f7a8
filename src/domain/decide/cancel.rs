//! R14: a shop calls its order off, which may be only while no supplier can have it.

use super::super::event::Event;
use super::super::order::Verdict;
use super::{Draft, Refusal, route};

pub(super) fn cancel(draft: &mut Draft) -> Result<(), Refusal> {
    let order = &draft.order;
    match (&order.verdict, order.open_attempt()) {
        (Some(Verdict::Cancelled { .. }), _) => Err(Refusal::NothingNew),
        (Some(Verdict::Succeeded { .. } | Verdict::PartiallySucceeded { .. } | Verdict::Failed { .. }), _) => Err(Refusal::Ended),
        (None, Some(_)) => Err(Refusal::AttemptOpen),
        (None, None) => {
            route::end_unpaid(draft, Event::OrderCancelled);
            Ok(())
        }
    }
}
