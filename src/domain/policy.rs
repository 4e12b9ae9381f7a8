//! The times and bounds by which orders are settled, and what each supplier promises.
//!
//! A promise is data, declared in adapters.toml. Safety rests on the declared ones only: an absent
//! promise is read as "no", and the ladder of R8 then stops earlier and waits longer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ids::SupplierId;
use super::money::Money;

/// What a supplier guarantees about its own behaviour (R21).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Promises {
    /// The same number sent twice is charged at most once.
    pub deduplicates: bool,
    /// A number that failed or was refused stays used up: sent again, it is never charged.
    pub keeps_failed_ids: bool,
    /// For how long numbers are remembered, in milliseconds from the first transmission.
    pub horizon_ms: i64,
    /// A failure that a query or notification reports is never followed by a success.
    pub failed_is_final: bool,
    /// A number that it has taken is found by every query from then on, within the horizon.
    pub query_consistent: bool,
    /// A number that it says is withdrawn, asked to, is never charged: not even if its request arrives later.
    pub recall_is_final: bool,
}

impl Promises {
    /// Whether sending the same number again cannot charge twice within the horizon.
    #[must_use]
    pub fn permit_resubmit(&self) -> bool {
        self.deduplicates && self.keeps_failed_ids
    }
}

/// How long an attempt must have been quiet at a supplier before it is assumed dead, and up to which
/// cost. Absent means never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietWindow {
    /// Witnessed time since the latest transmission, in milliseconds.
    pub after_ms: i64,
    /// The dearest attempt that may be given up so.
    pub max_cost: Money,
}

/// What `decide` must know about a supplier.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    /// What it guarantees.
    pub promises: Promises,
    /// How long a submit may take before its answer counts as lost, in milliseconds.
    pub submit_timeout_ms: i64,
    /// Whether its dialect has a query.
    pub answers_queries: bool,
    /// After how long in doubt it is asked to withdraw an attempt, in milliseconds; absent is never.
    pub recall_after_ms: Option<i64>,
}

/// The rules of every supplier that adapters.toml names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuleBook(pub BTreeMap<SupplierId, Rules>);

impl RuleBook {
    /// The supplier's rules; one that is no longer configured promises nothing.
    #[must_use]
    pub fn of(&self, supplier: &SupplierId) -> Rules {
        self.0.get(supplier).cloned().unwrap_or_default()
    }
}

/// Bounds and ladders of settlement; `[policy]` in gateway.toml overrides each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Most attempts of one order that left this machine, at most 99.
    pub max_attempts: u8,
    /// Waits between queries of an attempt in doubt, in milliseconds; the last one repeats.
    pub doubt_query_ms: Vec<i64>,
    /// Waits between queries of an attempt that the supplier is working on, in milliseconds; the last one repeats.
    pub accepted_query_ms: Vec<i64>,
    /// Added to the submit time-out before a silent submit is queried, in milliseconds.
    pub reply_margin_ms: i64,
    /// "Not found" answers needed before the same number is sent again.
    pub not_found_before_resubmit: u16,
    /// Most transmissions of one attempt.
    pub max_transmissions: u8,
    /// The same number is sent again at most this long after its first transmission, in milliseconds;
    /// never beyond half the supplier's horizon, so that an hour's clock error cannot cross it.
    pub resubmit_within_ms: i64,
    /// How long nothing is sent to a supplier that could not be reached, for this order, in milliseconds;
    /// doubles with every further try that does not leave.
    pub unreachable_pause_ms: i64,
    /// Longest such pause, in milliseconds.
    pub unreachable_pause_max_ms: i64,
    /// The most that the risk account may have advanced to shops at once, in minor units of each currency; 0
    /// switches advances off.
    pub advance_total_minor: i64,
    /// An attempt in doubt for longer becomes a case for a person, in milliseconds.
    pub doubt_case_after_ms: i64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            max_attempts: 9,
            doubt_query_ms: vec![
                1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 60_000, 120_000, 300_000, 900_000, 3_600_000,
            ],
            accepted_query_ms: vec![3_000, 5_000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000],
            reply_margin_ms: 1_000,
            not_found_before_resubmit: 2,
            max_transmissions: 3,
            resubmit_within_ms: 600_000,
            unreachable_pause_ms: 5_000,
            unreachable_pause_max_ms: 300_000,
            advance_total_minor: 0,
            doubt_case_after_ms: 1_800_000,
        }
    }
}

/// The wait at `step` of a ladder whose last rung repeats; one second for an empty ladder.
#[must_use]
pub fn rung(ladder: &[i64], step: u16) -> i64 {
    ladder.get(usize::from(step)).or_else(|| ladder.last()).copied().unwrap_or(1_000)
}
