//! Suppliers' statements: kept as they were read last, and what they are held against.

use std::ops::Range;

use super::Read;
use crate::domain::ids::{AttemptId, OrderId, SupplierId};
use crate::domain::statement::{Booked, Found, Line, Said};

/// A statement as it was read, without the numbers that were never ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its key: the supplier and the start of the text's SHA-256.
    pub key: String,
    /// Whose it is.
    pub supplier: SupplierId,
    /// The stretch of time it is about, UTC milliseconds.
    pub period_ms: Range<i64>,
    /// When it was read, UTC milliseconds.
    pub read_at_ms: i64,
    /// What it says of our numbers.
    pub lines: Vec<Stated>,
}

/// What one line says of a number that is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// The number.
    pub id: AttemptId,
    /// Its line in the file.
    pub place: u32,
    /// What it says.
    pub said: &'static str,
    /// What was found of its number.
    pub found: Found,
    /// What it bills, in minor units of the supplier's currency.
    pub cost_minor: Option<i64>,
}

impl Stated {
    /// What is kept of a line.
    #[must_use]
    pub fn of(line: &Line, id: AttemptId, found: Found) -> Self {
        let said = match line.said {
            Said::Delivered => "delivered",
            Said::NotDelivered => "not_delivered",
            Said::Unlisted(_) => "unlisted",
        };
        Self {
            id,
            place: line.place,
            said,
            found,
            cost_minor: line.cost_minor,
        }
    }
}

/// Where statements are kept, beside orders.
pub trait Statements: Send + Sync {
    /// Keeps a statement; one of the same key is replaced. Written in parts: after an outage, keep it again.
    fn keep_statement(&self, statement: Statement) -> Read<'_, ()>;
    /// Whether a statement of this key is kept.
    fn has_statement(&self, key: String) -> Read<'_, bool>;
    /// A supplier's attempts opened in this time, UTC milliseconds, among the orders with this id or a later one.
    fn booked_in(&self, supplier: SupplierId, first: OrderId, opened_ms: Range<i64>) -> Read<'_, Vec<Booked>>;
    /// A supplier's attempts of these orders.
    fn booked_of(&self, supplier: SupplierId, orders: Vec<OrderId>) -> Read<'_, Vec<Booked>>;
}
