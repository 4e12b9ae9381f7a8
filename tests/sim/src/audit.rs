//! The laws, checked after every step against whatever that step has written: the store's rows, the
//! suppliers' books and the shops'.

mod money;

use std::collections::{BTreeMap, BTreeSet};

use recharge_gateway::domain::attempt::{Attempt, AttemptState, Proof};
use recharge_gateway::domain::event::{Event, Recorded};
use recharge_gateway::domain::evolve::{evolve, replay};
use recharge_gateway::domain::ids::{EvidenceId, OrderId};
use recharge_gateway::domain::ledger::{Account, Posting};
use recharge_gateway::domain::money::Currency;
use recharge_gateway::domain::order::{Order, Verdict};
use recharge_gateway::store::{CallbackState, Evidence, Store};

use crate::at_once;
use crate::laws::Law;
use crate::shops::Shops;
use crate::world::World;

/// What the auditor remembers.
#[derive(Default)]
pub struct Auditor {
    /// Every order ever written.
    pub known: BTreeSet<OrderId>,
    verdicts: BTreeMap<OrderId, Verdict>,
    postings: BTreeMap<String, Posting>,
    balances: BTreeMap<(Account, Currency), i64>,
}

/// What is looked at of one order.
struct Seen {
    order: Order,
    history: Vec<Recorded>,
    evidence: Vec<Evidence>,
    charges: Vec<String>,
    is_excused: bool,
}

impl Auditor {
    /// Checks what was written since the last time; the record keeps the first law that breaks.
    pub fn check(&mut self, world: &World) {
        let written = std::mem::take(&mut world.record().written);
        if written.is_empty() {
            return;
        }
        if let Err((law, how)) = self.books(world) {
            return world.record().breaks(law, written.first().copied(), how);
        }
        for id in written {
            self.known.insert(id);
            let Some(seen) = Seen::of(world, id) else { continue };
            if let Err((law, how)) = self.order(world, &seen) {
                return world.record().breaks(law, Some(id), how);
            }
        }
    }

    /// I5, and the guard of holds: the new postings replayed over the old balances.
    fn books(&mut self, world: &World) -> Result<(), (Law, String)> {
        let fresh = world.store.postings_after(self.postings.len());
        if fresh.is_empty() {
            return Ok(());
        }
        for posting in fresh {
            ensure(posting.balances(), Law::Balanced, || format!("{} does not balance", posting.key))?;
            for entry in &posting.entries {
                *self.balances.entry((entry.account.clone(), posting.currency)).or_default() += entry.minor;
            }
            if let Some(guard) = &posting.guard {
                let after = self.balances[&(guard.account.clone(), posting.currency)];
                ensure(after >= guard.floor_minor, Law::WithinMeans, || {
                    format!("{} leaves {after} on {}", posting.key, guard.account)
                })?;
            }
            let key = posting.key.clone();
            let is_new = self.postings.insert(key.clone(), posting).is_none();
            ensure(is_new, Law::SettledOnce, || format!("{key} was posted twice"))?;
        }
        let out = self.balances.get(&(Account::Risk, Currency::Cny)).copied().unwrap_or(0);
        let most = world.scene.advance.map_or(0, |(_, total_minor)| total_minor);
        ensure(-out <= most, Law::WithinMeans, || format!("{} of {most} is advanced", -out))?;
        let mut stored = BTreeMap::new();
        for balance in at_once(world.store.balances()).unwrap() {
            stored.insert((balance.account, balance.currency), balance.minor);
        }
        ensure(stored == self.balances, Law::Balanced, || {
            "the balances are not the replay of their entries".to_owned()
        })?;
        let sum: i64 = stored.values().sum();
        ensure(sum == 0, Law::Balanced, || format!("all accounts sum to {sum}"))
    }

    fn order(&mut self, world: &World, seen: &Seen) -> Result<(), (Law, String)> {
        let order = &seen.order;
        seen.row_is_its_events()?;
        seen.attempts()?;
        seen.charges()?;
        seen.younger_than_deaths()?;
        seen.is_left_alone()?;
        self.money(world, order)?;
        let known = self.verdicts.get(&order.id);
        let is_kept = known.is_none() || known == order.verdict.as_ref();
        ensure(is_kept, Law::OneVerdict, || format!("from {known:?} to {:?}", order.verdict))?;
        if let Some(verdict) = &order.verdict {
            self.verdicts.insert(order.id, verdict.clone());
        }
        let told = at_once(world.store.callbacks_of(order.id)).unwrap().len();
        let moved_later = order.refunds.len() + order.charges.len();
        let due = usize::from(order.verdict.is_some()) + usize::from(order.is_advanced()) + moved_later;
        let due = if order.terms.callback_url.is_some() { due } else { 0 };
        ensure(told == due, Law::VerdictIsTold, || format!("{told} callbacks, {due} are due"))?;
        let is_over = order.verdict.is_some() && order.open_attempt().is_none();
        let is_looked_at = order.next_action.is_some() || has_case(world, order.id);
        ensure(is_over || is_looked_at, Law::NothingStuck, || {
            "no next action and no case".to_owned()
        })
    }

    /// Whether everything is settled or a person is called, and every callback delivered or parked.
    #[must_use]
    pub fn is_at_rest(&self, world: &World) -> bool {
        self.known.iter().all(|id| unrest(world, *id).is_none())
    }

    /// At the end: whatever is not at rest breaks a law, and so does a shop that was told something
    /// else than its verdict, or nothing.
    pub fn check_end(&self, world: &World, shops: &Shops) {
        for id in &self.known {
            if let Some(how) = unrest(world, *id) {
                return world.record().breaks(Law::SettlesInTheEnd, Some(*id), how);
            }
        }
        for id in &self.known {
            let Some(order) = at_once(world.store.order(*id)).unwrap() else {
                continue;
            };
            let shop = usize::try_from(order.terms.shop.0 - 1).unwrap();
            let told = shops.books().get(&(shop, order.terms.shop_order_no.as_str().to_owned())).cloned();
            let told = told.unwrap_or_default();
            let verdict = order.verdict.as_ref().map(|verdict| verdict.word().to_owned());
            if told.ended.is_some() && told.ended != verdict {
                let how = format!("the shop was told {:?}, the verdict is {verdict:?}", told.ended);
                return world.record().breaks(Law::OneVerdict, Some(*id), how);
            }
            let callbacks = at_once(world.store.callbacks_of(*id)).unwrap();
            let delivered = callbacks.iter().filter(|stored| stored.state == CallbackState::Delivered);
            let is_heard = |id: &String| told.callbacks.values().any(|(heard, _)| heard == id);
            if delivered.into_iter().any(|stored| !is_heard(&stored.callback.id)) {
                let how = "its callback counts as delivered, and the shop has heard nothing";
                return world.record().breaks(Law::VerdictIsTold, Some(*id), how);
            }
        }
        // I12: what a shop has an id for, stands.
        for ((shop, number), told) in shops.books().iter() {
            let stands = told.order.is_none_or(|id| at_once(world.store.order(id)).unwrap().is_some());
            if !stands {
                let how = format!("shop {shop} has an id for {number}, and it is gone");
                return world.record().breaks(Law::AnswerStands, told.order, how);
            }
        }
    }
}

impl Seen {
    fn of(world: &World, id: OrderId) -> Option<Self> {
        let order = at_once(world.store.order(id)).unwrap()?;
        let record = world.record();
        let charges = record.charges.iter().filter(|charge| charge.order == id);
        let charges = charges.map(|charge| charge.number.clone()).collect();
        let is_excused = record.excused.contains(&id);
        drop(record);
        Some(Self {
            history: at_once(world.store.history(id)).unwrap(),
            evidence: at_once(world.store.evidence(id)).unwrap(),
            order,
            charges,
            is_excused,
        })
    }

    fn number(&self, attempt: &Attempt) -> String {
        self.order.attempt_id(attempt.seq).to_string()
    }

    /// Once its shop has the money back, nothing is sent for it.
    fn is_left_alone(&self) -> Result<(), (Law, String)> {
        let events = self.history.iter().map(|recorded| &recorded.event);
        let after = events.skip_while(|event| !matches!(event, Event::OrderAdvanced { .. }));
        let mut sent = after.filter(|event| matches!(event, Event::AttemptOpened { .. } | Event::AttemptResubmitted { .. }));
        ensure(sent.next().is_none(), Law::AdvancedIsLeftAlone, || {
            "stamped after its advance".to_owned()
        })
    }

    /// R3.
    fn row_is_its_events(&self) -> Result<(), (Law, String)> {
        let replayed = replay(&self.history).map(|order| Order {
            next_action: self.order.next_action,
            ..order
        });
        let is_dense = self.history.iter().zip(1..).all(|(recorded, number)| recorded.number == number);
        ensure(replayed.as_ref() == Some(&self.order) && is_dense, Law::RowIsItsEvents, || {
            format!("version {} after {} events", self.order.version, self.history.len())
        })
    }

    /// I7, and I8 as far as the proof goes.
    fn attempts(&self) -> Result<(), (Law, String)> {
        let open = self.order.attempts.iter().filter(|attempt| attempt.is_open()).count();
        ensure(open <= 1, Law::OneOpen, || format!("{open} attempts are open"))?;
        let is_dense = self.order.attempts.iter().zip(1..).all(|(attempt, seq)| attempt.seq == seq);
        ensure(is_dense, Law::OneOpen, || "the attempts are not numbered 1, 2, 3".to_owned())?;
        for attempt in &self.order.attempts {
            if let AttemptState::Dead { proof, .. } = &attempt.state {
                let is_proven = match proof {
                    Proof::Refused { evidence, .. } => self.has(evidence.as_ref()),
                    // No supplier of this world has a quiet window.
                    Proof::Assumed { .. } => false,
                    Proof::NotSent { .. } => attempt.transmissions.len() == 1,
                    // Nobody attests anything in here.
                    Proof::Attested { .. } => false,
                };
                ensure(is_proven, Law::DeadIsDead, || {
                    format!("{} is dead without proof", self.number(attempt))
                })?;
            }
        }
        Ok(())
    }

    fn has(&self, evidence: Option<&EvidenceId>) -> bool {
        evidence.is_some_and(|id| self.evidence.iter().any(|kept| kept.id == *id))
    }

    /// I1, I2, I3, I8, by the suppliers' own books.
    fn charges(&self) -> Result<(), (Law, String)> {
        let count = self.charges.len();
        if !self.is_excused {
            ensure(count <= 1, Law::ChargedOnce, || format!("charged under {:?}", self.charges))?;
            let is_released = matches!(self.order.verdict, Some(Verdict::Failed { .. } | Verdict::Cancelled { .. }));
            ensure(!is_released || count == 0, Law::ReleasedIsUncharged, || {
                format!("charged under {:?}", self.charges)
            })?;
            for attempt in &self.order.attempts {
                let is_dead = matches!(attempt.state, AttemptState::Dead { .. });
                let number = self.number(attempt);
                ensure(!is_dead || !self.charges.contains(&number), Law::DeadIsDead, || number)?;
            }
        }
        if let Some(Verdict::Succeeded { seq, .. } | Verdict::PartiallySucceeded { seq, .. }) = &self.order.verdict {
            let won = self.order.attempt(*seq).filter(|attempt| attempt.is_won());
            let is_delivered = won.is_some_and(|won| self.charges.contains(&self.number(won)));
            ensure(is_delivered, Law::CapturedIsProven, || format!("attempt {seq} has charged nobody"))?;
            let is_proven = self.history.iter().any(|recorded| {
                if let Event::AttemptWon { seq: of, evidence, .. } = &recorded.event {
                    of == seq && self.has(evidence.as_ref())
                } else {
                    false
                }
            });
            ensure(is_proven, Law::CapturedIsProven, || {
                format!("attempt {seq} is won without evidence")
            })?;
        }
        Ok(())
    }

    /// I9.
    fn younger_than_deaths(&self) -> Result<(), (Law, String)> {
        let mut order = None;
        for recorded in &self.history {
            if let (Event::AttemptOpened { seq, .. }, Some(before)) = (&recorded.event, &order) {
                let before: &Order = before;
                let all_dead = before
                    .attempts
                    .iter()
                    .all(|attempt| matches!(attempt.state, AttemptState::Dead { .. }));
                ensure(all_dead && before.verdict.is_none(), Law::YoungerThanDeaths, || {
                    format!("attempt {seq}")
                })?;
            }
            order = evolve(order, &recorded.event, recorded.at_ms);
        }
        Ok(())
    }
}

/// Why an order is not at rest.
fn unrest(world: &World, id: OrderId) -> Option<String> {
    let order = at_once(world.store.order(id)).unwrap()?;
    let is_over = order.verdict.is_some() && order.open_attempt().is_none();
    if !is_over && !has_case(world, id) {
        let open = order.open_attempt().map(Attempt::word);
        return Some(format!(
            "verdict {:?}, open attempt {open:?}, next {:?}",
            order.verdict, order.next_action
        ));
    }
    let due = at_once(world.store.callbacks_of(id)).unwrap();
    let due = due.iter().find(|stored| matches!(stored.state, CallbackState::Due(_)))?;
    Some(format!("its callback is due after {} tries", due.tries))
}

fn has_case(world: &World, id: OrderId) -> bool {
    let cases = at_once(world.store.open_cases(10_000)).unwrap();
    cases.iter().any(|stored| stored.case.order == Some(id))
}

fn ensure(holds: bool, law: Law, how: impl FnOnce() -> String) -> Result<(), (Law, String)> {
    if holds { Ok(()) } else { Err((law, how())) }
}
