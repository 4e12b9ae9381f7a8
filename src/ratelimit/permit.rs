//! The right to send one request: a token and a slot, and with a submit what was booked for its order.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

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

/// A request's turn to leave does not come in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoTurn;

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
    ///
    /// # Errors
    /// As soon as it is clear that this takes longer than `patience`: the request must not leave.
    pub async fn leave(&self, patience: Duration) -> Result<(), NoTurn> {
        let Some(grant) = self.grant else { return Ok(()) };
        let clock = &self.shared.clock;
        let until = clock.monotonic().saturating_add(patience);
        loop {
            // The lock is let go before anybody waits.
            let passed = self.shared.desk().pass(grant);
            let Err(wait) = passed else { break };
            self.shared.thirst();
            if clock.monotonic().saturating_add(wait) > until {
                return Err(NoTurn);
            }
            clock.sleep(wait).await;
        }
        if let Some(booking) = self.booking {
            self.shared.desk().bookings.leaves(booking);
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use tokio::sync::Notify;

    use super::super::Lane;
    use super::super::rig::Rig;
    use super::super::shared::Seat;
    use super::*;
    use crate::domain::limits::{Limits, Operation, Rate};
    use crate::seams::Clock;

    /// After how long each of those who leave one after the other was let out, or turned away.
    fn leaving(rig: &mut Rig, permits: Vec<Permit>, patience: Duration) -> Vec<(Result<(), NoTurn>, Duration)> {
        let log: Arc<std::sync::Mutex<Vec<_>>> = Arc::default();
        let (clock, told) = (rig.clock.clone(), Arc::clone(&log));
        rig.start(async move {
            let from = clock.monotonic();
            for permit in permits {
                let left = permit.leave(patience).await;
                told.lock().unwrap().push((left, clock.monotonic() - from));
            }
        });
        rig.pass(Duration::from_secs(60));
        std::mem::take(&mut *log.lock().unwrap())
    }

    fn limits() -> Limits {
        Limits {
            submit: Rate { per_minute: 600, burst: 2 },
            ..Limits::default()
        }
    }

    #[test]
    fn who_would_wait_too_long_is_told_at_once() {
        for (patience_ms, third) in [(100, (Ok(()), 100)), (99, (Err(NoTurn), 0))] {
            let mut rig = Rig::default();
            let lane = Lane::new(&limits(), Arc::new(rig.clock.clone()));
            rig.pass(Duration::from_secs(1));
            let mut permits = vec![lane.try_submit().unwrap(), lane.try_submit().unwrap()];
            rig.pass(Duration::from_millis(100));
            // Two of them were stamped slowly: all three want to leave now.
            permits.push(lane.try_submit().unwrap());
            let left = leaving(&mut rig, permits, Duration::from_millis(patience_ms));
            let third = (third.0, Duration::from_millis(third.1));
            assert_eq!(left, [(Ok(()), Duration::ZERO), (Ok(()), Duration::ZERO), third]);
        }
    }

    #[test]
    fn a_process_that_has_no_place_alone_holds_nobody_for_ever() {
        let mut rig = Rig::default();
        let seat = Seat { node: 2, nodes: 3 };
        let lane = Lane::shared(&limits(), seat, Arc::new(Notify::new()), Arc::new(rig.clock.clone()));
        let now = rig.clock.monotonic();
        lane.pour(Operation::Submit, &[0], now, now);
        let permit = lane.try_submit().unwrap();
        // Redis goes away, and the slot's time is over when the stamp is written.
        lane.fall(3);
        rig.pass(Duration::from_secs(1));
        let left = leaving(&mut rig, vec![permit], Duration::from_secs(5));
        assert!(
            matches!(left[..], [(Err(NoTurn), after)] if after <= Duration::from_secs(5)),
            "{left:?}"
        );
        assert_eq!(lane.in_flight(), 0);
        let never_ms = 366 * 86_400_000;
        assert_eq!(
            (lane.is_free(), lane.estimated_wait_ms()),
            (false, never_ms),
            "whoever plans must know"
        );
        lane.join();
        assert!(lane.is_free());
    }
}
