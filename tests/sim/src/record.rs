//! What happened: the hash of the trace, the story in words, what the checks must look at next, and
//! the first law that broke.

use std::collections::{BTreeMap, BTreeSet};

use recharge_gateway::domain::ids::OrderId;

use crate::laws::Law;
use crate::tasks::Owner;

/// A law that broke.
#[derive(Debug, Clone)]
pub struct Broken {
    /// Which.
    pub law: Law,
    /// About which order, if one.
    pub order: Option<OrderId>,
    /// How it showed.
    pub how: String,
}

/// A recipient was recharged.
#[derive(Debug, Clone)]
pub struct Charge {
    /// Of which order.
    pub order: OrderId,
    /// The attempt's number.
    pub number: String,
}

/// One line of a story.
#[derive(Debug, Clone)]
pub struct Line {
    /// When, milliseconds of the history.
    pub at_ms: i64,
    /// About which order; none for what is about all.
    pub order: Option<OrderId>,
    /// What.
    pub text: String,
}

/// The record of one history.
pub struct Record {
    /// Hash of everything that happened so far.
    pub hash: u64,
    /// The first law that broke.
    pub broken: Option<Broken>,
    /// Orders that were written since the last check.
    pub written: BTreeSet<OrderId>,
    /// Every charge, by the suppliers' own books.
    pub charges: Vec<Charge>,
    /// Orders of which a supplier has broken a promise.
    pub excused: BTreeSet<OrderId>,
    /// Nodes that asked to pause a supplier and were not told whether it was written: until they start
    /// again they hold the pause, and believe its failures no more, whatever the store says.
    pub wary: BTreeSet<(usize, String)>,
    /// When each life of a node may send to a supplier again, as if without a burst: node, life, the
    /// supplier's place, whether it submits.
    pub next_at_ms: BTreeMap<(usize, u32, usize, bool), i64>,
    /// When a node last submitted for a recipient to a supplier, and in which life: node, the supplier's
    /// place, the recipient.
    pub met: BTreeMap<(usize, usize, String), (i64, u32)>,
    /// How many orders a node has sent a supplier, by its place and its day: first transmissions only.
    pub had: BTreeMap<(usize, usize, i64), u32>,
    /// How often what not every history has was seen, in the words of events: why suppliers were left out, advances.
    pub noted: BTreeMap<String, u64>,
    /// Numbers of shops, as `shop/number`, of which an earlier POST may still make an order.
    pub in_question: BTreeSet<String>,
    /// The story, if it is told.
    pub lines: Vec<Line>,
    is_telling: bool,
    stamps: BTreeMap<String, BTreeSet<(u8, usize, u32)>>,
}

impl Record {
    /// An empty record; it keeps lines only if it `is_telling`.
    #[must_use]
    pub fn new(is_telling: bool) -> Self {
        Self {
            hash: 0xCBF2_9CE4_8422_2325,
            broken: None,
            written: BTreeSet::new(),
            charges: Vec::new(),
            excused: BTreeSet::new(),
            wary: BTreeSet::new(),
            next_at_ms: BTreeMap::new(),
            met: BTreeMap::new(),
            had: BTreeMap::new(),
            noted: BTreeMap::new(),
            in_question: BTreeSet::new(),
            lines: Vec::new(),
            is_telling,
            stamps: BTreeMap::new(),
        }
    }

    /// Makes a number part of the trace.
    pub fn note(&mut self, number: u64) {
        self.hash = (self.hash ^ number).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(23);
    }

    /// Makes a text part of the trace.
    pub fn note_text(&mut self, text: &str) {
        for byte in text.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
    }

    /// Writes a line.
    pub fn tell(&mut self, at_ms: i64, order: Option<OrderId>, line: impl FnOnce() -> String) {
        if self.is_telling {
            let text = line();
            self.lines.push(Line { at_ms, order, text });
        }
    }

    /// A law is broken; the first one counts.
    pub fn breaks(&mut self, law: Law, order: Option<OrderId>, how: impl Into<String>) {
        if self.broken.is_none() {
            self.broken = Some(Broken {
                law,
                order,
                how: how.into(),
            });
        }
    }

    /// A stamp was committed, and the one who asked for it has been told so.
    pub fn stamped(&mut self, number: &str, n: u8, owner: Owner) {
        if let Owner::Node { node, life } = owner {
            self.stamps.entry(number.to_owned()).or_default().insert((n, node, life));
        }
    }

    /// Bytes of a submit leave: uses up the sender's own stamp, and says which transmission it was for.
    #[must_use]
    pub fn leaves(&mut self, number: &str, owner: Owner) -> Option<u8> {
        let Owner::Node { node, life } = owner else { return None };
        let stamps = self.stamps.get_mut(number)?;
        let own = stamps.iter().find(|(_, of, in_life)| (*of, *in_life) == (node, life)).copied()?;
        stamps.remove(&own);
        Some(own.0)
    }
}
