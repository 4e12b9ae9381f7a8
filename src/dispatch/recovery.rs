//! After a restored backup (R18): what came after it is gone here, and suppliers have not forgotten it.
//!
//! A recovery begins with `serve --recover` and lasts, through restarts, until an operator ends it:
//! then the gap is covered. Meanwhile no order is taken in and nothing is submitted; suppliers are
//! asked and heard as ever. Afterwards an order from before the recovery may have had attempts that
//! nobody here knows of. The first of them had the order's next number, at one of the suppliers that
//! offer its product; so all of these are asked about that number before it is used. One that knows
//! it gave the order an attempt back, which is then settled like any other. One that cannot be asked
//! makes a case for a person, and the order waits until that is closed.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::journey::Step;
use super::{House, Supplier, gate};
use crate::domain::attempt::{Attempt, AttemptState};
use crate::domain::case::NewCase;
use crate::domain::decide::Input;
use crate::domain::desk::{Deed, DeedKind};
use crate::domain::ids::{OrderId, Seq};
use crate::domain::money::Money;
use crate::domain::offer::Offer;
use crate::domain::order::Order;
use crate::domain::outcome::{Outcome, Reading, Via};
use crate::domain::plan::{Candidate, Stands};
use crate::store::{Answer, Command, Evidence, Outage, Store};

/// So often an order that must wait is looked at.
pub(super) const LOOK_MS: i64 = 30_000;
/// Deeds about recoveries that are read at a start.
const MOST_DEEDS: u32 = 1_000;

/// Where the latest recovery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    /// There was none.
    #[default]
    None,
    /// Begun at this moment, UTC milliseconds, and not ended.
    Begun(i64),
    /// Begun at this moment, UTC milliseconds, and ended.
    Ended(i64),
}

impl Phase {
    /// What deeds, newest first, come to.
    fn of(deeds: &[Deed]) -> Self {
        let mut is_ended = false;
        for deed in deeds {
            if deed.kind == DeedKind::RecoveryBegun {
                return if is_ended {
                    Self::Ended(deed.at_ms)
                } else {
                    Self::Begun(deed.at_ms)
                };
            }
            is_ended |= deed.kind == DeedKind::RecoveryEnded;
        }
        Self::None
    }
}

/// The latest recovery, and which orders from before it are known to be whole.
#[derive(Default)]
pub(super) struct Recovery {
    phase: Mutex<Phase>,
    whole: Mutex<BTreeSet<OrderId>>,
}

impl Recovery {
    /// As the deeds in the store tell.
    pub(super) async fn read(store: &dyn Store) -> Result<Self, Outage> {
        let deeds = store.deeds(Deed::ABOUT_RECOVERY.to_owned(), MOST_DEEDS).await?;
        Ok(Self {
            phase: Mutex::new(Phase::of(&deeds)),
            whole: Mutex::default(),
        })
    }

    /// Whether nothing may be submitted now.
    pub(super) fn lasts(&self) -> bool {
        matches!(*self.phase.lock().unwrap_or_else(PoisonError::into_inner), Phase::Begun(_))
    }

    /// The gap is covered.
    pub(super) fn end(&self) {
        let mut phase = self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        if let Phase::Begun(at_ms) = *phase {
            *phase = Phase::Ended(at_ms);
        }
    }

    /// Whether the order may have had attempts that are gone here.
    pub(super) fn may_lack_attempts(&self, order: &Order) -> bool {
        match *self.phase.lock().unwrap_or_else(PoisonError::into_inner) {
            Phase::None => false,
            Phase::Begun(at_ms) | Phase::Ended(at_ms) => order.accepted_at_ms < at_ms && !self.whole().contains(&order.id),
        }
    }

    fn whole(&self) -> MutexGuard<'_, BTreeSet<OrderId>> {
        self.whole.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the suppliers say about an order's next number.
enum Found {
    /// It was never used: the order is whole.
    Nowhere,
    /// One of them knows it: the order has that attempt again.
    There,
    /// Not everybody could be asked, or answered: nothing may be sent.
    Unclear,
}

impl House {
    /// Whether the order's next attempt may be opened as far as a restored backup goes; if not, it is
    /// looked at again later.
    pub(super) async fn is_whole(self: &Arc<Self>, order: &Order) -> bool {
        if !self.recovery.may_lack_attempts(order) {
            return true;
        }
        match self.look_for_more(order).await {
            Found::Nowhere => {
                self.recovery.whole().insert(order.id);
                true
            }
            Found::There => false,
            Found::Unclear => {
                self.look_again(order.id, LOOK_MS);
                false
            }
        }
    }

    async fn look_for_more(self: &Arc<Self>, order: &Order) -> Found {
        let next = order.attempts.len().saturating_add(1);
        let (Ok(seq), Ok(Some(inputs))) = (Seq::try_from(next), self.parts.store.inputs(order.id).await) else {
            return Found::Unclear;
        };
        let shelf = self.shelf();
        let mut must_be_looked_up = false;
        for offer in shelf
            .offers(&order.terms.sku)
            .iter()
            .filter(|offer| offer.face_minor == order.terms.face.minor)
        {
            let asked = self.parts.suppliers.get(&offer.supplier);
            let Some(supplier) = asked.filter(|supplier| supplier.adapter.rules().answers_queries) else {
                must_be_looked_up = true;
                continue;
            };
            let attempt = as_it_may_have_been(order, seq, offer, supplier);
            let permit = supplier.lane.query(true).await;
            if self.is_stopping() {
                permit.give_back();
                return Found::Unclear;
            }
            let answer = gate::ask(self, supplier, &permit, order, &attempt, &inputs).await;
            drop(permit);
            match answer {
                Some((reading, _)) if reading.outcome == Outcome::NotFound => {}
                Some((reading, evidence)) if is_about_it(&reading.outcome) => {
                    return self.adopt(order.id, attempt, reading, evidence).await;
                }
                Some(_) | None => return Found::Unclear,
            }
        }
        if must_be_looked_up && !self.was_looked_up(order.id).await {
            return Found::Unclear;
        }
        Found::Nowhere
    }

    /// Gives the order back an attempt that a supplier knows, and what was said of it.
    async fn adopt(&self, id: OrderId, attempt: Attempt, reading: Reading, evidence: Evidence) -> Found {
        tracing::warn!(order = %id, supplier = %attempt.supplier, seq = attempt.seq, "a supplier knows an attempt that the backup did not have");
        let seq = attempt.seq;
        let candidate = Candidate {
            supplier: attempt.supplier,
            settings: attempt.settings,
            code: attempt.code,
            cost: attempt.cost,
            stands: Stands::default(),
        };
        match self.step(id, None, &Input::Adopt(Box::new(candidate)), &[]).await {
            Step::Taken { .. } => {
                let input = Input::Fact {
                    seq,
                    via: Via::Query,
                    reading,
                    evidence: Some(evidence.id.clone()),
                };
                // Should this be lost, the adopted attempt is asked about like any other in doubt.
                self.learn(id, None, &input, &[evidence]).await;
                Found::There
            }
            Step::Refused(_) | Step::Overtaken | Step::Absent | Step::Unavailable | Step::Unknown => Found::Unclear,
        }
    }

    /// Whether a person has looked the order up where nobody answers queries; opens the case for it.
    async fn was_looked_up(&self, order: OrderId) -> bool {
        let case = NewCase::of_restored(order, self.now_ms());
        match self.parts.store.case(case.key.clone()).await {
            Ok(Some(known)) => known.closed_at_ms.is_some(),
            Ok(None) => {
                let answer = self.parts.store.commit(Command::OpenCase(case)).await;
                if answer != Answer::Done {
                    tracing::warn!(%order, ?answer, "a case about a restored order could not be opened; it is tried again");
                }
                false
            }
            Err(_) => false,
        }
    }
}

/// The attempt under a number that may have been used.
fn as_it_may_have_been(order: &Order, seq: Seq, offer: &Offer, supplier: &Supplier) -> Attempt {
    let piece = Money::new(offer.cost_minor, supplier.adapter.currency());
    Attempt {
        seq,
        supplier: offer.supplier.clone(),
        settings: supplier.adapter.digest().clone(),
        code: offer.code.clone(),
        cost: piece.times(order.terms.quantity).unwrap_or(piece),
        opened_at_ms: order.accepted_at_ms,
        transmissions: Vec::new(),
        state: AttemptState::Sent,
        supplier_ref: None,
        queries: 0,
        not_found: 0,
        recalls: 0,
        is_hinted: false,
        is_known_there: false,
    }
}

fn is_about_it(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Succeeded { .. } | Outcome::Accepted | Outcome::Partial { .. } | Outcome::Refused(_) => true,
        Outcome::NotFound | Outcome::Unknown(_) => false,
    }
}
