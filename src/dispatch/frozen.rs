//! Orders in which the auditor found a law broken: nothing is sent for them until a person has
//! closed their case. What others say of them is still heard, recorded and told.
//!
//! The open cases are the truth; this remembers which orders have one. Deliberately absent: judging
//! the finding.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::{Dispatch, House};
use crate::domain::case::{CaseKind, NewCase};
use crate::domain::ids::OrderId;
use crate::store::Outage;

/// So often a frozen order is looked at, whether its case is closed.
pub(super) const LOOK_MS: i64 = 30_000;
/// Open cases read at a start.
const MOST_CASES: u32 = 1_000_000;

/// Which orders are frozen.
#[derive(Default)]
pub(super) struct Frozen(Mutex<BTreeSet<OrderId>>);

impl Dispatch {
    /// Sends nothing more for this order while its finding's case is open.
    pub fn freeze(&self, order: OrderId) {
        self.house.frozen.add(order);
    }
}

impl Frozen {
    fn add(&self, order: OrderId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(order);
    }

    fn has(&self, order: OrderId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&order)
    }

    fn remove(&self, order: OrderId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&order);
    }
}

impl House {
    /// Whether nothing may be submitted for this order now: it is frozen, or everything is.
    pub(super) async fn is_held(&self, order: OrderId) -> bool {
        self.recovery.lasts() || self.is_frozen(order).await
    }

    /// Whether nothing may be sent for this order now.
    async fn is_frozen(&self, order: OrderId) -> bool {
        if !self.frozen.has(order) {
            return false;
        }
        let case = self.parts.store.case(NewCase::key_of_finding(Some(order))).await;
        let is_closed = case.is_ok_and(|case| case.is_none_or(|case| case.closed_at_ms.is_some()));
        if is_closed {
            self.frozen.remove(order);
        }
        !is_closed
    }

    /// After a start: what the auditor had found before.
    pub(super) async fn freeze_again(&self) -> Result<(), Outage> {
        for stored in self.parts.store.open_cases(MOST_CASES).await? {
            if stored.case.kind == CaseKind::AuditFinding
                && let Some(order) = stored.case.order
            {
                self.frozen.add(order);
            }
        }
        Ok(())
    }
}
