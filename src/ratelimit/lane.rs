//! One supplier's lane: the asynchronous face of the desk.
//!
//! Every class has a turnstile (a fair lock) and a bell. Whoever passes the turnstile stands at the
//! desk alone for his class, asks, and sleeps until his token is due or the bell rings: when something
//! came free and he was served, or his token has another time. So at most five timers exist a supplier, however many
//! requests wait, and nothing is polled in vain.

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::select;
use tokio::sync::Notify;

use super::booking::Left;
use super::desk::{Asked, Class, Desk, Grant};
use super::pace::{Heard, Learnt};
use super::permit::Permit;
use super::queue::Waiting;
use super::shared::{Seat, Tap, Terms};
use crate::domain::ids::OrderId;
use crate::domain::limits::{Day, Limits, Operation};
use crate::seams::Clock;

/// One supplier's limits and its queue of waiting orders; cheap to clone.
#[derive(Clone)]
pub struct Lane {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    /// Rung when somebody finds nothing of what the processes share.
    thirst: Option<Arc<Notify>>,
    pub clock: Arc<dyn Clock>,
    desk: Mutex<Desk>,
    resubmit: Gate,
    queue: Gate,
    doubt: Gate,
    query: Gate,
    balance: Gate,
}

/// Where one class lines up, and what wakes the first of the line.
#[derive(Default)]
struct Gate {
    turnstile: tokio::sync::Mutex<()>,
    bell: Notify,
}

impl Lane {
    /// A lane with nobody in it. Its buckets start empty, so that restarts cannot add up to a burst.
    #[must_use]
    pub fn new(limits: &Limits, clock: Arc<dyn Clock>) -> Self {
        Self::seated(limits, None, None, clock)
    }

    /// A lane of one process of several. It is dry until slots are poured in or it falls to its own
    /// place; `thirst` is rung when slots are wanted.
    #[must_use]
    pub fn shared(limits: &Limits, seat: Seat, thirst: Arc<Notify>, clock: Arc<dyn Clock>) -> Self {
        Self::seated(limits, Some(seat), Some(thirst), clock)
    }

    fn seated(limits: &Limits, seat: Option<Seat>, thirst: Option<Arc<Notify>>, clock: Arc<dyn Clock>) -> Self {
        Self {
            shared: Arc::new(Shared {
                thirst,
                desk: Mutex::new(Desk::new(limits, seat, Arc::clone(&clock))),
                clock,
                resubmit: Gate::default(),
                queue: Gate::default(),
                doubt: Gate::default(),
                query: Gate::default(),
                balance: Gate::default(),
            }),
        }
    }

    /// New limits for the same supplier: the queue and what is in flight stay, buckets start empty.
    pub fn set_limits(&self, limits: &Limits) {
        self.shared.desk().set_limits(limits);
        self.shared.ring();
    }

    /// A submit permit if one is free right now and nobody waits for one.
    #[must_use]
    pub fn try_submit(&self) -> Option<Permit> {
        let grant = self.shared.desk().submit_now();
        if grant.is_none() {
            self.shared.thirst();
        }
        grant.map(|grant| self.permit(grant))
    }

    /// Puts an order into the supplier's fair queue; one already waiting here keeps its place.
    pub fn enqueue(&self, waiting: Waiting) {
        self.shared.desk().queue.push(waiting);
        self.shared.queue.bell.notify_one();
    }

    /// Takes a waiting order out, because it was settled otherwise; true if it was there.
    pub fn forget(&self, order: OrderId) -> bool {
        self.shared.desk().queue.remove(order)
    }

    /// The next waiting order in fair order together with its permit; waits for both. Dropping the
    /// future leaves the queue as it was.
    pub async fn next(&self) -> (Permit, OrderId) {
        loop {
            let permit = self.acquire(Class::Queue).await;
            // Taken out only here, where no await follows: a dropped future takes no order along.
            let order = self.shared.desk().queue.pop();
            match order {
                Some(order) => return (permit, order),
                // The last one was forgotten between the grant and now.
                None => permit.give_back(),
            }
        }
    }

    /// Waits for a permit to query; `in_doubt` may use the reserved share.
    pub async fn query(&self, in_doubt: bool) -> Permit {
        self.acquire(if in_doubt { Class::Doubt } else { Class::Query }).await
    }

    /// Waits for a permit to ask for the balance.
    pub async fn balance(&self) -> Permit {
        self.acquire(Class::Balance).await
    }

    /// Waits for a permit to send an attempt in doubt again; goes before the queue.
    pub async fn resubmit(&self) -> Permit {
        self.acquire(Class::Resubmit).await
    }

    /// Whether an order of any recipient, on any day, may be sent at once as far as others are concerned:
    /// nobody waits, the supplier wants no rest, this process has a place, and nothing is counted by the day or the recipient.
    #[must_use]
    pub fn is_free(&self) -> bool {
        let desk = self.shared.desk();
        let is_open = desk.queue.is_empty() && !desk.is_shut() && desk.learnt().rest.is_zero();
        is_open && !desk.bookings.counts_days() && desk.bookings.spacing().is_zero()
    }

    /// Whether orders are bounded by the day here.
    #[must_use]
    pub fn counts_days(&self) -> bool {
        self.shared.desk().bookings.counts_days()
    }

    /// The least time from one submit for a recipient to the next; zero is none.
    #[must_use]
    pub fn spacing(&self) -> Duration {
        self.shared.desk().bookings.spacing()
    }

    /// What is left for one more order on this day, and for this recipient.
    #[must_use]
    pub fn left(&self, day: Day, recipient: Option<u64>) -> Left {
        self.shared.desk().bookings.left(day, recipient)
    }

    /// An order of this day was refused: nothing is paid for it.
    pub fn refused(&self, day: Day, cost_minor: i64) {
        self.shared.desk().bookings.refused(day, cost_minor);
    }

    /// Counts what was had on a day before this lane was there.
    pub fn had(&self, day: Day, orders: u64, cost_minor: i64) {
        self.shared.desk().bookings.had(day, orders, cost_minor);
    }

    /// A submit for this recipient left so long ago, before this lane was there.
    pub fn left_before(&self, recipient: u64, ago: Duration) {
        let at = self.shared.clock.monotonic().saturating_sub(ago);
        self.shared.desk().bookings.left_at(recipient, at);
    }

    /// How many orders wait in the queue.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.desk().queue.len()
    }

    /// How many permits are out.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.shared.desk().in_flight()
    }

    /// Takes in what came of a request that was sent at `sent`, by the lane's clock: what the supplier
    /// bears is learnt at once. Whoever waits looks again when the request's permit is dropped.
    pub fn hear(&self, operation: Operation, heard: Heard, sent: Duration) {
        self.shared.desk().hear(operation, heard, sent);
    }

    /// What was learnt below the contract.
    #[must_use]
    pub fn learnt(&self) -> Learnt {
        self.shared.desk().learnt()
    }

    /// When a submit permit may next be free for somebody who joins the queue now, in milliseconds:
    /// an estimate from the rate, the queue and how long submits have been taking.
    #[must_use]
    pub fn estimated_wait_ms(&self) -> u64 {
        let wait = self.shared.desk().wait_for_submit();
        u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
    }

    /// The contracts that are shared with other processes, and how many slots each wants now.
    #[must_use]
    pub fn wishes(&self) -> Vec<(Operation, Terms, u64)> {
        self.shared.desk().wishes()
    }

    /// Slots of one operation: microseconds after Redis' answer, to a question sent at `sent` and
    /// answered at `heard` on the lane's clock.
    pub fn pour(&self, operation: Operation, after_us: &[u64], sent: Duration, heard: Duration) {
        self.shared.desk().with_tap(operation, |tap| tap.pour(after_us, sent, heard));
    }

    /// Whoever waits looks again.
    pub fn wake(&self) {
        self.shared.ring();
    }

    /// This process has left the pool and uses its own place, one of so many processes'.
    pub fn fall(&self, nodes: u16) {
        self.each_tap(|tap| tap.fall(nodes));
    }

    /// This process is back in the pool.
    pub fn join(&self) {
        self.each_tap(Tap::join);
    }

    fn each_tap(&self, deed: impl Fn(&mut Tap)) {
        for operation in [Operation::Submit, Operation::Query, Operation::Balance] {
            self.shared.desk().with_tap(operation, &deed);
        }
        self.shared.ring();
    }

    async fn acquire(&self, class: Class) -> Permit {
        let gate = self.shared.gate(class);
        let _turn = gate.turnstile.lock().await;
        let standing = Standing::new(&self.shared, class);
        loop {
            let asked = standing.ask();
            let bell = pin!(gate.bell.notified());
            match asked {
                Asked::Served(grant) => return self.permit(grant),
                Asked::WhenWoken => bell.await,
                Asked::After(wait) => {
                    self.shared.thirst();
                    drop(select(bell, self.shared.clock.sleep(wait)).await);
                }
            }
        }
    }

    fn permit(&self, grant: Grant) -> Permit {
        Permit::new(&self.shared, grant)
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lane({} waiting, {} in flight)", self.waiting(), self.in_flight())
    }
}

impl Shared {
    pub fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn thirst(&self) {
        if let Some(thirst) = &self.thirst
            && self.desk().is_wanting()
        {
            thirst.notify_one();
        }
    }

    fn gate(&self, class: Class) -> &Gate {
        match class {
            Class::Resubmit => &self.resubmit,
            Class::Queue => &self.queue,
            Class::Doubt => &self.doubt,
            Class::Query => &self.query,
            Class::Balance => &self.balance,
        }
    }

    /// Something came free: serve, and let every head look again that was served or whose timer may be wrong now.
    pub fn ring(&self) {
        let called = self.desk().call();
        for class in called {
            self.gate(class).bell.notify_one();
        }
    }
}

/// The head of a class, at the desk until served or dropped.
struct Standing<'a> {
    shared: &'a Shared,
    class: Class,
}

impl<'a> Standing<'a> {
    fn new(shared: &'a Shared, class: Class) -> Self {
        shared.desk().step_up(class);
        Self { shared, class }
    }

    fn ask(&self) -> Asked {
        self.shared.desk().ask(self.class)
    }
}

impl Drop for Standing<'_> {
    fn drop(&mut self) {
        if self.shared.desk().step_down(self.class) {
            self.shared.ring();
        }
    }
}
