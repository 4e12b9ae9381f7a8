//! The rules that choose a supplier: the gateway's, three simpler ones, and an oracle.

use std::collections::{BTreeMap, VecDeque};

use recharge_gateway::domain::attempt::Attempt;
use recharge_gateway::domain::ids::{SettingsDigest, SupplierId};
use recharge_gateway::domain::money::Currency;
use recharge_gateway::domain::offer::Offer;
use recharge_gateway::domain::order::Terms;
use recharge_gateway::domain::plan::Plan;
use recharge_gateway::domain::policy::{Policy, Promises};
use recharge_gateway::domain::steering::{ProductSteering, Steering, Strategy};
use recharge_gateway::router::{Circuit, Fact, HealthBook, Sighting, Snapshot, SupplierState, SupplierView, Switch, View, route};

use crate::game::START_MS;
use crate::world::{DEADLINE_MS, Fate, Recent, SUPPLIERS, World, mixed};

/// A rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// The gateway by priorities, behind which the ill stand; circuits.
    Ours,
    /// The gateway by expected value.
    OursByValue,
    /// The list by cost, failing over on proof.
    Fixed,
    /// Everybody in turn.
    RoundRobin,
    /// The best share of successes among the latest 50, with 5 % exploration.
    SuccessWindow,
    /// Who knows what will become of the order.
    Oracle,
}

impl Rule {
    /// All, the gateway's first.
    pub const ALL: [Self; 6] = [
        Self::Ours,
        Self::OursByValue,
        Self::Fixed,
        Self::RoundRobin,
        Self::SuccessWindow,
        Self::Oracle,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours, priority and health",
            Self::OursByValue => "ours, expected value",
            Self::Fixed => "fixed priority",
            Self::RoundRobin => "round robin",
            Self::SuccessWindow => "success window",
            Self::Oracle => "oracle",
        }
    }
}

/// A rule at work.
pub struct Contestant {
    rule: Rule,
    suppliers: Snapshot,
    offers: Vec<Offer>,
    steering: Steering,
    policy: Policy,
    /// What it has seen; only the gateway looks.
    pub book: HealthBook,
    turn: usize,
    windows: Vec<VecDeque<bool>>,
}

impl Contestant {
    /// A rule in a world, with nothing seen.
    #[must_use]
    pub fn new(rule: Rule, world: &World) -> Self {
        let strategy = match rule {
            Rule::Ours => Strategy::Health,
            Rule::OursByValue => Strategy::Value,
            Rule::Fixed | Rule::RoundRobin | Rule::SuccessWindow | Rule::Oracle => Strategy::Priority,
        };
        let product = ProductSteering {
            strategy,
            ..ProductSteering::default()
        };
        let steering = Steering {
            product: BTreeMap::from([("*".to_owned(), product)]),
            ..Steering::default()
        };
        let offer = |(place, supplier): (usize, &crate::world::Supplier)| Offer {
            supplier: SupplierId::from(supplier.name.as_str()),
            sku: crate::game::sku(),
            face_minor: crate::world::PRICE,
            cost_minor: supplier.cost,
            priority: Some(place as u16),
            code: "c".into(),
            enabled: true,
        };
        Self {
            rule,
            suppliers: world
                .suppliers
                .iter()
                .map(|supplier| (SupplierId::from(supplier.name.as_str()), view()))
                .collect(),
            offers: world.suppliers.iter().enumerate().map(offer).collect(),
            steering,
            policy: Policy::default(),
            book: HealthBook::default(),
            turn: 0,
            windows: vec![VecDeque::new(); SUPPLIERS],
        }
    }

    /// Whom it would try for an order now.
    pub fn plan(&mut self, k: u64, terms: &Terms, attempts: &[Attempt], now_ms: i64, world: &World, recent: &mut [Recent]) -> Plan {
        let nothing = HealthBook::default();
        let is_ours = matches!(self.rule, Rule::Ours | Rule::OursByValue);
        let view = View {
            suppliers: &self.suppliers,
            steering: &self.steering,
            version: 1,
            health: if is_ours { &self.book } else { &nothing },
            loads: &BTreeMap::new(),
            shop: "",
            policy: &self.policy,
            draw: mixed(k),
            now_ms,
        };
        let mut plan = route(terms, attempts, &self.offers, &view);
        let place = |name: &SupplierId| place_of(name.as_str());
        match self.rule {
            Rule::Ours | Rule::OursByValue | Rule::Fixed => {}
            Rule::RoundRobin => {
                let turn = self.turn;
                plan.candidates
                    .sort_by_key(|candidate| (place(&candidate.supplier) + SUPPLIERS - turn % SUPPLIERS) % SUPPLIERS);
                self.turn += 1;
            }
            Rule::SuccessWindow => {
                let rate = |s: usize| {
                    let window = &self.windows[s];
                    let good = window.iter().filter(|good| **good).count();
                    if window.is_empty() { 10_000 } else { good * 10_000 / window.len() }
                };
                plan.candidates
                    .sort_by_key(|candidate| std::cmp::Reverse(rate(place(&candidate.supplier))));
                let draw = mixed(k ^ 0xe4b1);
                if draw % 100 < 5 && !plan.candidates.is_empty() {
                    let explored = (draw >> 8) as usize % plan.candidates.len();
                    let candidate = plan.candidates.remove(explored);
                    plan.candidates.insert(0, candidate);
                }
            }
            Rule::Oracle => {
                let (at_ms, n) = (now_ms - START_MS, attempts.len() as u64);
                let worth = |candidate: &recharge_gateway::domain::plan::Candidate, recent: &mut [Recent]| {
                    let s = place(&candidate.supplier);
                    let (fate, takes_ms) = world.fate(s, k, n, at_ms, recent[s].count(at_ms));
                    let is_in_time = fate == Fate::Delivered && at_ms + takes_ms <= terms.deadline_ms - START_MS;
                    (!is_in_time, candidate.cost.minor)
                };
                plan.candidates.sort_by_key(|candidate| worth(candidate, recent));
            }
        }
        plan
    }

    /// Something was seen.
    pub fn see(&mut self, sighting: &Sighting) {
        self.book.learn(sighting, &self.steering);
        let window = &mut self.windows[place_of(sighting.supplier.as_str())];
        match sighting.fact {
            Fact::Delivered { .. } => window.push_back(true),
            Fact::Refused { .. } | Fact::NotSent { .. } | Fact::Doubted { .. } => window.push_back(false),
            Fact::Opened | Fact::Accepted | Fact::Complained | Fact::PromiseBroken => {}
        }
        while window.len() > 50 {
            window.pop_front();
        }
    }

    /// Whether traffic flows to a supplier, as far as this rule looks.
    #[must_use]
    pub fn circuit(&self, s: usize, now_ms: i64) -> Circuit {
        let name = SupplierId::from(format!("s{s}").as_str());
        self.book.whole(&name, &self.steering, now_ms).circuit
    }
}

fn view() -> SupplierView {
    SupplierView {
        state: SupplierState::Active,
        default_priority: 0,
        currency: Currency::Cny,
        settings: SettingsDigest::from("s"),
        zone_offset_s: 0,
        promises: Promises {
            deduplicates: true,
            keeps_failed_ids: true,
            horizon_ms: DEADLINE_MS * 1_000,
            failed_is_final: true,
            recall_is_final: false,
            query_consistent: false,
        },
        answers_queries: true,
        switch: Switch::None,
        pinned: Vec::new(),
    }
}

/// A supplier's place by its name.
#[must_use]
pub fn place_of(name: &str) -> usize {
    name.trim_start_matches('s').parse().unwrap()
}
