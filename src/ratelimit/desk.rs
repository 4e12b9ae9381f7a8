//! Who gets the next permit: the lane's state behind its lock, plain data and plain moves.
//!
//! Those who wait are sorted into five classes; of each class only the first, its head, stands at
//! the desk (the others line up in the lane). `serve` goes through the heads, the one that has
//! stood longest first, and grants what rate and concurrency allow. Whoever was served comes back
//! as the last to have arrived, so classes take turns where they compete, except that a resubmit
//! always goes before the queue of new orders.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::booking::Bookings;
use super::bucket::Token;
use super::pace::{Heard, Learnt, Pace};
use super::queue::FairQueue;
use super::shared::{Seat, Tap, Terms, own_share};
use super::source::Source;
use crate::domain::limits::{Limits, Operation};
use crate::seams::Clock;

/// What somebody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The same attempt again, while in doubt.
    Resubmit,
    /// The first transmission of an order from the queue.
    Queue,
    /// A query of an attempt in doubt.
    Doubt,
    /// Any other query.
    Query,
    /// A balance question.
    Balance,
}

impl Class {
    /// What is asked of the supplier.
    pub fn operation(self) -> Operation {
        match self {
            Self::Resubmit | Self::Queue => Operation::Submit,
            Self::Doubt | Self::Query => Operation::Query,
            Self::Balance => Operation::Balance,
        }
    }

    fn may_use_reserve(self) -> bool {
        match self {
            Self::Doubt => true,
            Self::Resubmit | Self::Queue | Self::Query | Self::Balance => false,
        }
    }
}

/// What a permit stands for: a token and a slot.
#[derive(Debug, Clone, Copy)]
pub struct Grant {
    /// Whose turn it was.
    pub class: Class,
    token: Token,
    at: Duration,
}

/// Where the head of a class stands.
#[derive(Debug)]
struct Head {
    ticket: u64,
    grant: Option<Grant>,
    /// How long until its token is due; none if it lacks something else.
    wait: Option<Duration>,
}

/// Why there is no grant.
enum Lack {
    Order,
    Slot,
    Token(Duration),
}

/// What a head learns when it asks.
#[derive(Debug)]
pub enum Asked {
    /// It was served and has left the desk.
    Served(Grant),
    /// Ask again after this time, or when woken, whichever is first.
    After(Duration),
    /// Ask again when woken: time alone changes nothing.
    WhenWoken,
}

/// The state of a lane.
pub struct Desk {
    clock: Arc<dyn Clock>,
    seat: Option<Seat>,
    submit: Source,
    query: Source,
    balance: Source,
    slots: usize,
    unreserved: usize,
    normal: usize,
    doubt: usize,
    heads: BTreeMap<Class, Head>,
    last_ticket: u64,
    /// How long a submit has held its slot of late, smoothed.
    submit_held: Duration,
    pace: Pace,
    /// The orders that wait.
    pub queue: FairQueue,
    /// The orders that the supplier has had.
    pub bookings: Bookings,
}

impl Desk {
    /// A desk with nobody at it and empty buckets.
    pub fn new(limits: &Limits, seat: Option<Seat>, clock: Arc<dyn Clock>) -> Self {
        let mut desk = Self {
            seat,
            submit: Source::new(limits.submit, seat, &clock, 0),
            query: Source::new(limits.query, seat, &clock, 0),
            balance: Source::new(limits.balance, seat, &clock, 0),
            bookings: Bookings::new(limits, seat, Arc::clone(&clock)),
            clock,
            slots: 0,
            unreserved: 0,
            normal: 0,
            doubt: 0,
            heads: BTreeMap::new(),
            last_ticket: 0,
            submit_held: Duration::ZERO,
            pace: Pace::new(usize::MAX),
            queue: FairQueue::default(),
        };
        desk.set_concurrency(limits);
        desk
    }

    /// Changes the limits under those who wait and those in flight. Buckets start empty again.
    pub fn set_limits(&mut self, limits: &Limits) {
        self.submit = self.submit.renewed(limits.submit, self.seat, &self.clock);
        self.query = self.query.renewed(limits.query, self.seat, &self.clock);
        self.balance = self.balance.renewed(limits.balance, self.seat, &self.clock);
        self.bookings.set_limits(limits, self.seat);
        self.set_concurrency(limits);
    }

    /// At least one slot exists, and at least one is not reserved: nothing may wait for ever.
    fn set_concurrency(&mut self, limits: &Limits) {
        let limits = &self.seat.map_or_else(|| limits.clone(), |seat| own_share(limits, seat));
        let slots = limits.concurrency.max(1);
        let unreserved = slots.saturating_sub(limits.reserved_for_doubt).max(1);
        self.slots = usize::try_from(slots).unwrap_or(usize::MAX);
        self.unreserved = usize::try_from(unreserved).unwrap_or(usize::MAX);
        self.pace.set_most(self.unreserved);
    }

    /// Lets the head of a class step up.
    pub fn step_up(&mut self, class: Class) {
        self.last_ticket = self.last_ticket.wrapping_add(1);
        let ticket = self.last_ticket;
        let head = Head {
            ticket,
            grant: None,
            wait: None,
        };
        self.heads.insert(class, head);
    }

    /// The head of a class goes away. What it was granted and did not take comes free: true if so.
    pub fn step_down(&mut self, class: Class) -> bool {
        let untaken = self.heads.remove(&class).and_then(|head| head.grant);
        if let Some(grant) = untaken {
            self.give_back(grant);
        }
        untaken.is_some()
    }

    /// Serves whom it can, then answers the head of `class`.
    pub fn ask(&mut self, class: Class) -> Asked {
        self.serve();
        let Some(head) = self.heads.get(&class) else {
            return Asked::WhenWoken;
        };
        match (head.grant, head.wait) {
            (Some(grant), _) => {
                self.heads.remove(&class);
                Asked::Served(grant)
            }
            (None, Some(wait)) => Asked::After(wait),
            (None, None) => Asked::WhenWoken,
        }
    }

    /// A submit for somebody who does not wait: only if nobody else does.
    pub fn submit_now(&mut self) -> Option<Grant> {
        if !self.queue.is_empty() || self.heads.contains_key(&Class::Resubmit) {
            return None;
        }
        self.serve();
        self.grant(Class::Queue).ok()
    }

    /// Grants what can be granted, the longest-standing head first.
    fn serve(&mut self) {
        let queue_ticket = self.heads.get(&Class::Queue).map(|head| head.ticket);
        let mut order: Vec<(u64, Class)> = self
            .heads
            .iter()
            .filter(|(_, head)| head.grant.is_none())
            .map(|(class, head)| match class {
                // `Class` sorts resubmits before the queue where the tickets are the same.
                Class::Resubmit => (queue_ticket.map_or(head.ticket, |ticket| ticket.min(head.ticket)), *class),
                Class::Queue | Class::Doubt | Class::Query | Class::Balance => (head.ticket, *class),
            })
            .collect();
        order.sort_unstable();
        for (_, class) in order {
            let (grant, wait) = match self.grant_head(class) {
                Ok(grant) => (Some(grant), None),
                Err(Lack::Token(wait)) => (None, Some(wait)),
                Err(Lack::Slot | Lack::Order) => (None, None),
            };
            if let Some(head) = self.heads.get_mut(&class) {
                head.grant = grant;
                head.wait = wait;
            }
        }
    }

    /// Serves whom it can; the classes whose heads have to look: a grant is there, or a token has another time.
    /// Who lacks anything else is called when that changes.
    pub fn call(&mut self) -> Vec<Class> {
        self.serve();
        let looks = |head: &Head| head.grant.is_some() || head.wait.is_some();
        self.heads.iter().filter(|(_, head)| looks(head)).map(|(class, _)| *class).collect()
    }

    /// Lets the grant's request leave, or says how long until it may be asked for again.
    pub fn pass(&mut self, grant: Grant) -> Result<(), Duration> {
        self.source_of(grant.class).pass(grant.token)
    }

    /// The request was sent, or may have been: its slot is free again.
    pub fn used(&mut self, grant: Grant) {
        self.source_of(grant.class).used(grant.token);
        self.free_slot(grant.class);
        if grant.class.operation() == Operation::Submit {
            let held = self.clock.monotonic().saturating_sub(grant.at);
            let smoothed = self.submit_held.saturating_mul(7).saturating_add(held).checked_div(8);
            self.submit_held = smoothed.unwrap_or(held);
        }
    }

    /// The request never left: its slot and its token are free again.
    pub fn give_back(&mut self, grant: Grant) {
        self.source_of(grant.class).give_back(grant.token);
        self.free_slot(grant.class);
    }

    /// Takes in what came of a request that was sent at `sent`.
    pub fn hear(&mut self, operation: Operation, heard: Heard, sent: Duration) {
        self.pace.hear(operation, heard, sent, self.clock.monotonic());
    }

    /// What was learnt below the contract.
    pub fn learnt(&self) -> Learnt {
        Learnt {
            at_once: self.pace.bears(),
            at_once_most: self.unreserved,
            rest: self.pace.rest(Operation::Submit, self.clock.monotonic()),
        }
    }

    /// Requests in flight.
    pub fn in_flight(&self) -> usize {
        self.normal.saturating_add(self.doubt)
    }

    /// When an order that joins the queue now may get its permit, by rate and by how fast slots come free.
    pub fn wait_for_submit(&self) -> Duration {
        let ahead = self
            .queue
            .len()
            .saturating_add(usize::from(self.heads.contains_key(&Class::Resubmit)));
        let by_rate = self.submit.wait(u64::try_from(ahead).unwrap_or(u64::MAX));
        let at_once = self.pace.bears();
        let short = ahead.saturating_add(1).saturating_sub(at_once.saturating_sub(self.normal));
        let rounds = u32::try_from(short.div_ceil(at_once.max(1))).unwrap_or(u32::MAX);
        let rest = self.pace.rest(Operation::Submit, self.clock.monotonic());
        by_rate.max(self.submit_held.saturating_mul(rounds)).max(rest)
    }

    fn grant_head(&mut self, class: Class) -> Result<Grant, Lack> {
        if class == Class::Queue && self.queue.is_empty() {
            return Err(Lack::Order);
        }
        self.grant(class)
    }

    fn grant(&mut self, class: Class) -> Result<Grant, Lack> {
        if !self.has_slot(class) {
            return Err(Lack::Slot);
        }
        let rest = self.pace.rest(class.operation(), self.clock.monotonic());
        if !rest.is_zero() {
            return Err(Lack::Token(rest));
        }
        let token = self.source_of(class).take().map_err(Lack::Token)?;
        if class.may_use_reserve() {
            self.doubt = self.doubt.saturating_add(1);
        } else {
            self.normal = self.normal.saturating_add(1);
        }
        let at = self.clock.monotonic();
        Ok(Grant { class, token, at })
    }

    fn has_slot(&self, class: Class) -> bool {
        self.in_flight() < self.slots && (class.may_use_reserve() || self.normal < self.pace.bears())
    }

    fn free_slot(&mut self, class: Class) {
        if class.may_use_reserve() {
            self.doubt = self.doubt.saturating_sub(1);
        } else {
            self.normal = self.normal.saturating_sub(1);
        }
    }

    fn source_of(&mut self, class: Class) -> &mut Source {
        self.source_mut(class.operation())
    }

    fn source_mut(&mut self, operation: Operation) -> &mut Source {
        match operation {
            Operation::Submit => &mut self.submit,
            Operation::Query => &mut self.query,
            Operation::Balance => &mut self.balance,
        }
    }

    /// Whether somebody found nothing of what the processes share.
    pub fn is_wanting(&self) -> bool {
        [&self.submit, &self.query, &self.balance].into_iter().any(Source::is_wanting)
    }

    /// Whether no submit may be sent until Redis is back.
    pub fn is_shut(&self) -> bool {
        self.submit.is_shut()
    }

    /// The contracts that are shared, and how many slots each wants.
    pub fn wishes(&mut self) -> Vec<(Operation, Terms, u64)> {
        let mut wishes = Vec::new();
        for operation in [Operation::Submit, Operation::Query, Operation::Balance] {
            if let Some((terms, wanted)) = self.source_mut(operation).tap_mut().map(Tap::wish) {
                wishes.push((operation, terms, wanted));
            }
        }
        wishes
    }

    /// Does something to what one operation shares.
    pub fn with_tap(&mut self, operation: Operation, deed: impl FnOnce(&mut Tap)) {
        if let Some(tap) = self.source_mut(operation).tap_mut() {
            deed(tap);
        }
    }
}
