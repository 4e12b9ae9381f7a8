//! What a supplier takes of orders rather than of requests: so many, and for so much money, in one of
//! its days, and the same recipient only so often.
//!
//! An order is booked on its permit before it is stamped, so two that are planned at once cannot both
//! have the last place of a day. A booking is given back when nothing left; the cost of an order that
//! was refused comes back too, its place does not. A recipient is spaced from the moment when its request
//! leaves; until then it counts as if it just left.
//!
//! Deliberately absent: memory beyond the process. A start counts again what the database holds of the day.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::shared::{Seat, own_share};
use crate::domain::limits::{Day, Limits};
use crate::seams::Clock;

/// What is asked of a supplier, beside a permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// On which of its days.
    pub day: Day,
    /// What a new order costs, in minor units; nothing for the same attempt again.
    pub order: Option<i64>,
    /// Whom it is for, as a mark that tells recipients apart; absent where that is of no matter.
    pub recipient: Option<u64>,
}

/// What was booked, to be kept with the permit.
#[derive(Debug, Clone, Copy)]
pub struct Booking {
    day: i64,
    order: Option<i64>,
    recipient: Option<u64>,
}

/// What is left for one more order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Orders of this day; absent: any number.
    pub orders: Option<u64>,
    /// Minor units of this day; absent: anything.
    pub cost_minor: Option<i64>,
    /// How long until the recipient may have its next.
    pub recipient_in: Duration,
}

impl Left {
    fn is_enough_for(self, order: Option<i64>) -> bool {
        let has_place = order.is_none() || self.orders.is_none_or(|left| left > 0);
        let has_money = order.is_none_or(|cost| self.cost_minor.is_none_or(|left| cost <= left));
        has_place && has_money && self.recipient_in.is_zero()
    }
}

/// The orders that one supplier has had.
pub struct Bookings {
    daily_orders: Option<u64>,
    daily_cost_minor: Option<i64>,
    spacing: Duration,
    day: i64,
    orders: u64,
    cost_minor: i64,
    recipients: BTreeMap<u64, Seen>,
    /// When each was seen, so that those whose time is over are forgotten.
    seen: VecDeque<(Duration, u64)>,
    clock: Arc<dyn Clock>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    left_at: Option<Duration>,
    /// When the one before that left: what counts again if the latest provably did not leave after all.
    before: Option<Duration>,
    /// Booked, and not yet left.
    is_booked: bool,
}

impl Bookings {
    /// Nothing booked.
    pub fn new(limits: &Limits, seat: Option<Seat>, clock: Arc<dyn Clock>) -> Self {
        let mut bookings = Self {
            daily_orders: None,
            daily_cost_minor: None,
            spacing: Duration::ZERO,
            day: i64::MIN,
            orders: 0,
            cost_minor: 0,
            recipients: BTreeMap::new(),
            seen: VecDeque::new(),
            clock,
        };
        bookings.set_limits(limits, seat);
        bookings
    }

    /// Other limits; what was had so far counts for them too.
    pub fn set_limits(&mut self, limits: &Limits, seat: Option<Seat>) {
        let limits = &seat.map_or_else(|| limits.clone(), |seat| own_share(limits, seat));
        self.daily_orders = limits.daily_orders.map(u64::from);
        self.daily_cost_minor = limits.daily_cost_minor;
        self.spacing = Duration::from_millis(u64::from(limits.recipient_spacing_ms));
    }

    /// Whether anything is bounded by the day.
    pub fn counts_days(&self) -> bool {
        self.daily_orders.is_some() || self.daily_cost_minor.is_some()
    }

    /// The least time from one submit for a recipient to the next.
    pub fn spacing(&self) -> Duration {
        self.spacing
    }

    /// What is left on a day, and for a recipient.
    pub fn left(&mut self, day: Day, recipient: Option<u64>) -> Left {
        self.turn(day);
        Left {
            orders: self.daily_orders.map(|most| most.saturating_sub(self.orders)),
            cost_minor: self.daily_cost_minor.map(|most| most.saturating_sub(self.cost_minor).max(0)),
            recipient_in: recipient.map_or(Duration::ZERO, |recipient| self.due_in(recipient)),
        }
    }

    /// Books, if there is enough left.
    pub fn book(&mut self, wanted: Wanted) -> Option<Booking> {
        if !self.left(wanted.day, wanted.recipient).is_enough_for(wanted.order) {
            return None;
        }
        if let Some(cost_minor) = wanted.order {
            self.had(wanted.day, 1, cost_minor);
        }
        let recipient = wanted.recipient.filter(|_| !self.spacing.is_zero());
        if let Some(recipient) = recipient {
            let now = self.clock.monotonic();
            self.forget_old(now);
            self.recipients.entry(recipient).or_default().is_booked = true;
        }
        Some(Booking {
            day: self.day,
            order: wanted.order,
            recipient,
        })
    }

    /// The request leaves now: from here its recipient's time runs.
    pub fn leaves(&mut self, booking: Booking) {
        let Some(recipient) = booking.recipient else { return };
        if let Some(seen) = self.recipients.get_mut(&recipient) {
            seen.before = seen.left_at;
        }
        self.left_at(recipient, self.clock.monotonic());
    }

    /// Nothing left after all.
    pub fn give_back(&mut self, booking: Booking) {
        if let Some(cost_minor) = booking.order {
            self.take_back(booking.day, 1, cost_minor);
        }
        let Some(recipient) = booking.recipient else { return };
        if let Some(seen) = self.recipients.get_mut(&recipient) {
            if !std::mem::take(&mut seen.is_booked) {
                seen.left_at = seen.before.take();
            }
            let now = self.clock.monotonic();
            if seen.left_at.is_none_or(|at| at.saturating_add(self.spacing) <= now) {
                self.recipients.remove(&recipient);
            }
        }
    }

    /// An order of this day was refused: nothing is paid for it.
    pub fn refused(&mut self, day: Day, cost_minor: i64) {
        self.turn(day);
        self.take_back(day.number, 0, cost_minor);
    }

    /// Counts what was had on a day besides what was booked here.
    pub fn had(&mut self, day: Day, orders: u64, cost_minor: i64) {
        self.turn(day);
        if day.number == self.day {
            self.orders = self.orders.saturating_add(orders);
            self.cost_minor = self.cost_minor.saturating_add(cost_minor);
        }
    }

    /// A request for this recipient left at this moment, or may have.
    pub fn left_at(&mut self, recipient: u64, at: Duration) {
        let seen = self.recipients.entry(recipient).or_default();
        seen.is_booked = false;
        if seen.left_at.is_none_or(|known| known < at) {
            seen.left_at = Some(at);
            self.seen.push_back((at, recipient));
        }
    }

    /// A new day begins with nothing. A clock that goes back does not bring the last one again.
    fn turn(&mut self, day: Day) {
        if day.number > self.day {
            (self.day, self.orders, self.cost_minor) = (day.number, 0, 0);
        }
    }

    fn take_back(&mut self, day: i64, orders: u64, cost_minor: i64) {
        if day == self.day {
            self.orders = self.orders.saturating_sub(orders);
            self.cost_minor = self.cost_minor.saturating_sub(cost_minor);
        }
    }

    fn due_in(&self, recipient: u64) -> Duration {
        let Some(seen) = self.recipients.get(&recipient).filter(|_| !self.spacing.is_zero()) else {
            return Duration::ZERO;
        };
        let now = self.clock.monotonic();
        let since = |at: Duration| at.saturating_add(self.spacing).saturating_sub(now);
        // One that has not left yet may leave now.
        let booked = if seen.is_booked { self.spacing } else { Duration::ZERO };
        seen.left_at.map_or(Duration::ZERO, since).max(booked)
    }

    fn forget_old(&mut self, now: Duration) {
        while let Some((at, recipient)) = self.seen.front().copied() {
            if at.saturating_add(self.spacing) > now {
                return;
            }
            self.seen.pop_front();
            let is_latest = self
                .recipients
                .get(&recipient)
                .is_some_and(|seen| seen.left_at == Some(at) && !seen.is_booked);
            if is_latest {
                self.recipients.remove(&recipient);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::rig::TestClock;
    use super::*;

    const SPACING_MS: u32 = 60_000;

    fn bookings(orders: Option<u32>, cost_minor: Option<i64>) -> (Bookings, TestClock) {
        let clock = TestClock::default();
        let limits = Limits {
            daily_orders: orders,
            daily_cost_minor: cost_minor,
            recipient_spacing_ms: SPACING_MS,
            ..Limits::default()
        };
        (Bookings::new(&limits, None, Arc::new(clock.clone())), clock)
    }

    fn on(day: i64, cost_minor: i64, recipient: u64) -> Wanted {
        Wanted {
            day: Day::at(day * 86_400_000, 0),
            order: Some(cost_minor),
            recipient: Some(recipient),
        }
    }

    #[test]
    fn a_day_has_so_many_orders_and_so_much_money() {
        let (mut book, _) = bookings(Some(3), Some(1_000));
        assert!(book.book(on(1, 600, 1)).is_some());
        assert!(book.book(on(1, 401, 2)).is_none(), "one fen too dear");
        assert!(book.book(on(1, 200, 3)).is_some() && book.book(on(1, 200, 4)).is_some());
        assert!(book.book(on(1, 0, 5)).is_none(), "the fourth");
        assert!(book.book(on(2, 1_000, 6)).is_some(), "a new day");
        assert!(book.book(on(1, 1, 7)).is_none(), "and the last one does not come again");
    }

    #[test]
    fn what_never_left_is_given_back_and_a_refusal_costs_its_place_only() {
        let (mut book, _) = bookings(Some(2), Some(1_000));
        let first = book.book(on(1, 1_000, 1)).unwrap();
        book.give_back(first);
        let again = book.book(on(1, 1_000, 1));
        assert!(again.is_some(), "its recipient is free again, too");
        book.refused(Day::at(86_400_000, 0), 1_000);
        assert_eq!(book.left(Day::at(86_400_000, 0), None).orders, Some(1));
        assert!(book.book(on(1, 1_000, 2)).is_some());
        book.refused(Day::at(0, 0), 1_000);
        assert_eq!(
            book.left(Day::at(86_400_000, 0), None).cost_minor,
            Some(0),
            "one of yesterday gives nothing today"
        );
    }

    #[test]
    fn a_recipient_s_time_runs_from_when_its_request_leaves() {
        let (mut book, clock) = bookings(None, None);
        let day = Day::at(0, 0);
        let due = |book: &mut Bookings| book.left(day, Some(7)).recipient_in;
        let booked = book.book(on(0, 1, 7)).unwrap();
        clock.pass(Duration::from_secs(50));
        assert_eq!(due(&mut book), Duration::from_secs(60), "not left yet");
        book.leaves(booked);
        clock.pass(Duration::from_secs(59));
        assert_eq!(due(&mut book), Duration::from_secs(1));
        assert!(book.book(on(0, 1, 7)).is_none());
        let resubmit = Wanted {
            order: None,
            ..on(0, 0, 7)
        };
        assert!(book.book(resubmit).is_none(), "the same attempt again keeps its distance, too");
        assert!(book.book(on(0, 1, 8)).is_some(), "another recipient");
        clock.pass(Duration::from_secs(1));
        assert!(book.book(resubmit).is_some());
    }

    #[test]
    fn a_request_that_was_tried_and_did_not_leave_takes_nobody_s_turn() {
        let (mut book, clock) = bookings(Some(1), None);
        let due = |book: &mut Bookings| book.left(Day::at(0, 0), Some(7)).recipient_in;
        let tried = book.book(on(0, 1, 7)).unwrap();
        book.leaves(tried);
        book.give_back(tried);
        assert_eq!(due(&mut book), Duration::ZERO);
        let again = book.book(on(0, 1, 7)).unwrap();
        book.leaves(again);
        clock.pass(Duration::from_secs(60));
        let resubmit = Wanted {
            order: None,
            ..on(0, 0, 7)
        };
        let tried = book.book(resubmit).unwrap();
        clock.pass(Duration::from_secs(1));
        book.leaves(tried);
        assert_eq!(due(&mut book), Duration::from_secs(60));
        book.give_back(tried);
        assert_eq!(
            due(&mut book),
            Duration::ZERO,
            "the one before it counts again, and its time is over"
        );
    }

    #[test]
    fn processes_that_share_a_contract_share_its_day() {
        let limits = Limits {
            daily_orders: Some(8),
            daily_cost_minor: Some(1_000),
            ..Limits::default()
        };
        let clock: Arc<dyn Clock> = Arc::new(TestClock::default());
        let shares = (0..3).map(|node| {
            let mut book = Bookings::new(&limits, Some(Seat { node, nodes: 3 }), Arc::clone(&clock));
            let left = book.left(Day::at(0, 0), None);
            (left.orders.unwrap(), left.cost_minor.unwrap())
        });
        assert_eq!(shares.collect::<Vec<_>>(), [(3, 333), (3, 333), (2, 333)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        /// Booked, left, given back, refused in any order, over days and minutes.
        #[test]
        fn no_day_holds_more_than_it_may_and_no_recipient_is_met_too_soon(
            steps in prop::collection::vec((0_u8..8, 0_u64..4, 0_i64..400, 0_u64..40), 1..200),
        ) {
            let (mut book, clock) = bookings(Some(10), Some(1_000));
            let mut open: Vec<Booking> = Vec::new();
            let mut left: Vec<(Duration, u64)> = Vec::new();
            let mut sent: BTreeMap<i64, (u32, i64)> = BTreeMap::new();
            for (step, recipient, cost, pause) in steps {
                clock.pass(Duration::from_secs(pause * 10));
                let day = Day::at(clock.now_ms() * 100, 0);
                let wanted = Wanted { day, order: Some(cost), recipient: Some(recipient) };
                match step {
                    0..5 => open.extend(book.book(wanted)),
                    5 => if let Some(booking) = open.pop() { book.give_back(booking) },
                    _ => if let Some(booking) = open.pop() {
                        book.leaves(booking);
                        let day = sent.entry(booking.day).or_default();
                        *day = (day.0 + 1, day.1 + booking.order.unwrap());
                        left.push((clock.monotonic(), booking.recipient.unwrap()));
                    },
                }
            }
            for (orders, cost) in sent.values() {
                prop_assert!(*orders <= 10 && *cost <= 1_000);
            }
            for (place, (at, recipient)) in left.iter().enumerate() {
                let last = left[..place].iter().rev().find(|(_, known)| known == recipient);
                if let Some((before, _)) = last {
                    prop_assert!(*at - *before >= Duration::from_millis(u64::from(SPACING_MS)));
                }
            }
        }
    }
}
