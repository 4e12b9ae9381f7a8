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
        }
    }
}
