//! Where decisions are made: the gateway's own `accept`, `decide` and `evolve`, asked once for each
//! (record, phase, input) and remembered. Records are kept here too, each once, under a number.
//!
//! Invariant: nothing in here judges an order; it only translates, asks, and checks what came back.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::cast::{ADVANCE_AFTER_MS, PHASE_MS, START_MS, Scene, supplier};
use crate::domain::effect::{Change, Effect};
use crate::domain::event::Event;
use crate::domain::ids::{OrderId, Seq, ShopId, ShopOrderNo, Sku};
use crate::domain::money::{Currency, Money};
use crate::domain::order::{Asked, Fingerprint, Order, Terms};
use crate::domain::product::ProductKind;
use crate::domain::recipient::Inputs;
use crate::laws::{Law, Laws};
use crate::record::{Gist, Record};
use crate::told::{Book, Gateway, Told, plan};
use crate::world::At;

/// A decision, ready to be written.
#[derive(Debug, Clone, Copy)]
pub struct Written {
    /// The record that it makes.
    pub record: u32,
    /// The transmission that it stamps.
    pub stamp: Option<(Seq, u8)>,
    /// Laws that it breaks on the way.
    pub broken: Laws,
}

type Fixed = BuildHasherDefault<DefaultHasher>;

#[derive(Default)]
struct Shelf {
    records: Vec<(Arc<Record>, Gist)>,
    numbers: HashMap<String, u32, Fixed>,
    decided: HashMap<(u32, u8, Told), Option<Written>, Fixed>,
}

/// The desk of one scene.
pub struct Desk {
    gateway: Gateway,
    book: Book,
    last_phase: u8,
    deadline_ms: i64,
    advance_after_ms: Option<i64>,
    has_window: bool,
    shelf: Mutex<Shelf>,
}

impl Desk {
    /// An empty desk.
    #[must_use]
    pub fn of(scene: &Scene, gateway: Gateway) -> Self {
        let book = Book {
            policy: scene.policy(),
            rules: scene.rules(),
        };
        Self {
            gateway,
            book,
            last_phase: scene.bounds.last_phase,
            deadline_ms: scene.deadline_ms(),
            advance_after_ms: scene.bounds.advances.then_some(ADVANCE_AFTER_MS),
            has_window: scene.has_window(),
            shelf: Mutex::default(),
        }
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The record's short form; an empty one for 0.
    #[must_use]
    pub fn gist(&self, record: u32) -> Gist {
        place(record).map_or_else(Gist::default, |at| self.shelf().records[at].1)
    }

    /// The record.
    #[must_use]
    pub fn record(&self, record: u32) -> Option<Arc<Record>> {
        place(record).map(|at| Arc::clone(&self.shelf().records[at].0))
    }

    /// How many records there are, and how many decisions were asked for.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let shelf = self.shelf();
        (shelf.records.len(), shelf.decided.len())
    }

    /// The order comes into being, with its first attempt at `first` if a permit is in hand.
    #[must_use]
    pub fn accept(&self, first: Option<At>) -> Option<Written> {
        let (candidate, permitted) = (first.unwrap_or(0), first.map(supplier));
        let change = (self.gateway.accept)(
            id(),
            Terms {
                advance_after_ms: self.advance_after_ms,
                ..terms(self.deadline_ms)
            },
            plan(Some(candidate)),
            permitted.as_ref(),
            &self.book,
            START_MS,
        )?;
        let record = Record {
            order: (*change.after).clone(),
            postings: Vec::new(),
            cases: Vec::new(),
            callbacks: 0,
        };
        Some(self.write(record, None, &change))
    }

    /// What `told` makes of `record` in this phase; nothing if it is refused.
    #[must_use]
    pub fn decide(&self, record: u32, phase: u8, told: Told) -> Option<Written> {
        let key = (record, phase, told);
        if let Some(known) = self.shelf().decided.get(&key) {
            return *known;
        }
        let held = self.record(record)?;
        let written = self
            .ask(&held.order, phase, told)
            .map(|change| self.write((*held).clone(), Some(&held.order), &change));
        self.shelf().decided.insert(key, written);
        written
    }

    /// The events that `told` brings, for a story.
    #[must_use]
    pub fn events(&self, record: u32, phase: u8, told: Told) -> Vec<Event> {
        let held = self.record(record);
        held.and_then(|held| self.ask(&held.order, phase, told))
            .map_or_else(Vec::new, |change| change.events)
    }

    fn ask(&self, order: &Order, phase: u8, told: Told) -> Option<Change> {
        (self.gateway.decide)(order, told, &self.book, now_ms(phase))
    }

    fn write(&self, mut record: Record, before: Option<&Order>, change: &Change) -> Written {
        let mut broken = Laws::default();
        judge(self.gateway, before, change, &mut broken);
        for effect in &change.effects {
            match effect {
                Effect::Post(posting) => {
                    broken.note(Law::Balanced, !posting.balances());
                    let is_repeated = record.post(posting);
                    broken.note(Law::SettledOnce, is_repeated);
                }
                Effect::Tell(_) => record.callbacks = record.callbacks.saturating_add(1).min(3),
                Effect::OpenCase(case) => record.cases.push(case.key.clone()),
                // Deeds are for people to read; no later decision looks at them.
                Effect::Record(_) | Effect::Keep { .. } | Effect::Transmit { .. } => {}
            }
        }
        record.order = (*change.after).clone();
        record.normalize(self.last_phase, self.has_window);
        Written {
            record: self.number(record),
            stamp: change.transmission(),
            broken,
        }
    }

    fn number(&self, record: Record) -> u32 {
        let key = record.key();
        let mut shelf = self.shelf();
        if let Some(number) = shelf.numbers.get(&key) {
            return *number;
        }
        let gist = record.gist();
        shelf.records.push((Arc::new(record), gist));
        let number = u32::try_from(shelf.records.len()).unwrap();
        shelf.numbers.insert(key, number);
        number
    }
}

fn place(record: u32) -> Option<usize> {
    usize::try_from(record).unwrap().checked_sub(1)
}

/// What must be true of every change, whatever it is about.
fn judge(gateway: Gateway, before: Option<&Order>, change: &Change, broken: &mut Laws) {
    let events = u32::try_from(change.events.len()).unwrap();
    let replayed = change
        .events
        .iter()
        .fold(before.cloned(), |order, event| (gateway.evolve)(order, event, change.at_ms));
    let replayed = replayed.map(|mut order| {
        order.next_action = change.after.next_action;
        order
    });
    let expected = before.map_or(0, |order| order.version);
    let is_counted = change.expected_version == expected && change.after.version == expected + events && events > 0;
    broken.note(Law::RowIsItsEvents, !is_counted || replayed.as_ref() != Some(&change.after));

    let is_left_alone = before.is_some_and(Order::is_advanced);
    broken.note(Law::AdvancedIsLeftAlone, is_left_alone && change.transmission().is_some());

    let verdict = before.and_then(|order| order.verdict.as_ref());
    broken.note(Law::OneVerdict, verdict.is_some() && verdict != change.after.verdict.as_ref());
    for event in &change.events {
        match event {
            Event::AttemptOpened { .. } => {
                let is_early = before.is_some_and(|order| order.open_attempt().is_some());
                broken.note(Law::YoungerThanDeaths, is_early);
            }
            Event::AttemptWon { evidence, .. }
            | Event::AttemptRefused { evidence, .. }
            | Event::AttemptExcess { evidence, .. }
            | Event::AttemptLate { evidence, .. } => broken.note(Law::CapturedIsProven, evidence.is_none()),
            Event::OrderAccepted { .. }
            | Event::OrderWaiting { .. }
            | Event::AttemptResubmitted { .. }
            | Event::AttemptAccepted { .. }
            | Event::AttemptDoubted { .. }
            | Event::AttemptHinted { .. }
            | Event::AttemptConfirmed { .. }
            | Event::AttemptNotSent { .. }
            | Event::AttemptContradicted { .. }
            | Event::AttemptAssumedDead { .. }
            | Event::AttemptGivenUp { .. }
            | Event::CostRecovered { .. }
            | Event::OrderRefunded { .. }
            | Event::OrderCharged { .. }
            | Event::OrderAdvanced { .. }
            | Event::AdvanceDeclined { .. }
            | Event::OrderSucceeded { .. }
            | Event::OrderPartiallySucceeded { .. }
            | Event::OrderFailed { .. }
            | Event::OrderCancelled
            | Event::OrderOverdue
            | Event::CaseOpened { .. } => {}
        }
    }
}

/// UTC milliseconds in this phase.
fn now_ms(phase: u8) -> i64 {
    START_MS + i64::from(phase) * PHASE_MS
}

fn id() -> OrderId {
    OrderId::compose(START_MS, 1, 1).unwrap()
}

fn terms(deadline_ms: i64) -> Terms {
    let sku = Sku::from("qb");
    Terms {
        shop: ShopId(1),
        shop_order_no: ShopOrderNo::from("n1"),
        fingerprint: Fingerprint::of(&Asked {
            sku: &sku,
            quantity: 1,
            face_value: None,
            max_price: None,
            inputs: &Inputs::default(),
            callback_url: None,
            deadline_seconds: None,
        }),
        sku,
        kind: ProductKind::TopUp,
        quantity: 1,
        face: Money::new(2_000, Currency::Cny),
        price: Money::new(1_999, Currency::Cny),
        may_lose_money: false,
        floor_minor: 0,
        deadline_ms,
        callback_url: Some("https://shop.example/told".to_owned()),
        segment: None,
        advance_after_ms: None,
    }
}
