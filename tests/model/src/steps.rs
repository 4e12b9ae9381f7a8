//! What each thing that happens makes of the world. Whatever is decided, is decided at the desk.

use crate::cast::{Kind, Scene};
use crate::desk::{Desk, Written};
use crate::domain::ids::Seq;
use crate::flaws::Flaw;
use crate::laws::{Law, Laws};
use crate::moves::{Ack, Move};
use crate::record::{End, Stand};
use crate::shipped::asking::GATEWAY;
use crate::told::{Gateway, Told, Word};
use crate::world::{Answer, At, Entry, Hearing, Node, Place, Request, Seen, Slot, Unsure, World};

/// A scene and its desk.
pub struct Play {
    /// The bounds and the cast.
    pub scene: Scene,
    /// Where decisions are made.
    pub desk: Desk,
}

impl Play {
    /// A scene about to begin.
    #[must_use]
    pub fn of(scene: Scene) -> Self {
        Self::by(scene, GATEWAY)
    }

    /// The same with other decisions than the shipped ones.
    #[must_use]
    pub fn by(scene: Scene, gateway: Gateway) -> Self {
        Self {
            scene,
            desk: Desk::of(&scene, gateway),
        }
    }

    /// The world after `step`; nothing if nothing happens.
    #[must_use]
    pub fn after(&self, world: &World, step: Move) -> Option<World> {
        let mut next = *world;
        let done = self.take(&mut next, step);
        (done.is_some() && next != *world).then_some(next)
    }

    /// The input that a step gives to `decide`, and the record it is decided on.
    #[must_use]
    pub fn told(&self, world: &World, step: Move) -> Option<(u32, Told)> {
        let told = match step {
            Move::Try(_, at, _) => Told::Try(at),
            Move::GiveUp(_) => Told::GiveUp,
            Move::Cancel => Told::Cancel,
            Move::Resubmit(_, seq, _) => Told::Resubmit(seq),
            Move::NotSent(place) => Told::NotSent(place.seq, place.n),
            Move::Hear(place) => match world.slot(place).hearing {
                Hearing::Coming(answer) => Told::Reply(place.seq, answer.into()),
                Hearing::Nobody | Hearing::Waiting => return None,
            },
            Move::HangUp(place) => Told::Reply(place.seq, Word::Nothing),
            Move::Withdraw(node) => {
                let place = world.unsure[usize::from(node)]?.place;
                Told::Withdrawn(place.seq, place.n)
            }
            Move::Query(_, seq, said) => Told::Answer(seq, said.map_or(Word::Nothing, Word::Said)),
            Move::NotFound(_, seq) => Told::Answer(seq, Word::NotFound),
            Move::Notify(_, seq, entry) => Told::Notice(seq, Word::Said(entry)),
            Move::Hint(seq) => Told::Hint(seq),
            Move::Attest(seq, is_delivered) => Told::Attest(seq, is_delivered),
            Move::Assume(_, seq) => Told::Assume(seq),
            Move::Recall(at, seq, _) => Told::Recalled(seq, Word::Said(self.withdrawn(world, at, seq))),
            Move::Advance(is_given) => Told::Advance(is_given),
            Move::Recover => Told::Recover,
            Move::Review => Told::Review,
            Move::Accept(..)
            | Move::Look(_)
            | Move::SendFirst(_)
            | Move::Send(_)
            | Move::Crash(_)
            | Move::Lease
            | Move::Land(..)
            | Move::Double(_)
            | Move::Lose(_)
            | Move::Become(..)
            | Move::Forget(..)
            | Move::Pass => return None,
        };
        let node = if let Move::Try(node, ..) | Move::GiveUp(node) | Move::Resubmit(node, ..) = step {
            Some(node)
        } else {
            None
        };
        let seen = node.and_then(|node| world.seen[usize::from(node)]);
        Some((seen.map_or(world.record, |seen| seen.record), told))
    }

    fn take(&self, world: &mut World, step: Move) -> Option<()> {
        let told = self.told(world, step).map(|(_, told)| told);
        match step {
            Move::Accept(first, ack) => {
                let written = self.desk.accept(first)?;
                self.write(world, written);
                if let Some((seq, n)) = written.stamp {
                    self.stamped(world, 0, Place { at: first?, seq, n }, ack);
                }
            }
            Move::Look(node) => {
                world.seen[usize::from(node)] = Some(Seen {
                    record: world.record,
                    is_current: true,
                });
            }
            Move::Try(node, at, ack) => return self.plan(world, node, told?, Some(at), ack),
            Move::GiveUp(node) => return self.plan(world, node, told?, None, Ack::Done),
            Move::Resubmit(node, seq, ack) => {
                let at = self.at(world, seq)?;
                return self.plan(world, node, told?, Some(at), ack);
            }
            Move::SendFirst(at) => self.send_first(world, at)?,
            Move::Send(place) => {
                world.slot_mut(place).request = Request::Flying;
                self.check_stamp(world, place);
            }
            Move::NotSent(place) => {
                let slot = world.slot_mut(place);
                slot.request = Request::Ended;
                slot.hang_up();
                self.learn(world, told?);
            }
            Move::Hear(place) | Move::HangUp(place) => {
                world.slot_mut(place).hang_up();
                self.learn(world, told?);
            }
            Move::Withdraw(node) => {
                let unsure = world.unsure[usize::from(node)].take()?;
                if unsure.is_written || self.scene.has(Flaw::WithdrawsAnothers) {
                    self.learn(world, told?);
                }
            }
            Move::Query(..)
            | Move::NotFound(..)
            | Move::Notify(..)
            | Move::Hint(_)
            | Move::Attest(..)
            | Move::Assume(..)
            | Move::Advance(_)
            | Move::Recover
            | Move::Review
            | Move::Cancel => {
                self.learn(world, told?);
            }
            Move::Recall(at, seq, is_heard) => {
                if matches!(world.page(at, seq).entry, Some(Entry::Working)) || self.keeps_withdrawn(at) {
                    let entry = self.withdrawn(world, at, seq);
                    if world.page(at, seq).entry != Some(entry) {
                        world.page_mut(at, seq).write(entry);
                    }
                }
                if is_heard {
                    self.learn(world, told?);
                }
            }
            Move::Crash(node) => self.crash(world, node),
            Move::Lease => swap_nodes(world),
            Move::Land(place, entry) => self.land(world, place, entry, Request::Ended),
            Move::Double(place) => self.land(world, place, Some(Entry::Delivered), Request::Flying),
            Move::Lose(place) => world.slot_mut(place).request = Request::Ended,
            Move::Become(at, seq, entry) => world.page_mut(at, seq).write(entry),
            Move::Forget(at, seq) => world.page_mut(at, seq).entry = None,
            Move::Pass => world.phase += 1,
        }
        Some(())
    }

    /// What a supplier says when it is asked to withdraw a number: that it has, unless it is too late.
    fn withdrawn(&self, world: &World, at: At, seq: Seq) -> Entry {
        match world.page(at, seq).entry {
            None | Some(Entry::Working) => Entry::Failed,
            Some(entry) => entry,
        }
    }

    /// Whether a number that was withdrawn before its request came is not taken afterwards.
    fn keeps_withdrawn(&self, at: At) -> bool {
        self.scene.kind(at) == Kind::Recalls && !self.scene.has(Flaw::RecallIsNotKept)
    }

    fn at(&self, world: &World, seq: Seq) -> Option<At> {
        let gist = self.desk.gist(world.record);
        (seq <= gist.attempts).then(|| gist.at[usize::from(seq) - 1])
    }

    /// Decided on what the node has seen; written only if that is still so.
    fn plan(&self, world: &mut World, node: Node, told: Told, at: Option<At>, ack: Ack) -> Option<()> {
        let seen = world.seen[usize::from(node)].take();
        let basis = seen.map_or(world.record, |seen| seen.record);
        let is_current = seen.is_none_or(|seen| seen.is_current);
        if !is_current && !self.scene.has(Flaw::StaleAdmitted) {
            return Some(());
        }
        let Some(written) = self.desk.decide(basis, world.phase, told) else {
            return seen.map(|_| ());
        };
        let place = written.stamp.zip(at).map(|((seq, n), at)| Place { at, seq, n });
        if place.is_some_and(|place| world.slot(place).request != Request::Absent) && ack != Ack::UnknownLost {
            // Only a store that forgets or admits too much stamps a transmission twice.
            return None;
        }
        if ack != Ack::UnknownLost {
            self.write(world, written);
        }
        if let Some(place) = place {
            self.stamped(world, node, place, ack);
        }
        Some(())
    }

    fn stamped(&self, world: &mut World, node: Node, place: Place, ack: Ack) {
        let slot = Slot {
            request: Request::Held,
            hearing: Hearing::Waiting,
            sender: node,
            phase: world.phase,
        };
        if ack == Ack::Done || self.scene.has(Flaw::SendsOnUnknown) {
            *world.slot_mut(place) = slot;
            return;
        }
        let is_written = ack == Ack::UnknownWritten;
        if is_written {
            *world.slot_mut(place) = Slot {
                request: Request::Ended,
                phase: world.phase,
                ..Slot::default()
            };
        }
        world.unsure[usize::from(node)] = Some(Unsure { place, is_written });
    }

    /// Decided on whatever the order is now, again and again if need be: a fact is not forgotten.
    fn learn(&self, world: &mut World, told: Told) {
        if let Some(written) = self.desk.decide(world.record, world.phase, told) {
            self.write(world, written);
        }
    }

    fn write(&self, world: &mut World, written: Written) {
        if self.scene.has(Flaw::LastCommitLost) {
            world.before = world.record;
        }
        world.record = written.record;
        world.broken = world.broken.and(written.broken);
        for seen in world.seen.iter_mut().flatten() {
            seen.is_current = false;
        }
    }

    fn send_first(&self, world: &mut World, at: At) -> Option<()> {
        let gist = self.desk.gist(world.record);
        let seq = gist.attempts + 1;
        let is_free = gist.open.is_none() && gist.end.is_none() && seq <= self.scene.bounds.attempts;
        let place = Place { at, seq, n: 1 };
        if !is_free || world.slot(place).request != Request::Absent {
            return None;
        }
        *world.slot_mut(place) = Slot {
            request: Request::Flying,
            phase: world.phase,
            ..Slot::default()
        };
        self.check_stamp(world, place);
        Some(())
    }

    fn check_stamp(&self, world: &mut World, place: Place) {
        let gist = self.desk.gist(world.record);
        let at = usize::from(place.seq) - 1;
        let is_stamped = place.seq <= gist.attempts && gist.at[at] == place.at && gist.transmissions[at] >= place.n;
        world.broken.note(Law::StampedBeforeSent, !is_stamped);
    }

    fn crash(&self, world: &mut World, node: Node) {
        world.unsure[usize::from(node)] = None;
        world.seen[usize::from(node)] = None;
        for slot in world.slots.iter_mut().flatten().flatten().filter(|slot| slot.sender == node) {
            if slot.request == Request::Held {
                slot.request = Request::Ended;
                slot.hang_up();
            } else if slot.hearing != Hearing::Nobody {
                slot.hang_up();
            }
        }
        if self.scene.has(Flaw::LastCommitLost) && world.before != 0 {
            world.record = world.before;
            world.before = 0;
        }
    }

    /// A request arrives. A number in the books of a supplier that deduplicates is answered from them.
    fn land(&self, world: &mut World, place: Place, entry: Option<Entry>, then: Request) {
        let deduplicates = self.scene.kind(place.at).deduplicates() && !self.scene.has(Flaw::ChargesEveryRequest);
        let keeps_withdrawn = self.keeps_withdrawn(place.at);
        let page = world.page_mut(place.at, place.seq);
        let is_forgotten = self.scene.has(Flaw::ForgetsFailedIds) && matches!(page.entry, Some(Entry::Refused | Entry::Failed));
        let known = page.entry.filter(|_| (deduplicates || keeps_withdrawn) && !is_forgotten);
        let answer = match (known, entry) {
            (_, None) => Answer::Gate,
            (Some(known), Some(_)) => Answer::Said(known),
            (None, Some(entry)) => {
                page.write(entry);
                Answer::Said(entry)
            }
        };
        // Where refused numbers stay used up, this one does too.
        if entry.is_none() && page.entry.is_none() && deduplicates {
            page.write(Entry::Refused);
        }
        let slot = world.slot_mut(place);
        slot.request = then;
        if slot.hearing == Hearing::Waiting {
            slot.hearing = Hearing::Coming(answer);
        }
    }

    /// The laws that are broken in this world, other than that it can be settled.
    #[must_use]
    pub fn broken(&self, world: &World) -> Laws {
        let gist = self.desk.gist(world.record);
        let mut broken = world.broken.and(gist.broken);
        let charged = |seq: Seq| world.page(gist.at[usize::from(seq) - 1], seq).charges > 0;
        if let Some(End::Paid(seq)) = gist.end {
            broken.note(Law::CapturedIsProven, !charged(seq));
        }
        if self.scene.promises_are_kept {
            let charges = world.charges();
            let is_dead = |seq: &Seq| gist.stand[usize::from(*seq) - 1] == Stand::Dead;
            broken.note(Law::ChargedOnce, charges > 1);
            broken.note(Law::ReleasedIsUncharged, charges > 0 && gist.end == Some(End::Released));
            broken.note(Law::DeadIsDead, charges > 0 && (1..=gist.attempts).filter(is_dead).any(charged));
        }
        broken
    }
}

/// The two nodes are alike: the one with the lease is always called 0.
fn swap_nodes(world: &mut World) {
    world.unsure.swap(0, 1);
    world.seen.swap(0, 1);
    for slot in world.slots.iter_mut().flatten().flatten() {
        if slot.request == Request::Held || slot.hearing != Hearing::Nobody {
            slot.sender = 1 - slot.sender;
        }
    }
}
