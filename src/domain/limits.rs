//! A supplier's contract limits: what may be sent, per operation.

use serde::{Deserialize, Serialize};

/// What is asked of a supplier; each has its own rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Placing an order, or the same number again.
    Submit,
    /// Asking what became of a number.
    Query,
    /// Asking how much money we have there.
    Balance,
}

/// A rate with its burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Requests per minute, at least 1 (a limit of one each second is 60).
    pub per_minute: u32,
    /// Most requests at once after a quiet time, at least 1.
    pub burst: u32,
}

/// All limits of one supplier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// For submits and resubmits.
    pub submit: Rate,
    /// For queries.
    pub query: Rate,
    /// For balance questions.
    pub balance: Rate,
    /// Most requests in flight at once, all operations together.
    pub concurrency: u32,
    /// Of these, how many only queries of attempts in doubt may use.
    pub reserved_for_doubt: u32,
    /// Most orders in one of the supplier's days; absent: any number.
    pub daily_orders: Option<u32>,
    /// Most that these may cost together, in minor units of the supplier's currency; absent: anything.
    pub daily_cost_minor: Option<i64>,
    /// Least time from one submit for a recipient to the next, in milliseconds; 0 is none.
    pub recipient_spacing_ms: u32,
}

impl Limits {
    /// The longest spacing, in milliseconds: what is remembered of recipients must stay small.
    pub const MOST_SPACING_MS: u32 = 3_600_000;
}

/// A day on a supplier's own clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Its number, counted from 1970-01-01 there.
    pub number: i64,
    /// When it began, UTC milliseconds.
    pub began_ms: i64,
    /// When the next one begins, UTC milliseconds.
    pub ends_ms: i64,
}

impl Day {
    const MS: i64 = 86_400_000;

    /// The day that a clock with this offset from UTC, in seconds, shows.
    #[must_use]
    pub fn at(now_ms: i64, zone_offset_s: i32) -> Self {
        let offset_ms = i64::from(zone_offset_s).saturating_mul(1_000);
        let number = now_ms.saturating_add(offset_ms).div_euclid(Self::MS);
        let began_ms = number.saturating_mul(Self::MS).saturating_sub(offset_ms);
        Self {
            number,
            began_ms,
            ends_ms: began_ms.saturating_add(Self::MS),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            submit: Rate {
                per_minute: 600,
                burst: 10,
            },
            query: Rate {
                per_minute: 600,
                burst: 10,
            },
            balance: Rate { per_minute: 6, burst: 1 },
            concurrency: 32,
            reserved_for_doubt: 4,
            daily_orders: None,
            daily_cost_minor: None,
            recipient_spacing_ms: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_where_the_supplier_is() {
        // 2026-11-26T23:59:59.999+08:00
        let last_ms = 1_795_708_799_999;
        let (day, next) = (Day::at(last_ms, 8 * 3_600), Day::at(last_ms + 1, 8 * 3_600));
        assert_eq!(day.ends_ms, last_ms + 1);
        assert_eq!((next.number, next.began_ms), (day.number + 1, day.ends_ms));
        assert_eq!(
            Day::at(last_ms, 0).number,
            Day::at(last_ms + 1, 0).number,
            "in Greenwich it is afternoon"
        );
    }
}
