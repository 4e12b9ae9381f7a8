//! How suppliers are doing: what was seen of them, what it is worth now, and whom it takes out.
//!
//! Everything is a function of the sightings in their order: the same ones give the same scores and
//! circuits on every node and at every replay. Nothing here decides about an order; it only moves
//! suppliers behind others or out of a plan, and PROTOCOL.md's rules stand above it.
//!
//! A supplier is scored as a whole, for each product (or group of products), and within it for each
//! carrier and region of the recipients. Where little is known of the narrower, the wider speaks for
//! it. Faults of the buyer (a wrong recipient) and of ours (a request that could not be written) count
//! for nothing.
//!
//! Deliberately absent: a clock. What is asked names the moment.

mod answers;
mod blame;
mod circuit;
mod named;
mod record;
mod sighting;
mod tally;

pub use answers::{Answering, Question};
pub(super) use sighting::sighting;
pub use sighting::{Fact, Sighting, sightings, sightings_of};

use std::collections::VecDeque;
use std::sync::Arc;

use blame::blame;
use foldhash::HashMap;
use named::Named;
use record::Record;
use serde::{Deserialize, Serialize};
use tally::Tally;

use crate::domain::ids::{OrderId, Seq, Sku, SupplierId};
use crate::domain::limits::Operation;
use crate::domain::plan::CircuitCause;
use crate::domain::segment::Segment;
use crate::domain::steering::{HealthRules, Steering};

/// Most products, or groups of them, that are remembered apart; beyond, the half unheard of longest goes.
const MOST_PRODUCTS: usize = 16_384;
/// Sightings that cost a supplier something and are kept to show for it.
const MOST_EVIDENCE: usize = 50;
/// Most carriers and regions of a product that are remembered apart; beyond, the product speaks for them.
const MOST_PARTS: usize = 256;

/// Everything remembered about suppliers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HealthBook {
    suppliers: Named<Ward>,
    /// A plan asks about one product at many suppliers.
    products: HashMap<String, Shown>,
}

/// One supplier.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Ward {
    whole: Record,
    evidence: VecDeque<Evidence>,
}

/// What was seen of one product, or group of products, at each supplier.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Shown {
    latest_ms: i64,
    suppliers: Records,
    /// Of recipients of one carrier, or one region, by its name.
    parts: HashMap<Arc<str>, Records>,
}

type Records = Named<Record>;

/// What a supplier did with one product, or group of products, and perhaps one carrier or region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    /// The product, or group of products.
    pub group: String,
    /// The carrier or region; absent: all of them.
    pub part: Option<Arc<str>>,
    /// How the supplier stands with it.
    pub standing: Standing,
    /// How it answers queries about it.
    pub queries: Option<Answering>,
}

/// One sighting that cost a supplier something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// In which order.
    pub order: OrderId,
    /// In which of its attempts.
    pub seq: Seq,
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// With which product.
    pub sku: Sku,
    /// What it was.
    pub fact: Fact,
}

/// How a supplier stands with one product at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// Its score in basis points; absent while nothing is known of it.
    pub score_bp: Option<u16>,
    /// How many facts the score rests on, as they count now.
    pub facts: u32,
    /// Attempts that came to be unknown, in basis points.
    pub unknown_bp: u16,
    /// Complaints: deliveries after a failure, failures after a delivery, in basis points.
    pub complaint_bp: u16,
    /// From the opening of an attempt to its delivery, in milliseconds; absent while nothing is known.
    pub latency_ms: Option<u64>,
    /// Whether traffic flows there.
    pub circuit: Circuit,
    /// It is ill: below the score at which it stands behind the healthy ones, and not yet well again.
    pub is_ill: bool,
    /// Since when, UTC milliseconds, as far as its own facts tell.
    pub ill_since_ms: Option<i64>,
}

impl Standing {
    /// Its score; what is hoped of it while nothing is known.
    #[must_use]
    pub fn hoped_bp(&self) -> u16 {
        self.score_bp.unwrap_or_else(|| Tally::default().lone_score_bp())
    }
}

/// Whether traffic flows to a supplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Circuit {
    /// It does.
    #[default]
    Closed,
    /// It gets a growing share of what would be its own.
    Returning {
        /// Since when this step lasts, UTC milliseconds.
        since_ms: i64,
        /// The share, in percent.
        percent: u8,
    },
    /// Probes only.
    HalfOpen {
        /// Since when, UTC milliseconds.
        since_ms: i64,
        /// Probes in flight.
        in_flight: u16,
        /// Probes that succeeded in a row.
        succeeded: u16,
    },
    /// None does.
    Open {
        /// Since when, UTC milliseconds.
        since_ms: i64,
        /// When a probe may be sent, UTC milliseconds.
        until_ms: i64,
        /// What opened it.
        cause: CircuitCause,
    },
}

impl Circuit {
    fn severity(self) -> u8 {
        match self {
            Self::Closed => 0,
            Self::Returning { .. } => 1,
            Self::HalfOpen { .. } => 2,
            Self::Open { .. } => 3,
        }
    }

    /// The word in JSON and on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Returning { .. } => "returning",
            Self::HalfOpen { .. } => "half_open",
            Self::Open { .. } => "open",
        }
    }
}

impl HealthBook {
    /// Takes a sighting in.
    pub fn learn(&mut self, sighting: &Sighting, steering: &Steering) {
        let group = steering.group(&sighting.sku);
        if self.products.len() >= MOST_PRODUCTS && !self.products.contains_key(group) {
            self.forget_half();
        }
        let evidence = Evidence {
            order: sighting.order,
            seq: sighting.seq,
            at_ms: sighting.at_ms,
            sku: sighting.sku.clone(),
            fact: sighting.fact.clone(),
        };
        let (salt, blame) = (salt(&sighting.supplier), blame(&sighting.fact));
        let Some((supplier, ward)) = self.suppliers.of(&sighting.supplier) else {
            return;
        };
        ward.whole.learn(&sighting.fact, blame.of_the_whole(), &evidence, salt, steering);
        let product = match self.products.get_mut(group) {
            Some(product) => product,
            None => self.products.entry(group.to_owned()).or_default(),
        };
        product.latest_ms = product.latest_ms.max(sighting.at_ms);
        let learn = |records: &mut Records| {
            if let Some((_, record)) = records.of(supplier) {
                record.learn(&sighting.fact, blame, &evidence, salt, steering);
            }
        };
        learn(&mut product.suppliers);
        for part in sighting.segment.iter().flat_map(Segment::names) {
            if product.parts.len() < MOST_PARTS || product.parts.contains_key(part) {
                learn(product.parts.entry(Arc::clone(part)).or_default());
            }
        }
        if blame.costs() {
            ward.evidence.push_back(evidence);
            if ward.evidence.len() > MOST_EVIDENCE {
                ward.evidence.pop_front();
            }
        }
    }

    /// Takes in whether a question was answered.
    pub fn learn_answer(&mut self, question: &Question, steering: &Steering) {
        if let Some((_, ward)) = self.suppliers.of(&question.supplier) {
            ward.whole.learn_answer(question, &steering.health);
        }
        let product = question.sku.as_ref().and_then(|sku| self.products.get_mut(steering.group(sku)));
        if let Some((_, record)) = product.and_then(|product| product.suppliers.of(&question.supplier)) {
            record.learn_answer(question, &steering.health);
        }
    }

    fn forget_half(&mut self) {
        let mut heard: Vec<i64> = self.products.values().map(|shown| shown.latest_ms).collect();
        heard.sort_unstable();
        let middle = heard.get(heard.len().div_euclid(2)).copied().unwrap_or(i64::MAX);
        self.products.retain(|_, shown| shown.latest_ms > middle);
    }

    /// How suppliers stand now with a product, or group of products (`Steering::group`), for a recipient of
    /// this segment. Best asked in the order of their names.
    pub fn standings<'a>(
        &'a self,
        group: &str,
        segment: Option<&Segment>,
        steering: &'a Steering,
        now_ms: i64,
    ) -> impl FnMut(&SupplierId) -> Standing + 'a {
        let shown = self.products.get(group);
        let part = |name: Option<&Arc<str>>| shown?.parts.get(name?);
        let levels = [
            shown.map(|shown| &shown.suppliers),
            part(segment.map(|segment| &segment.carrier)),
            part(segment.and_then(|segment| segment.region.as_ref())),
        ];
        let mut wards = self.suppliers.walk();
        let mut levels = levels.map(|records| records.map(Named::walk));
        move |supplier| {
            let Some(ward) = wards.find(supplier) else {
                return Standing::default();
            };
            let mut standing = ward.whole.standing(None, steering, now_ms);
            let mut prior_bp = standing.score_bp;
            let mut wider: Option<&Record> = None;
            for record in levels.iter_mut().flatten().filter_map(|records| records.find(supplier)) {
                // What is hoped of one carrier is what the others show: its own facts count once.
                if let Some(wider) = wider {
                    prior_bp = wider.prior_bp_without(record, prior_bp, &steering.health, now_ms);
                }
                standing = record.standing_within(standing, prior_bp, steering, now_ms);
                wider = Some(record);
            }
            standing
        }
    }

    /// The same of one supplier.
    #[must_use]
    pub fn standing(&self, supplier: &SupplierId, group: &str, segment: Option<&Segment>, steering: &Steering, now_ms: i64) -> Standing {
        self.standings(group, segment, steering, now_ms)(supplier)
    }

    /// How a supplier stands with every product, and every carrier and region of it, of which something was seen.
    #[must_use]
    pub fn facets(&self, supplier: &SupplierId, steering: &Steering, now_ms: i64) -> Vec<Facet> {
        let mut facets = Vec::new();
        let mut groups: Vec<(&String, &Shown)> = self.products.iter().collect();
        groups.sort_unstable_by_key(|(group, _)| *group);
        for (group, shown) in groups {
            let mut parts: Vec<Option<&Arc<str>>> = shown.parts.keys().map(Some).collect();
            parts.push(None);
            parts.sort_unstable();
            for part in parts {
                let records = part.map_or(Some(&shown.suppliers), |part| shown.parts.get(part));
                if let Some(record) = records.and_then(|records| records.get(supplier)) {
                    let answers = record.answers(&steering.health, now_ms);
                    let segment = part.map(|part| Segment {
                        carrier: Arc::clone(part),
                        region: None,
                    });
                    facets.push(Facet {
                        group: group.clone(),
                        part: part.cloned(),
                        standing: self.standing(supplier, group, segment.as_ref(), steering, now_ms),
                        queries: answers.into_iter().find(|answering| answering.operation == Operation::Query),
                    });
                }
            }
        }
        facets
    }

    /// How a supplier stands as a whole.
    #[must_use]
    pub fn whole(&self, supplier: &SupplierId, steering: &Steering, now_ms: i64) -> Standing {
        self.suppliers
            .get(supplier)
            .map_or_else(Standing::default, |ward| ward.whole.standing(None, steering, now_ms))
    }

    /// What cost a supplier something, oldest first.
    pub fn evidence(&self, supplier: &SupplierId) -> impl Iterator<Item = &Evidence> {
        self.suppliers.get(supplier).into_iter().flat_map(|ward| &ward.evidence)
    }

    /// What opened a supplier's circuit last.
    #[must_use]
    pub fn opened_by(&self, supplier: &SupplierId) -> Option<&Evidence> {
        self.suppliers.get(supplier)?.whole.opened_by()
    }

    /// Of the deliveries of late, those of which a query had said before that there is no such number, in
    /// basis points; absent while there are none.
    #[must_use]
    pub fn denied_bp(&self, supplier: &SupplierId, rules: &HealthRules, now_ms: i64) -> Option<u16> {
        self.suppliers.get(supplier)?.whole.denied_bp(rules, now_ms)
    }

    /// How it answers what it is asked besides orders.
    #[must_use]
    pub fn answers(&self, supplier: &SupplierId, rules: &HealthRules, now_ms: i64) -> Vec<Answering> {
        let ward = self.suppliers.get(supplier);
        ward.map(|ward| ward.whole.answers(rules, now_ms)).unwrap_or_default()
    }

    /// From the opening of an attempt to the notification of its delivery, smoothed, in milliseconds.
    #[must_use]
    pub fn notified_ms(&self, supplier: &SupplierId) -> Option<u64> {
        self.suppliers.get(supplier)?.whole.notified_ms()
    }

    /// Of the deliveries of late, how many the supplier told of by itself rather than being asked, in
    /// basis points; absent while there are none.
    #[must_use]
    pub fn told_bp(&self, supplier: &SupplierId, rules: &HealthRules, now_ms: i64) -> Option<u16> {
        self.suppliers.get(supplier)?.whole.told_bp(rules, now_ms)
    }
}

/// A supplier's own number for its jitter (FNV-1a).
fn salt(supplier: &SupplierId) -> u64 {
    let bytes = supplier.as_str().bytes();
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests;
