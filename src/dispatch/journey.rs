//! One step of an order: load, decide, commit, and again if somebody was faster.
//!
//! Invariant: what a change asks to be sent is handed out only when its commit answered `Done`.

use std::sync::Arc;
use std::time::Duration;

use super::House;
use super::bookings::Unpaid;
use super::schedule::Due;
use crate::domain::decide::{Input, Refusal, decide};
use crate::domain::desk::{Deed, DeedKind};
use crate::domain::effect::{Change, Effect};
use crate::domain::event::Subject;
use crate::domain::ids::{OrderId, Seq};
use crate::domain::order::{Order, Verdict};
use crate::router::{Sighting, sightings};
use crate::seams::failpoint::{self, Point};
use crate::store::{Answer, Command, Decision, Evidence, Refused};

/// How a step ended.
pub(super) enum Step {
    /// Written: the order as it is now, and what may be sent because of it.
    Taken { after: Arc<Order>, transmit: Option<(Seq, u8)> },
    /// Nothing may or need happen.
    Refused(Refusal),
    /// Somebody else moved the order, and the input was only good for the version it was made on.
    Overtaken,
    /// No such order.
    Absent,
    /// Not written: the database is away.
    Unavailable,
    /// It may or may not be written: nothing may be sent.
    Unknown,
}

impl Step {
    /// For logs: what happened, without the order.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Taken { .. } => "taken",
            Self::Refused(Refusal::NothingNew) => "known already",
            Self::Refused(
                Refusal::AttemptOpen
                | Refusal::Ended
                | Refusal::NoSuchAttempt
                | Refusal::MayNotResubmit
                | Refusal::MayNotAttest
                | Refusal::MayNotAssume
                | Refusal::MayNotAdvance
                | Refusal::KeyUsed
                | Refusal::MoreThanCaptured
                | Refusal::NothingToCharge
                | Refusal::NoFunds,
            ) => "refused",
            Self::Overtaken => "overtaken",
            Self::Absent => "absent",
            Self::Unavailable => "unavailable",
            Self::Unknown => "unknown",
        }
    }
}

/// More turns than this mean that something is wrong, not that others are fast.
const MOST_TURNS: u32 = 64;
/// So often a database that writes may decline one fact before it is left to the schedule.
const MOST_DECLINED: u32 = 20;

impl House {
    /// Moves an order by `input`, on `snapshot` if given, else as loaded. A plan is only good for the
    /// version it was made on; every other input is decided anew on whatever the order has become.
    pub(super) async fn step(&self, id: OrderId, mut snapshot: Option<Arc<Order>>, input: &Input, evidence: &[Evidence]) -> Step {
        let is_planned = matches!(input, Input::Route { .. });
        for _ in 0..MOST_TURNS {
            let order = match snapshot.take() {
                Some(order) => order,
                None => match self.parts.store.order(id).await {
                    Ok(Some(order)) => Arc::new(order),
                    Ok(None) => return Step::Absent,
                    Err(_) => return Step::Unavailable,
                },
            };
            let standing = self.standing();
            let change = match decide(&order, input.clone(), self.facts(&standing), self.now_ms()) {
                Ok(change) => change,
                Err(refusal) => {
                    self.catch_up(&order);
                    return Step::Refused(refusal);
                }
            };
            let (after, transmit) = (Arc::clone(&change.after), change.transmission());
            match self.commit(change, evidence.to_vec()).await {
                Answer::Done => {
                    if transmit.is_some() {
                        failpoint::reach(Point::AfterStamp);
                    }
                    return Step::Taken { after, transmit };
                }
                Answer::Stale if is_planned => return Step::Overtaken,
                Answer::Stale => {}
                Answer::Refused(Refused::NoFunds { .. }) => return Step::Refused(Refusal::NoFunds),
                Answer::Refused(refused) => {
                    tracing::error!(order = %id, ?refused, "a change to an existing order was refused, which admission excludes");
                    return Step::Unavailable;
                }
                Answer::Outage(reason) => {
                    tracing::warn!(order = %id, reason, "the database is away; the order waits");
                    return Step::Unavailable;
                }
                Answer::Unknown => {
                    tracing::warn!(order = %id, "a commit's outcome is unknown; nothing is sent for it");
                    return Step::Unknown;
                }
            }
        }
        tracing::error!(order = %id, "an order changed {MOST_TURNS} times while one decision was tried");
        Step::Unavailable
    }

    /// Moves an order by something that was learnt and must not be forgotten: tries again while the
    /// database is away. What was written after all is not counted twice.
    /// `snapshot` is the order as the caller knows it: if it has moved on, it is read again.
    pub(super) async fn learn(&self, id: OrderId, mut snapshot: Option<Arc<Order>>, input: &Input, evidence: &[Evidence]) -> Step {
        let mut pause_ms = 50;
        let mut declined = 0_u32;
        let mut is_in_question = false;
        loop {
            if is_in_question && let Some(known) = self.already_written(id, evidence).await {
                return known;
            }
            let step = self.step(id, snapshot.take(), input, evidence).await;
            match step {
                // The durable schedule asks again, so a stop need not wait for the database.
                Step::Unavailable | Step::Unknown if self.is_stopping() => return step,
                Step::Unknown => {
                    is_in_question = true;
                    self.certain().await;
                }
                Step::Unavailable => {
                    declined = if self.parts.store.is_writable() {
                        declined.saturating_add(1)
                    } else {
                        0
                    };
                    if declined > MOST_DECLINED {
                        tracing::error!(order = %id, "the database writes, but not what was learnt of this order; it will be asked again");
                        self.look_again(id, 60_000);
                        return step;
                    }
                }
                Step::Taken { .. } | Step::Refused(_) | Step::Overtaken | Step::Absent => return step,
            }
            self.parts.clock.sleep(Duration::from_millis(pause_ms)).await;
            pause_ms = pause_ms.saturating_mul(2).min(2_000);
        }
    }

    /// After a commit of unknown outcome: whether its evidence is there, and so the rest of it.
    async fn already_written(&self, id: OrderId, evidence: &[Evidence]) -> Option<Step> {
        let ours = evidence.first()?;
        let kept = self.parts.store.evidence(id).await.ok()?;
        if !kept.iter().any(|kept| kept.id == ours.id) {
            return None;
        }
        let order = self.parts.store.order(id).await.ok()??;
        self.catch_up(&order);
        Some(Step::Refused(Refusal::NothingNew))
    }

    /// Waits, after a commit of unknown outcome, until another write has gone through: only then a
    /// read shows whether it happened, for until then it still may. A stop ends the wait.
    pub(super) async fn certain(&self) {
        while !self.parts.store.is_writable() && !self.is_stopping() {
            self.parts.clock.sleep(Duration::from_millis(50)).await;
        }
    }

    async fn commit(&self, change: Change, evidence: Vec<Evidence>) -> Answer {
        let followed = self.followed(&change);
        let paused: Vec<Deed> = pauses(&change).cloned().collect();
        let answer = self
            .parts
            .store
            .commit(Command::Decide(Box::new(Decision {
                change,
                inputs: None,
                evidence,
            })))
            .await;
        if answer == Answer::Done {
            self.follow(followed);
        }
        // A pause that may or may not be written holds here at least: it only keeps orders away.
        if answer == Answer::Done || answer == Answer::Unknown {
            paused.iter().for_each(|deed| self.obey(deed));
        }
        answer
    }

    /// What is known of an order that somebody else has moved, or that was moved unseen.
    pub(super) fn catch_up(&self, order: &Order) {
        self.schedule.set(order.id, order.next_action.map(|next| next.at_ms));
        if order.verdict.is_some() {
            self.verdicts.reached(order.id);
        }
    }

    /// What every written change brings: its next action on the schedule, its verdict to those who wait.
    pub(super) fn follow(&self, followed: Followed) {
        self.schedule.put(followed.order, followed.due);
        self.notice(&followed.seen);
        self.steer.gossip.keep(&followed.seen);
        followed.unpaid.iter().for_each(|unpaid| self.not_paid(unpaid));
        if let Some(status) = followed.verdict {
            metrics::counter!("recharge_verdicts_total", "status" => status).increment(1);
            failpoint::reach(Point::AfterVerdict);
            self.verdicts.reached(followed.order);
        }
    }
}

/// The pauses that a change records.
fn pauses(change: &Change) -> impl Iterator<Item = &Deed> {
    change.effects.iter().filter_map(|effect| match effect {
        Effect::Record(deed) => Some(deed).filter(|deed| matches!(deed.kind, DeedKind::SupplierPaused { .. })),
        Effect::Post(_) | Effect::Tell(_) | Effect::OpenCase(_) | Effect::Keep { .. } | Effect::Transmit { .. } => None,
    })
}

/// The parts of a change that the process, not the database, follows up.
pub(super) struct Followed {
    order: OrderId,
    due: Option<Due>,
    verdict: Option<&'static str>,
    seen: Vec<Sighting>,
    unpaid: Vec<Unpaid>,
}

impl House {
    /// To be asked before the change is committed.
    pub(super) fn followed(&self, change: &Change) -> Followed {
        let ended = change.events.iter().any(|event| matches!(event.subject(), Subject::Verdict(_)));
        let verdict = change.after.verdict.as_ref().filter(|_| ended).map(Verdict::word);
        Followed {
            order: change.order,
            due: change.after.next_action.map(|next| self.schedule.due(next.at_ms)),
            verdict,
            seen: sightings(change).collect(),
            unpaid: self.unpaid(change),
        }
    }
}

/// Nothing was sent for a stamp whose commit was not confirmed; if it stands after all, say so, so
/// that the attempt does not stay in doubt for nothing. Only the one who asked for the stamp may do this.
pub(super) async fn withdraw(house: &Arc<House>, id: OrderId, seq: Seq, n: u8) {
    use crate::domain::attempt::NotSentReason;
    let input = Input::NotSent {
        seq,
        n,
        why: NotSentReason::StampUnconfirmed,
    };
    house.certain().await;
    let step = house.learn(id, None, &input, &[]).await;
    tracing::info!(order = %id, seq, n, step = step.word(), "an unconfirmed stamp was looked up");
}
