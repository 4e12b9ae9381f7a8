//! How suppliers are doing: what was seen of them, what it is worth now, and whom it takes out.
//!
//! Everything is a function of the sightings in their order: the same ones give the same scores and
//! circuits on every node and at every replay. Nothing here decides about an order; it only moves
//! suppliers behind others or out of a plan, and PROTOCOL.md's rules stand above it.
//!
//! A supplier is scored as a whole and for each product (or group of products). Where little is known
//! of a product, the whole speaks for it. Faults of the buyer (a wrong recipient) and of ours (a
//! request that could not be written) count for nothing.
//!
//! Deliberately absent: a clock. What is asked names the moment.

mod blame;
mod circuit;
mod sighting;
mod tally;

pub(super) use sighting::sighting;
pub use sighting::{Fact, Sighting, sightings, sightings_of};

use std::collections::VecDeque;

use blame::{Blame, blame};
use circuit::{Breaker, End};
use foldhash::HashMap;
use serde::{Deserialize, Serialize};
use tally::{Count, Tally};

use crate::domain::ids::{OrderId, Seq, Sku, SupplierId};
use crate::domain::plan::CircuitCause;
use crate::domain::steering::{HealthRules, Steering};

/// Most products, or groups of them, that are remembered apart; beyond, the half unheard of longest goes.
const MOST_PRODUCTS: usize = 16_384;
/// Sightings that cost a supplier something and are kept to show for it.
const MOST_EVIDENCE: usize = 50;

/// Everything remembered about suppliers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HealthBook {
    suppliers: HashMap<SupplierId, Ward>,
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
    suppliers: HashMap<SupplierId, Record>,
}

/// What is remembered of a supplier, or of one of its products.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Record {
    tally: Tally,
    breaker: Breaker,
    /// From opening to delivery, smoothed, in milliseconds.
    latency_ms: Option<u64>,
    is_ill: bool,
    /// Deliveries that the supplier told of by itself, and those that had to be asked for, as they count.
    told: Tally,
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
        let ward = match self.suppliers.get_mut(&sighting.supplier) {
            Some(ward) => ward,
            None => self.suppliers.entry(sighting.supplier.clone()).or_default(),
        };
        let evidence = Evidence {
            order: sighting.order,
            seq: sighting.seq,
            at_ms: sighting.at_ms,
            sku: sighting.sku.clone(),
            fact: sighting.fact.clone(),
        };
        let (salt, blame) = (salt(&sighting.supplier), blame(&sighting.fact));
        ward.whole.learn(&sighting.fact, blame.of_the_whole(), &evidence, salt, steering);
        let supplier = &sighting.supplier;
        let product = match self.products.get_mut(group) {
            Some(product) => product,
            None => self.products.entry(group.to_owned()).or_default(),
        };
        product.latest_ms = product.latest_ms.max(sighting.at_ms);
        let record = match product.suppliers.get_mut(supplier) {
            Some(record) => record,
            None => product.suppliers.entry(supplier.clone()).or_default(),
        };
        record.learn(&sighting.fact, blame, &evidence, salt, steering);
        if blame.costs() {
            ward.evidence.push_back(evidence);
            if ward.evidence.len() > MOST_EVIDENCE {
                ward.evidence.pop_front();
            }
        }
    }

    fn forget_half(&mut self) {
        let mut heard: Vec<i64> = self.products.values().map(|shown| shown.latest_ms).collect();
        heard.sort_unstable();
        let middle = heard.get(heard.len().div_euclid(2)).copied().unwrap_or(i64::MAX);
        self.products.retain(|_, shown| shown.latest_ms > middle);
    }

    /// How suppliers stand now with a product, or group of products (`Steering::group`).
    pub fn standings<'a>(&'a self, group: &str, steering: &'a Steering, now_ms: i64) -> impl Fn(&SupplierId) -> Standing + 'a {
        let shown = self.products.get(group);
        move |supplier| {
            let Some(ward) = self.suppliers.get(supplier) else {
                return Standing::default();
            };
            let whole = ward.whole.standing(None, steering, now_ms);
            match shown.and_then(|shown| shown.suppliers.get(supplier)) {
                Some(product) => product.standing_within(whole, steering, now_ms),
                None => whole,
            }
        }
    }

    /// The same of one supplier.
    #[must_use]
    pub fn standing(&self, supplier: &SupplierId, group: &str, steering: &Steering, now_ms: i64) -> Standing {
        self.standings(group, steering, now_ms)(supplier)
    }

    /// How a supplier stands as a whole.
    #[must_use]
    pub fn whole(&self, supplier: &SupplierId, steering: &Steering, now_ms: i64) -> Standing {
        let ward = self.suppliers.get(supplier);
        ward.map_or_else(Standing::default, |ward| ward.whole.standing(None, steering, now_ms))
    }

    /// What cost a supplier something, oldest first.
    pub fn evidence(&self, supplier: &SupplierId) -> impl Iterator<Item = &Evidence> {
        self.suppliers.get(supplier).into_iter().flat_map(|ward| &ward.evidence)
    }

    /// What opened a supplier's circuit last.
    #[must_use]
    pub fn opened_by(&self, supplier: &SupplierId) -> Option<&Evidence> {
        self.suppliers.get(supplier)?.whole.breaker.evidence()
    }

    /// Of the deliveries of late, how many the supplier told of by itself rather than being asked, in
    /// basis points; absent while there are none.
    #[must_use]
    pub fn told_bp(&self, supplier: &SupplierId, rules: &HealthRules, now_ms: i64) -> Option<u16> {
        let told = self.suppliers.get(supplier)?.whole.told.at(now_ms, half_life_ms(rules));
        (told.facts() > 0).then(|| told.score_bp(0, 0))
    }
}

impl Record {
    fn learn(&mut self, fact: &Fact, blame: Blame, evidence: &Evidence, salt: u64, steering: &Steering) {
        let (rules, at_ms) = (&steering.health, evidence.at_ms);
        if *fact == Fact::Opened {
            return self.breaker.opened((evidence.order, evidence.seq), at_ms);
        }
        let mut count = |count| self.tally.add(count, at_ms, half_life_ms(rules));
        let end = match blame {
            Blame::Nothing => return,
            Blame::Neutral => End::Neutral,
            Blame::Good => {
                let is_slow = matches!(fact, Fact::Delivered { took_ms, .. } if *took_ms > rules.slow_after_ms);
                count(if is_slow { Count::Fault } else { Count::Good });
                End::Good
            }
            Blame::Supplier | Blame::Product => {
                count(Count::Fault);
                End::Fault
            }
            Blame::Says(cause) => {
                count(Count::Fault);
                End::Out(cause)
            }
            Blame::Doubt => {
                count(Count::Unknown);
                End::Unknown
            }
            Blame::Complaint => return count(Count::Complaint),
        };
        if let Fact::Delivered { via, took_ms } = fact {
            let smoothed = |known: u64| known.saturating_mul(7).saturating_add(*took_ms).div_euclid(8);
            self.latency_ms = Some(self.latency_ms.map_or(*took_ms, smoothed));
            let told = if blame::was_told(*via) { Count::Good } else { Count::Fault };
            self.told.add(told, at_ms, half_life_ms(rules));
        }
        self.breaker.ended(end, evidence, salt, &steering.circuit);
        let score_bp = self.tally.lone_score_bp();
        self.is_ill = score_bp < if self.is_ill { rules.well_from_bp } else { rules.ill_below_bp };
    }

    /// One product's standing at a supplier that stands so as a whole.
    fn standing_within(&self, whole: Standing, steering: &Steering, now_ms: i64) -> Standing {
        let product = self.standing(whole.score_bp, steering, now_ms);
        let circuit = if whole.circuit.severity() >= product.circuit.severity() {
            whole.circuit
        } else {
            product.circuit
        };
        let is_thin = product.facts < steering.health.thin_below;
        Standing {
            circuit,
            is_ill: product.is_ill || (is_thin && whole.is_ill),
            latency_ms: product.latency_ms.or(whole.latency_ms),
            unknown_bp: if is_thin { whole.unknown_bp } else { product.unknown_bp },
            complaint_bp: whole.complaint_bp,
            ..product
        }
    }

    fn standing(&self, prior_bp: Option<u16>, steering: &Steering, now_ms: i64) -> Standing {
        let rules = &steering.health;
        let tally = self.tally.at(now_ms, half_life_ms(rules));
        let score_bp = match prior_bp {
            Some(prior_bp) => tally.score_bp(prior_bp, rules.thin_below),
            None => tally.lone_score_bp(),
        };
        // What is forgotten heals: an ill supplier that is left alone comes to be well again.
        let bound = if self.is_ill { rules.well_from_bp } else { rules.ill_below_bp };
        let is_known = self.tally != Tally::default();
        Standing {
            score_bp: is_known.then_some(score_bp),
            facts: tally.facts(),
            unknown_bp: tally.unknown_bp(),
            complaint_bp: tally.complaint_bp(),
            latency_ms: self.latency_ms,
            circuit: self.breaker.at(now_ms, &steering.circuit),
            is_ill: is_known && score_bp < bound,
        }
    }
}

fn half_life_ms(rules: &HealthRules) -> i64 {
    i64::from(rules.half_life_seconds).saturating_mul(1_000)
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
