//! The right to send one request: a token and a slot, and with a submit what was booked for its order.

use std::fmt;
use std::sync::Arc;

use super::booking::{Booking, Wanted};
use super::desk::Grant;
use super::lane::Shared;

/// The right to send one request now; dropping it says that the request is over.
#[must_use = "a permit that is dropped at once has used up the rate for nothing"]
pub struct Permit {
    shared: Arc<Shared>,
    grant: Option<Grant>,
    booking: Option<Booking>,
}

impl Permit {
    pub(super) fn new(shared: &Arc<Shared>, grant: Grant) -> Self {
        Self {
            shared: Arc::clone(shared),
            grant: Some(grant),
            booking: None,
        }
    }

    /// Books what it is used for; false if the supplier takes no such order now.
    #[must_use]
    pub fn book(&mut self, wanted: Wanted) -> bool {
        self.booking = self.shared.desk().bookings.book(wanted);
        self.booking.is_some()
    }

    /// Waits until its request may leave: at once, if since the permit was given nothing has brought it
    /// closer to those before it, and no slot that processes share has run out.
    pub async fn leave(&self) {
        let Some(grant) = self.grant else { return };
        loop {
            // The lock is let go before anybody waits.
            let passed = self.shared.desk().pass(grant);
            match passed {
                Ok(()) => break,
                Err(wait) => {
                    self.shared.thirst();
                    self.shared.clock.sleep(wait).await;
                }
            }
        }
        if let Some(booking) = self.booking {
            self.shared.desk().bookings.leaves(booking);
        }
    }

    /// The request provably never left this machine, but was tried: its turn is used up, its booking is not.
    pub fn unsent(mut self) {
        self.cancel_booking();
    }

    /// The request was not even tried (refused or stale commit): gives everything back.
    pub fn give_back(mut self) {
        self.cancel_booking();
        if let Some(grant) = self.grant.take() {
            self.shared.desk().give_back(grant);
            self.shared.ring();
        }
    }

    fn cancel_booking(&mut self) {
        if let Some(booking) = self.booking.take() {
            self.shared.desk().bookings.give_back(booking);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(grant) = self.grant.take() {
            self.shared.desk().used(grant);
            self.shared.ring();
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Permit").field(&self.grant).finish()
    }
}
