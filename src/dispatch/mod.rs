//! Acting on decisions: taking orders in, sending to suppliers, settling what is unknown.
//!
//! Everything that moves an order goes through here: the shop's request (`intake`), the one place
//! that sends (`gate`), the schedule (`run`), answers and notifications (`settle`), and the return
//! after a crash (`recover`). Each loads the order, asks `domain::decide`, commits, and obeys.
//!
//! Invariant: no byte leaves for a supplier before the stamp of its transmission is known to be
//! committed (R2), and no database transaction is open while a request is in flight.

pub mod intake;
pub mod settle;

pub use intake::{FieldError, FieldProblem, NewOrder, Submitted, Turned};
pub use settle::Heard;

use std::time::Duration;

use bytes::Bytes;

use crate::domain::ids::{OrderId, SupplierId};
use crate::domain::order::Order;
use crate::domain::outcome::BalanceReading;
use crate::seams::SendFailure;

/// The working heart of the gateway; cheap to clone, shared by every face.
#[derive(Clone)]
pub struct Dispatch {}

/// Why a balance could not be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoBalance {
    /// adapters.toml has no such supplier.
    NoSuchSupplier,
    /// Its dialect has no balance question.
    NotOffered,
    /// The request did not come through.
    Send(SendFailure),
}

impl Dispatch {
    /// Takes an order in: checks it, plans it, holds the price and, where a permit is free, stamps
    /// its first attempt, all in one commit. Dropping the future cancels only the waiting.
    ///
    /// # Errors
    /// Why there is no order, or why it is not known whether there is one.
    pub async fn submit(&self, order: NewOrder) -> Result<Submitted, Turned> {
        drop(order);
        Err(Turned::Unavailable)
    }

    /// The order once it has a verdict, or as it stands after `patience`.
    pub async fn verdict(&self, order: Order, patience: Duration) -> Order {
        let _ = patience;
        order
    }

    /// Hears a supplier's notification, as it arrived.
    pub async fn notification(&self, supplier: &str, request: http::Request<Bytes>) -> Heard {
        let _ = (supplier, request);
        Heard::NoSuchSupplier
    }

    /// Asks a supplier for our balance there, within its limits.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn supplier_balance(&self, supplier: &SupplierId) -> Result<BalanceReading, NoBalance> {
        let _ = supplier;
        Err(NoBalance::NoSuchSupplier)
    }

    /// Whether new orders are taken: false while stopping, or while the database is away.
    #[must_use]
    pub fn is_accepting(&self) -> bool {
        true
    }

    /// Reads shops, products and offers again after a change.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn reload_catalog(&self) -> Result<(), crate::store::Outage> {
        Ok(())
    }

    /// Asks about an order now instead of at its scheduled time.
    pub fn nudge(&self, order: OrderId) {
        let _ = order;
    }
}
