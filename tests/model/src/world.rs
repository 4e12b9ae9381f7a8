//! One state of the world: what the store holds, who is about to send, what is on the wire, and what
//! the suppliers' own books say. Small, flat and comparable, so that millions fit into memory.
//!
//! Invariant: what no later step can tell apart is written in one form only (`Slot::end`).

use std::hash::{Hash, Hasher};

use crate::domain::ids::Seq;
use crate::laws::Laws;

/// Most attempts that any bound allows.
pub const SEQS: usize = 3;
/// Most transmissions of one attempt.
pub const NTHS: usize = 2;
/// Suppliers, and nodes: two of each.
pub const TWO: usize = 2;

/// Which supplier: 0 is A, 1 is B.
pub type At = u8;
/// Which node: 0 has the lease, 1 has not.
pub type Node = u8;

/// One transmission of one attempt at one supplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The supplier.
    pub at: At,
    /// The attempt.
    pub seq: Seq,
    /// The transmission, from 1.
    pub n: u8,
}

/// What a supplier's books say of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Entry {
    /// Turned down when it came.
    Refused,
    /// Taken, being worked on.
    Working,
    /// Delivered: somebody was recharged.
    Delivered,
    /// Taken first, then failed.
    Failed,
}

impl Entry {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Refused, Self::Working, Self::Delivered, Self::Failed];

    fn bit(self) -> u8 {
        match self {
            Self::Refused => 1,
            Self::Working => 2,
            Self::Delivered => 4,
            Self::Failed => 8,
        }
    }
}

/// What is on its way back on a submit's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Turned away before the books were opened: limits, balance, credentials.
    Gate,
    /// What the books said.
    Said(Entry),
}

/// Where the request of a transmission is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Request {
    /// Never stamped.
    #[default]
    Absent,
    /// Stamped, and its node knows it: about to be sent.
    Held,
    /// On the wire, for as long as it likes.
    Flying,
    /// Arrived, lost, or never sent.
    Ended,
}

/// Who still listens for the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Hearing {
    /// Nobody: heard, given up, or the node died.
    #[default]
    Nobody,
    /// The sender waits.
    Waiting,
    /// The reply is on its way.
    Coming(Answer),
}

/// A transmission as the world knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Slot {
    /// Its request.
    pub request: Request,
    /// Its reply.
    pub hearing: Hearing,
    /// Who stamped it, as long as that matters.
    pub sender: Node,
    /// The phase of the clock in which it was stamped.
    pub phase: u8,
}

impl Slot {
    /// Nobody listens any more.
    pub fn hang_up(&mut self) {
        self.hearing = Hearing::Nobody;
        self.sender = 0;
    }

    fn packed(self) -> [u8; 2] {
        let request = match self.request {
            Request::Absent => 0,
            Request::Held => 1,
            Request::Flying => 2,
            Request::Ended => 3,
        };
        let hearing = match self.hearing {
            Hearing::Nobody => 0,
            Hearing::Waiting => 1,
            Hearing::Coming(Answer::Gate) => 2,
            Hearing::Coming(Answer::Said(entry)) => 16 | entry.bit(),
        };
        [request | (self.sender << 2) | (self.phase << 3), hearing]
    }

    /// Whether bytes may still arrive.
    #[must_use]
    pub fn may_arrive(&self) -> bool {
        matches!(self.request, Request::Held | Request::Flying)
    }
}

/// A supplier's page for one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Page {
    /// What it says now; nothing before the number arrives, or once it is forgotten.
    pub entry: Option<Entry>,
    /// How often the recipient was recharged under it, at most 2 are counted.
    pub charges: u8,
    said: u8,
}

impl Page {
    /// Writes `entry`; a delivery recharges.
    pub fn write(&mut self, entry: Entry) {
        self.entry = Some(entry);
        self.said |= entry.bit();
        if entry == Entry::Delivered {
            self.charges = self.charges.saturating_add(1).min(2);
        }
    }

    fn packed(self) -> [u8; 2] {
        [self.entry.map_or(0, Entry::bit) | (self.said << 4), self.charges]
    }

    /// What the books have said at one time or another: late answers repeat it.
    pub fn ever_said(self) -> impl Iterator<Item = Entry> {
        Entry::ALL.into_iter().filter(move |entry| self.said & entry.bit() != 0)
    }
}

/// A stamp whose commit had no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Unsure {
    /// What was to be stamped.
    pub place: Place,
    /// Whether it was written after all.
    pub is_written: bool,
}

impl Unsure {
    fn packed(self) -> u8 {
        let Place { at, seq, n } = self.place;
        1 | (u8::from(self.is_written) << 1) | (at << 2) | (seq << 3) | (n << 5)
    }
}

/// What a node has loaded and not yet decided on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Seen {
    /// The record as it was loaded.
    pub record: u32,
    /// Whether nobody has written since: the version is still that one.
    pub is_current: bool,
}

/// Everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct World {
    /// What the store holds of the order; 0 for nothing.
    pub record: u32,
    /// What it held before its last write; kept only where the store may lose that.
    pub before: u32,
    /// The phase of the clock.
    pub phase: u8,
    /// By node: a stamp it does not know the fate of.
    pub unsure: [Option<Unsure>; TWO],
    /// By node: what it has loaded, where that is part of the bounds.
    pub seen: [Option<Seen>; TWO],
    /// By supplier, attempt and transmission.
    pub slots: [[[Slot; NTHS]; SEQS]; TWO],
    /// By supplier and attempt.
    pub pages: [[Page; SEQS]; TWO],
    /// Laws that a step on the way here has broken.
    pub broken: Laws,
}

impl World {
    /// Before the shop has asked for anything.
    #[must_use]
    pub fn new() -> Self {
        Self {
            record: 0,
            before: 0,
            phase: 0,
            unsure: [None; TWO],
            seen: [None; TWO],
            slots: [[[Slot::default(); NTHS]; SEQS]; TWO],
            pages: [[Page::default(); SEQS]; TWO],
            broken: Laws::default(),
        }
    }

    /// A transmission.
    #[must_use]
    pub fn slot(&self, place: Place) -> Slot {
        self.slots[usize::from(place.at)][usize::from(place.seq) - 1][usize::from(place.n) - 1]
    }

    /// A transmission, to change it.
    pub fn slot_mut(&mut self, place: Place) -> &mut Slot {
        &mut self.slots[usize::from(place.at)][usize::from(place.seq) - 1][usize::from(place.n) - 1]
    }

    /// A page of a supplier's books.
    #[must_use]
    pub fn page(&self, at: At, seq: Seq) -> Page {
        self.pages[usize::from(at)][usize::from(seq) - 1]
    }

    /// A page of a supplier's books, to write on it.
    pub fn page_mut(&mut self, at: At, seq: Seq) -> &mut Page {
        &mut self.pages[usize::from(at)][usize::from(seq) - 1]
    }

    /// All transmissions that exist.
    pub fn places(&self) -> impl Iterator<Item = (Place, Slot)> + '_ {
        numbers().flat_map(move |(at, seq)| {
            (1_u8..).take(NTHS).filter_map(move |n| {
                let place = Place { at, seq, n };
                let slot = self.slot(place);
                (slot.request != Request::Absent).then_some((place, slot))
            })
        })
    }

    /// How often the recipient was recharged, by the suppliers' own books.
    #[must_use]
    pub fn charges(&self) -> u8 {
        self.pages.iter().flatten().map(|page| page.charges).sum()
    }
}

/// Every field, packed into one block: hashing sixty single bytes is what a search would spend its
/// time on. Equal worlds pack alike and different ones differently, as far as bounds go.
impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut block = [0_u8; 64];
        let mut rest = block.iter_mut();
        let mut put = |byte: u8| {
            if let Some(place) = rest.next() {
                *place = byte;
            }
        };
        for number in [self.record, self.before] {
            number.to_le_bytes().into_iter().for_each(&mut put);
        }
        for seen in self.seen {
            let (record, mark) = seen.map_or((0, 0), |seen| (seen.record, 1 + u8::from(seen.is_current)));
            record.to_le_bytes().into_iter().chain([mark]).for_each(&mut put);
        }
        for slot in self.slots.iter().flatten().flatten() {
            slot.packed().into_iter().for_each(&mut put);
        }
        for page in self.pages.iter().flatten() {
            page.packed().into_iter().for_each(&mut put);
        }
        for unsure in self.unsure {
            put(unsure.map_or(0, Unsure::packed));
        }
        self.broken.packed().into_iter().for_each(&mut put);
        put(self.phase);
        state.write(&block);
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// Every (supplier, attempt) there may be.
pub fn numbers() -> impl Iterator<Item = (At, Seq)> {
    (0_u8..).take(TWO).flat_map(|at| (1_u8..).take(SEQS).map(move |seq| (at, seq)))
}
