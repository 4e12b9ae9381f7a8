//! The tables of a steering document.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::ids::SupplierId;

/// How the suppliers of a product are put in order, once those that may not be tried are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// By priority alone; equal ones by cost. Circuits still stand above it.
    Priority,
    /// By priority, but the ill ones behind the healthy ones.
    #[default]
    Health,
    /// The cheapest of the healthy ones.
    Cheapest,
    /// Where price, cost, chance of success, cost of doubt and of delay promise most.
    Value,
    /// In shares, by weight.
    Weighted,
}

/// What a product needs of a supplier's promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consistency {
    /// Any supplier: a doubt may last until a person settles it.
    #[default]
    Fast,
    /// Only suppliers that deduplicate, answer queries and keep failed numbers: a doubt settles itself.
    Strict,
}

/// What happens when every supplier of a product is out on account of its health.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllOut {
    /// The order waits, at most until its deadline.
    #[default]
    Wait,
    /// The best of the bad is tried.
    Best,
}

/// How one product, or those whose sku begins alike, is steered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProductSteering {
    /// How suppliers are put in order.
    pub strategy: Strategy,
    /// Whether scores and circuits count for it; else they are only shown.
    pub uses_health: bool,
    /// Of 100 orders, how many go to a supplier about which little is known, so that its score stays alive.
    pub explore_percent: u8,
    /// What a supplier must promise.
    pub class: Consistency,
    /// Longest time from accept to verdict that is promised to shops, in seconds; absent: none is.
    pub max_delay_seconds: Option<u32>,
    /// The dearest cost of one piece, in the supplier's currency, decimal; absent: the price is the bound.
    pub cost_ceiling: Option<String>,
    /// What happens when all are out.
    pub when_all_out: AllOut,
    /// Of 100 of the product's suppliers, how many may be demoted or out by their health at once.
    pub most_demoted_percent: u8,
    /// Products of one group share their suppliers' health where their own facts are few.
    pub group: Option<String>,
    /// What an order in doubt costs, in hundredths of a percent of its price (`value`).
    pub doubt_cost_bp: u32,
    /// What a minute of waiting costs, in hundredths of a percent of the price (`value`).
    pub minute_cost_bp: u32,
    /// What is different for one supplier.
    pub supplier: BTreeMap<SupplierId, OfferSteering>,
}

/// What steers a product about which no document says anything: its priorities alone. Scores and circuits
/// are shown, but whom they would leave out is the operator's to see before they do.
pub(super) static BUILT_IN: ProductSteering = ProductSteering {
    strategy: Strategy::Priority,
    uses_health: false,
    explore_percent: 0,
    class: Consistency::Fast,
    max_delay_seconds: None,
    cost_ceiling: None,
    when_all_out: AllOut::Wait,
    most_demoted_percent: 50,
    group: None,
    doubt_cost_bp: 5_000,
    minute_cost_bp: 10,
    supplier: BTreeMap::new(),
};

impl Default for ProductSteering {
    fn default() -> Self {
        Self {
            strategy: Strategy::Health,
            uses_health: true,
            explore_percent: 2,
            ..BUILT_IN.clone()
        }
    }
}

/// One supplier within a product.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OfferSteering {
    /// Instead of the offer's own; lower is tried first.
    pub priority: Option<u16>,
    /// Its share among the weights of all (`weighted`); absent is 1, 0 is none.
    pub weight: Option<u32>,
    /// Only for numbers of these carriers; empty: of all. A number that no segment fits is nobody's.
    pub carriers: BTreeSet<String>,
    /// Only for numbers of these regions; empty: of all.
    pub regions: BTreeSet<String>,
}

/// One supplier, whatever the product.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SupplierSteering {
    /// Limits below the contract's.
    pub limits: LowerLimits,
    /// Only orders of these shops, by their key; empty: of all.
    pub shops: BTreeSet<String>,
    /// When it is planned to be out.
    pub window: Vec<Window>,
}

/// One shop among others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShopSteering {
    /// Where orders wait: how many turns it gets where a shop of weight 1 gets one.
    pub weight: u32,
}

impl Default for ShopSteering {
    fn default() -> Self {
        Self { weight: 1 }
    }
}

/// Limits that narrow the contract; what is absent, or above it, is the contract's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LowerLimits {
    /// For submits and resubmits.
    pub submit: Option<LowerRate>,
    /// For queries.
    pub query: Option<LowerRate>,
    /// Most requests in flight at once.
    pub concurrency: Option<u32>,
    /// Most orders in one of the supplier's days.
    pub daily_orders: Option<u32>,
    /// Most that these may cost together, in minor units of the supplier's currency.
    pub daily_cost_minor: Option<i64>,
    /// Least time from one submit for a recipient to the next, in milliseconds: a longer one than the
    /// contract's.
    pub recipient_spacing_ms: Option<u32>,
}

/// A rate with its burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LowerRate {
    /// Requests per minute.
    pub per_minute: u32,
    /// Most requests at once after a quiet time.
    pub burst: u32,
}

/// A time in which a supplier is planned to be out: once, or every day or month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// What operators see.
    pub reason: String,
    /// When it begins: `2026-11-30T23:00`, `daily 23:30`, `monthly last 20:00` or `monthly 1 00:00`, on
    /// the supplier's clock.
    pub from: String,
    /// How long it lasts, in minutes.
    pub minutes: u32,
}

/// How facts become a score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HealthRules {
    /// After how long a fact counts half, in seconds.
    pub half_life_seconds: u32,
    /// Below this score a supplier is ill and stands behind the healthy ones, in basis points.
    pub ill_below_bp: u16,
    /// From this score on an ill supplier is healthy again, in basis points.
    pub well_from_bp: u16,
    /// A delivery that took longer than this is none for the score, in milliseconds.
    pub slow_after_ms: u64,
    /// Facts needed before a narrower group speaks for itself.
    pub thin_below: u32,
}

impl Default for HealthRules {
    fn default() -> Self {
        Self {
            half_life_seconds: 1_800,
            ill_below_bp: 7_000,
            well_from_bp: 8_000,
            slow_after_ms: 30_000,
            thin_below: 20,
        }
    }
}

/// When a circuit trips, and how it closes again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CircuitRules {
    /// Faults of the supplier in a row that trip it; an unknown outcome counts as two, for it costs more.
    pub faults_in_a_row: u16,
    /// Outcomes among which the rates below are counted.
    pub sample: u16,
    /// Faults among the latest `sample` outcomes that trip it, in percent.
    pub fault_percent: u8,
    /// Unknown outcomes among the latest `sample` that trip it, in percent.
    pub unknown_percent: u8,
    /// How long it stays open at first, in milliseconds; doubles each time, with jitter.
    pub open_ms: u64,
    /// The longest it stays open, in milliseconds.
    pub open_max_ms: u64,
    /// Most probes in flight while it is half-open.
    pub probes: u16,
    /// An order is a probe only if its deadline is at least this far, in milliseconds; at first, twice this.
    pub probe_spare_ms: i64,
    /// An order is a probe only if its whole cost there is at most this, in minor units; absent: any.
    pub probe_max_cost_minor: Option<i64>,
    /// Successes of probes in a row that let traffic return.
    pub probes_to_close: u16,
    /// The steps in which traffic returns, in percent of the orders; each holds for `sample` outcomes or
    /// `step_ms`, whichever is first.
    pub return_percent: Vec<u8>,
    /// How long one step of the return lasts at most, in milliseconds.
    pub step_ms: u64,
}

impl Default for CircuitRules {
    fn default() -> Self {
        Self {
            faults_in_a_row: 5,
            // Whenever half of twenty outcomes in a row fail, one half of them holds five.
            sample: 10,
            fault_percent: 50,
            unknown_percent: 30,
            open_ms: 10_000,
            open_max_ms: 600_000,
            probes: 1,
            probe_spare_ms: 30_000,
            probe_max_cost_minor: None,
            probes_to_close: 3,
            return_percent: vec![10, 30, 60],
            step_ms: 15_000,
        }
    }
}
