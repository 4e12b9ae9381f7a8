//! Turning answers and notifications into facts.

use bytes::Bytes;

/// What became of a notification.
#[derive(Debug)]
pub enum Heard {
    /// Stored and committed: answer with exactly this, which the supplier takes as receipt.
    Acknowledge(http::Response<Bytes>),
    /// No supplier of this name.
    NoSuchSupplier,
    /// The signature is missing or wrong, or the sender may not speak for the supplier.
    NotAuthentic,
    /// Cannot be read as this dialect's notification.
    Unreadable,
    /// Too many that were not authentic.
    TooMany,
    /// Could not be stored: answer 5xx, so that it is repeated.
    Unavailable,
}
