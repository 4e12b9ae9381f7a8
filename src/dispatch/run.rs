//! The schedule at work: whatever is due is looked at, one pump a supplier hands out its permits.

use std::sync::Arc;
use std::time::Duration;

use super::frozen;
use super::hand::Hand;
use super::journey::{Step as Walked, withdraw};
use super::{Dispatch, House, Supplier, gate};
use tokio::sync::OwnedSemaphorePermit;

use crate::domain::attempt::Fate;
use crate::domain::decide::{Input, Refusal};
use crate::domain::ids::{OrderId, Seq, SupplierId};
use crate::domain::order::{Order, Step};
use crate::domain::plan::Plan;
use crate::ratelimit::Permit;

/// How many due orders one round starts.
const ROUND: usize = 256;
/// How often the store's schedule is compared with the one in memory.
const SWEEP: Duration = Duration::from_secs(30);
/// How often the schedule looks at the clocks when nothing is due.
const GLANCE: Duration = Duration::from_secs(5);
/// When an order is planned again whose place another order booked in between, in milliseconds.
const BOOKED_AWAY_MS: i64 = 10;

impl Dispatch {
    /// Works through the schedule until a stop begins. Call `recover` first.
    pub async fn run(&self) {
        for supplier in self.house.parts.suppliers.values() {
            let house = Arc::clone(&self.house);
            let id = supplier.adapter.id().clone();
            self.house.parts.spawner.spawn(Box::pin(async move {
                if let Some(supplier) = house.parts.suppliers.get(&id) {
                    pump(&house, supplier).await;
                }
            }));
        }
        self.watch_purses();
        let clock = &self.house.parts.clock;
        let mut sweep_at = clock.monotonic().saturating_add(SWEEP);
        while !self.house.is_stopping() {
            for (order, due_ms) in self.house.schedule.take_due(ROUND) {
                let house = Arc::clone(&self.house);
                let looker = Arc::clone(&house.lookers).acquire_owned().await.ok();
                self.house.work(async move { house.advance(order, due_ms, looker).await });
            }
            if clock.monotonic() >= sweep_at {
                sweep_at = clock.monotonic().saturating_add(SWEEP);
                self.house.sweep(self.house.now_ms()).await;
            }
            let until_sweep = sweep_at.saturating_sub(clock.monotonic());
            // A clock that jumps is noticed within this time even if nothing else happens.
            let pause = self.house.schedule.next_in().unwrap_or(until_sweep).min(until_sweep).min(GLANCE);
            if pause.is_zero() {
                tokio::task::yield_now().await;
            } else {
                tokio::select! {
                    biased;
                    () = self.house.schedule.changed() => {}
                    () = clock.sleep(pause) => {}
                }
            }
        }
    }
}

/// Gives each permit of one supplier to the next order in its fair queue, until a stop begins.
async fn pump(house: &Arc<House>, supplier: &Supplier) {
    loop {
        let (permit, order) = supplier.lane.next().await;
        if house.is_stopping() {
            permit.give_back();
            return;
        }
        let house_of_order = Arc::clone(house);
        let from = supplier.adapter.id().clone();
        house.work(async move { house_of_order.admitted(order, from, permit).await });
    }
}

impl House {
    /// Does what is due for an order since `due_ms`; if somebody has it in hand, that one's letting go
    /// brings it back.
    async fn advance(self: &Arc<Self>, id: OrderId, due_ms: i64, looker: Option<OwnedSemaphorePermit>) {
        if self.is_stopping() {
            return;
        }
        let Some(hand) = self.take(id, due_ms) else { return };
        let order = match self.parts.store.order(id).await {
            Ok(Some(order)) => Arc::new(order),
            Ok(None) => return,
            Err(_) => return self.look_again(id, 1_000),
        };
        let Some(next) = order.next_action else {
            return self.catch_up(&order);
        };
        if next.at_ms > self.now_ms().max(due_ms) {
            return self.schedule.set(id, Some(next.at_ms));
        }
        if matches!(next.step, Step::Try | Step::Resubmit { .. }) && self.is_held(id).await {
            return self.look_again(id, frozen::LOOK_MS);
        }
        match next.step {
            Step::Try => {
                drop(looker);
                if self.is_whole(&order).await {
                    self.attempt(order, None).await;
                }
            }
            // What only writes keeps its place: else a start with many open orders would fill the writer's
            // queue with what they have been, and new orders would wait behind all of it.
            Step::Query { seq } => match self.given_up(order, seq).await {
                Some(order) => {
                    drop(looker);
                    gate::query(self, &hand, &order, seq).await;
                }
                None => self.look_again(id, 1_000),
            },
            Step::Recall { seq } => match self.given_up(order, seq).await {
                Some(order) => {
                    drop(looker);
                    gate::recall(self, &hand, &order, seq).await;
                }
                None => self.look_again(id, 1_000),
            },
            Step::Resubmit { seq } => {
                drop(looker);
                self.resubmit(&hand, order, seq).await;
            }
            Step::Review => self.review(order).await,
            Step::Advance => self.stand_in(order).await,
        }
    }

    /// The risk account stands in for an order in doubt, unless its cap is used up, the auditor has found
    /// something about the order, or a restored backup may have forgotten how it ended.
    async fn stand_in(&self, order: Arc<Order>) {
        let id = order.id;
        let is_clear = !self.recovery.may_lack_attempts(&order) && !self.is_held(id).await;
        let given = match is_clear {
            true => self.step(id, Some(order), &Input::Advance, &[]).await,
            false => Walked::Refused(Refusal::NoFunds),
        };
        // Put off, in writing: whatever else is due for it comes first then.
        let step = match given {
            Walked::Refused(Refusal::NoFunds) => self.step(id, None, &Input::DeclineAdvance, &[]).await,
            Walked::Taken { .. } | Walked::Refused(_) | Walked::Overtaken | Walked::Absent | Walked::Unavailable | Walked::Unknown => given,
        };
        match step {
            Walked::Taken { .. } | Walked::Absent => {}
            Walked::Refused(_) => self.look_again(id, 60_000),
            Walked::Overtaken | Walked::Unavailable | Walked::Unknown => self.look_again(id, 1_000),
        }
    }

    /// Looks for what the passing of time alone brings.
    pub(super) async fn review(&self, order: Arc<Order>) {
        let id = order.id;
        match self.step(id, Some(order), &Input::Review, &[]).await {
            Walked::Taken { .. } => {}
            Walked::Refused(_) => self.look_again(id, 60_000),
            Walked::Overtaken | Walked::Absent | Walked::Unavailable | Walked::Unknown => self.look_again(id, 1_000),
        }
    }

    /// An order has come to the head of a supplier's queue, permit in hand.
    async fn admitted(self: &Arc<Self>, id: OrderId, from: SupplierId, permit: Permit) {
        let Some(_hand) = self.take(id, self.now_ms()) else {
            return permit.give_back();
        };
        match self.parts.store.order(id).await {
            Ok(Some(order)) if self.is_held(id).await || self.recovery.may_lack_attempts(&order) => {
                permit.give_back();
                self.look_again(id, frozen::LOOK_MS);
            }
            Ok(Some(order)) => self.attempt(Arc::new(order), Some((from, permit))).await,
            Ok(None) => permit.give_back(),
            Err(_) => {
                permit.give_back();
                self.look_again(id, 1_000);
            }
        }
    }

    /// Routes an order anew and opens its next attempt if the best supplier permits; else queues it
    /// there. A permit for another supplier than the best one is given back.
    async fn attempt(self: &Arc<Self>, order: Arc<Order>, permit: Option<(SupplierId, Permit)>) {
        let id = order.id;
        let Ok(recipient) = self.mark_of_order(&order).await else {
            give_back(permit);
            return self.look_again(id, 1_000);
        };
        let plan = self.plan(id, &order.terms, &order.attempts, recipient, &self.shelf(), &self.standing());
        let first = plan.candidates.first();
        let best = first.and_then(|best| self.parts.suppliers.get(&best.supplier));
        let cost = first.map(|best| best.cost);
        let is_due = self.now_ms() >= order.terms.deadline_ms;
        let (Some(supplier), false) = (best, is_due) else {
            give_back(permit);
            return self.cannot_try(order, plan).await;
        };
        let held = match permit {
            Some((from, permit)) if from == *supplier.adapter.id() => Some(permit),
            Some((_, permit)) => {
                permit.give_back();
                None
            }
            None => {
                // It may have waited for another until now.
                self.leave_queues(id, Some(supplier));
                None
            }
        };
        let Some(permit) = held.or_else(|| supplier.lane.try_submit()) else {
            return self.queue(supplier, &order);
        };
        match self.booked(permit, supplier, cost, recipient) {
            Some(permit) => self.open(order, plan, supplier, permit).await,
            // Another was faster: the next plan knows it.
            None => self.look_again(id, BOOKED_AWAY_MS),
        }
    }

    async fn open(self: &Arc<Self>, order: Arc<Order>, plan: Plan, supplier: &Supplier, permit: Permit) {
        let id = order.id;
        let next_seq = u8::try_from(order.attempts.len().saturating_add(1)).unwrap_or(u8::MAX);
        let Ok(Some(inputs)) = self.parts.store.inputs(id).await else {
            permit.give_back();
            return self.look_again(id, 1_000);
        };
        let input = Input::Route {
            plan,
            permitted: Some(supplier.adapter.id().clone()),
        };
        match self.step(id, Some(order), &input, &[]).await {
            Walked::Taken {
                after,
                transmit: Some((seq, n)),
            } => gate::transmit(self, after, &inputs, seq, n, permit).await,
            Walked::Taken { transmit: None, .. } | Walked::Refused(_) | Walked::Absent => permit.give_back(),
            Walked::Overtaken => {
                permit.give_back();
                self.look_again(id, 0);
            }
            Walked::Unavailable => {
                permit.give_back();
                self.look_again(id, 1_000);
            }
            Walked::Unknown => {
                permit.give_back();
                withdraw(self, id, next_seq, 1).await;
            }
        }
    }

    /// Nobody can be tried now, or the deadline is here: wait, or fail for certain.
    async fn cannot_try(self: &Arc<Self>, order: Arc<Order>, plan: Plan) {
        let id = order.id;
        self.leave_queues(id, None);
        match self.step(id, Some(order), &Input::Route { plan, permitted: None }, &[]).await {
            Walked::Taken { .. } | Walked::Refused(_) | Walked::Absent => {}
            Walked::Overtaken => self.look_again(id, 0),
            Walked::Unavailable | Walked::Unknown => self.look_again(id, 1_000),
        }
    }

    /// R8: the same number to the same supplier again; stamped and committed before it leaves.
    async fn resubmit(self: &Arc<Self>, hand: &Hand, order: Arc<Order>, seq: Seq) {
        let id = order.id;
        let Some(supplier) = order.attempt(seq).and_then(|attempt| self.parts.suppliers.get(&attempt.supplier)) else {
            return self.review(order).await;
        };
        let Ok(Some(inputs)) = self.parts.store.inputs(id).await else {
            return self.look_again(id, 1_000);
        };
        let next_n = order
            .attempt(seq)
            .map_or(1, |attempt| attempt.last_transmission())
            .saturating_add(1);
        let permit = tokio::select! {
            biased;
            () = hand.rung() => return,
            permit = supplier.lane.resubmit() => permit,
        };
        if self.is_stopping() {
            return permit.give_back();
        }
        let recipient = self.mark_where_spaced(&order.terms, &inputs);
        let Some(permit) = self.booked(permit, supplier, None, recipient) else {
            let left = supplier.lane.left(supplier.day(self.now_ms()), recipient);
            let in_ms = i64::try_from(left.recipient_in.as_millis()).unwrap_or(i64::MAX);
            return self.look_again(id, in_ms.max(BOOKED_AWAY_MS));
        };
        match self.step(id, Some(Arc::clone(&order)), &Input::Resubmit { seq }, &[]).await {
            Walked::Taken {
                after,
                transmit: Some((seq, n)),
            } => gate::transmit(self, after, &inputs, seq, n, permit).await,
            Walked::Refused(_) => {
                permit.give_back();
                // The time for it has passed; a review schedules what comes instead. Where a clock put
                // back hides that, its supplier is asked.
                match self.step(id, None, &Input::Review, &[]).await {
                    Walked::Taken { .. } | Walked::Absent => {}
                    Walked::Refused(_) => gate::query(self, hand, &order, seq).await,
                    Walked::Overtaken | Walked::Unavailable | Walked::Unknown => self.look_again(id, 1_000),
                }
            }
            Walked::Taken { transmit: None, .. } | Walked::Absent => permit.give_back(),
            Walked::Overtaken | Walked::Unavailable => {
                permit.give_back();
                self.look_again(id, 1_000);
            }
            Walked::Unknown => {
                permit.give_back();
                withdraw(self, id, seq, next_n).await;
            }
        }
    }

    /// With the order in hand nobody awaits a reply: a transmission still marked as stamped was
    /// interrupted, and is said to be so before its supplier is asked.
    async fn given_up(&self, order: Arc<Order>, seq: Seq) -> Option<Arc<Order>> {
        let last = order.attempt(seq).and_then(|attempt| attempt.transmissions.last());
        if last.is_none_or(|transmission| transmission.fate != Fate::Stamped) {
            return Some(order);
        }
        match self.step(order.id, Some(order), &Input::Recover, &[]).await {
            Walked::Taken { after, .. } => Some(after),
            Walked::Refused(_) | Walked::Overtaken | Walked::Absent | Walked::Unavailable | Walked::Unknown => None,
        }
    }

    pub(super) fn look_again(&self, order: OrderId, in_ms: i64) {
        self.schedule.set(order, Some(self.now_ms().saturating_add(in_ms)));
    }
}

fn give_back(permit: Option<(SupplierId, Permit)>) {
    if let Some((_, permit)) = permit {
        permit.give_back();
    }
}
