//! A supplier with its own book: what it took, what it charged, what it says of it.
//!
//! Its book is the truth that the laws are held against. It keeps what its character promises, and
//! where it does not (`gwen`), the order is marked as excused from the laws that rest on promises.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use recharge_gateway::domain::ids::{AttemptId, OrderId};

use crate::cast::Character;
use crate::laws::Law;
use crate::notices;
use crate::record::Charge;
use crate::scene::Fault;
use crate::world::World;

/// Where a number stands in a supplier's book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// Being worked on.
    Working,
    /// Delivered and charged.
    Done,
    /// Half of it delivered and charged.
    Half,
    /// Failed after it was taken.
    Failed,
    /// Turned away at the gate.
    Refused,
}

/// A number in a supplier's book.
#[derive(Debug, Clone)]
pub struct Entry {
    /// For whom.
    pub recipient: String,
    /// How much, in minor units.
    pub face_minor: i64,
    /// Everything it ever stood at, the present last.
    pub stands: Vec<Stand>,
    /// How often the recipient was charged.
    pub charges: u32,
}

impl Entry {
    /// Where it stands now.
    #[must_use]
    pub fn stand(&self) -> Stand {
        *self.stands.last().unwrap()
    }
}

/// One supplier.
pub struct Supplier {
    /// What it is like.
    pub character: Character,
    book: Mutex<BTreeMap<String, Entry>>,
}

/// What a submit asks.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The attempt's number.
    pub number: String,
    /// For whom.
    pub recipient: String,
    /// How much, in minor units.
    pub face_minor: i64,
    /// Whether the network has doubled the request.
    pub is_doubled: bool,
}

/// What a supplier says to a submit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// Taken.
    Taken,
    /// Delivered already.
    Delivered,
    /// Turned away.
    Refuses,
    /// The number is known.
    Exists,
}

/// The order a number belongs to.
#[must_use]
pub fn order_of(number: &str) -> Option<OrderId> {
    number.parse::<AttemptId>().ok().map(|id| id.order)
}

impl Supplier {
    /// One with an empty book.
    #[must_use]
    pub fn new(character: Character) -> Self {
        Self {
            character,
            book: Mutex::default(),
        }
    }

    /// Its book.
    pub fn book(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn name(&self) -> &'static str {
        self.character.name
    }

    /// A submit has arrived; `place` is this supplier's among those of the scene.
    pub fn submit(&self, world: &Arc<World>, place: usize, asked: Asked) -> Says {
        let known = self.book().get(&asked.number).cloned();
        let is_used_up = |entry: &Entry| {
            let has_failed = [Stand::Failed, Stand::Refused].contains(&entry.stand());
            self.character.deduplicates && (!has_failed || self.character.keeps_failed_ids)
        };
        if let Some(known) = &known {
            if (&known.recipient, known.face_minor) != (&asked.recipient, asked.face_minor) {
                let how = format!("{} was sent {} for two things", self.name(), asked.number);
                world.record().breaks(Law::NumberIsItsOwn, order_of(&asked.number), how);
            }
            if is_used_up(known) {
                // A gate in front of the book (limits, balance) turns a repeat away and says nothing of
                // the first. One copy of a doubled request that met it would have no honest answer.
                if !asked.is_doubled && world.strikes(Fault::GateRefuses) {
                    return Says::Refuses;
                }
                let is_refused = known.stand() == Stand::Refused && world.dice.falls(500);
                return if is_refused { Says::Refuses } else { Says::Exists };
            }
        }
        self.take(world, place, &asked)
    }

    fn take(&self, world: &Arc<World>, place: usize, asked: &Asked) -> Says {
        let number = &asked.number;
        let stand = if world.strikes(Fault::GateRefuses) {
            Stand::Refused
        } else {
            Stand::Working
        };
        let mut book = self.book();
        let charges = book.get(number).map_or(0, |entry| entry.charges);
        let entry = Entry {
            recipient: asked.recipient.clone(),
            face_minor: asked.face_minor,
            stands: vec![stand],
            charges,
        };
        book.insert(number.clone(), entry);
        drop(book);
        world.tell(order_of(number), || format!("{} takes {number}: {stand:?}", self.name()));
        if stand == Stand::Refused {
            self.reconsider(world, place, number);
            return Says::Refuses;
        }
        if world.strikes(Fault::DeliversAtOnce) {
            self.stand(world, number, Stand::Done);
            self.reconsider(world, place, number);
            return Says::Delivered;
        }
        self.work(world, place, number.clone());
        Says::Taken
    }

    fn work(&self, world: &Arc<World>, place: usize, number: String) {
        let most_ms = if world.strikes(Fault::WorksSlowly) { 240_000 } else { 8_000 };
        let rest = world.sleep(world.dice.between(5, most_ms));
        let world_of_task = Arc::clone(world);
        world.start(async move {
            rest.await;
            let world = world_of_task;
            let supplier = &world.suppliers[place];
            // Withdrawn meanwhile.
            if supplier.book()[&number].stand() != Stand::Working {
                return;
            }
            let stand = if world.strikes(Fault::Fails) {
                Stand::Failed
            } else if world.strikes(Fault::DeliversPart) {
                Stand::Half
            } else {
                Stand::Done
            };
            supplier.stand(&world, &number, stand);
            notices::news(&world, place, &number, stand);
            supplier.reconsider(&world, place, &number);
        });
    }

    /// Somebody asks it to withdraw a number: it does if it likes, and if it still works on it; whether it has
    /// taken the wish.
    pub fn withdraw(&self, world: &Arc<World>, place: usize, number: &str) -> bool {
        let is_working = self.book().get(number).is_some_and(|entry| entry.stand() == Stand::Working);
        if !is_working || world.dice.aside(0x7004).falls(300) {
            return false;
        }
        self.stand(world, number, Stand::Failed);
        notices::news(world, place, number, Stand::Failed);
        self.reconsider(world, place, number);
        true
    }

    /// Turns a failure into a success, or takes a success back, if that is its character: the first
    /// also where nothing else is promised.
    fn reconsider(&self, world: &Arc<World>, place: usize, number: &str) {
        let stand = self.book()[number].stand();
        let character = self.character;
        let to = match stand {
            Stand::Failed if !character.failed_is_final || character.breaks_promises => Stand::Done,
            Stand::Refused if character.breaks_promises => Stand::Done,
            Stand::Done if character.breaks_promises => Stand::Failed,
            Stand::Working | Stand::Done | Stand::Half | Stand::Failed | Stand::Refused => return,
        };
        if !world.strikes(Fault::Flips) {
            return;
        }
        let rest = world.sleep(world.dice.between(10, 120_000));
        let (world_of_task, number) = (Arc::clone(world), number.to_owned());
        world.start(async move {
            rest.await;
            let world = world_of_task;
            let supplier = &world.suppliers[place];
            if character.breaks_promises {
                world.record().excused.extend(order_of(&number));
            }
            supplier.stand(&world, &number, to);
            notices::news(&world, place, &number, to);
        });
    }

    /// Puts a number to a new stand; charges if that is a delivery.
    fn stand(&self, world: &World, number: &str, stand: Stand) {
        let mut book = self.book();
        let entry = book.get_mut(number).unwrap();
        entry.stands.push(stand);
        let charges = matches!(stand, Stand::Done | Stand::Half);
        entry.charges += u32::from(charges);
        drop(book);
        let order = order_of(number);
        world.tell(order, || {
            let money = if charges { ", and the recipient is recharged" } else { "" };
            format!("{} has {number} at {stand:?}{money}", self.name())
        });
        let mut record = world.record();
        record.note_text(number);
        if let Some(order) = order.filter(|_| charges) {
            let number = number.to_owned();
            record.charges.push(Charge { order, number });
            record.written.insert(order);
        }
    }

    /// What it says when asked about a number: where it stands, or stood once.
    pub fn asked(&self, world: &World, number: &str) -> Option<(Stand, i64)> {
        let entry = self.book().get(number).cloned();
        if world.strikes(Fault::QueryLags) {
            let place = world.dice.place(entry.as_ref().map_or(0, |entry| entry.stands.len()) + 1);
            return entry.and_then(|entry| Some((*entry.stands.get(place)?, entry.face_minor)));
        }
        entry.map(|entry| (entry.stand(), entry.face_minor))
    }
}
