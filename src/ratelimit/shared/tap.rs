//! One operation's tokens in one process of several: slots from the pool, or a bucket of its own
//! place while it is alone. It has the same face as `Bucket`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::super::bucket::{Bucket, Token};
use super::super::exit::Exit;
use super::{HORIZON_US, Seat, Terms, micros};
use crate::domain::limits::Rate;
use crate::seams::Clock;

/// How long whoever finds nothing waits before he looks again without being woken.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// As long as this waits whoever has no place alone, as far as can be told: longer than any deadline.
const NEVER: Duration = Duration::from_secs(366 * 86_400);

/// When a slot may be used, on this process's clock: from, and before.
type Slot = (Duration, Duration);

/// The tokens of one operation, as far as this process has them.
pub struct Tap {
    terms: Terms,
    seat: Seat,
    clock: Arc<dyn Clock>,
    slots: VecDeque<Slot>,
    out: BTreeMap<Token, Slot>,
    alone: Option<Alone>,
    /// Of how many processes it uses its part alone, while it does.
    alone_of: Option<u16>,
    last: u64,
    wanted: u64,
}

/// A place of its own.
struct Alone {
    permits: Bucket,
    exit: Exit,
}

impl Tap {
    /// A tap with nothing in it.
    pub fn new(rate: Rate, seat: Seat, clock: Arc<dyn Clock>, after: u64) -> Self {
        Self {
            terms: Terms::new(rate, seat.nodes),
            seat,
            clock,
            slots: VecDeque::new(),
            out: BTreeMap::new(),
            alone: None,
            alone_of: None,
            last: after,
            wanted: 0,
        }
    }

    /// A token, or how long until there may be one.
    pub fn take(&mut self) -> Result<Token, Duration> {
        if let Some(alone) = &mut self.alone {
            return alone.permits.take();
        }
        let slot = self.draw()?;
        self.last = self.last.saturating_add(1);
        let token = Token::numbered(self.last);
        self.out.insert(token, slot);
        Ok(token)
    }

    /// A slot whose time it is.
    fn draw(&mut self) -> Result<Slot, Duration> {
        let now = self.clock.monotonic();
        self.slots.retain(|(_, before)| now < *before);
        self.wanted = self.wanted.saturating_add(1);
        let Some(slot) = self.slots.front().copied() else {
            self.wanted = self.terms.most_asked(self.seat.nodes);
            return Err(LOOK_AGAIN);
        };
        if now < slot.0 {
            return Err(slot.0.saturating_sub(now));
        }
        self.slots.pop_front();
        Ok(slot)
    }

    /// Lets the token's request leave while its slot lasts; later, or after this process was alone, only on
    /// another one. How long until it may be asked for again, if there is none.
    pub fn pass(&mut self, token: Token) -> Result<(), Duration> {
        if let Some(alone) = &mut self.alone {
            return alone.exit.pass();
        }
        let slot = self.out.remove(&token);
        if slot.is_some_and(|(_, before)| self.clock.monotonic() < before) {
            return Ok(());
        }
        self.draw().map(drop)
    }

    /// The token was used.
    pub fn used(&mut self, token: Token) {
        if self.out.remove(&token).is_none()
            && let Some(alone) = &mut self.alone
        {
            alone.permits.used(token);
        }
    }

    /// The token was not used: its slot is there again, for as long as it would have been.
    pub fn give_back(&mut self, token: Token) {
        match (self.out.remove(&token), &mut self.alone) {
            (Some(slot), None) => self.slots.push_front(slot),
            (None, Some(alone)) => alone.permits.give_back(token),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }

    /// How long until a token may be had by somebody with `ahead` others before him, if the other
    /// processes want nothing.
    pub fn wait(&self, ahead: u64) -> Duration {
        if let Some(alone) = &self.alone {
            return alone.permits.wait(ahead);
        }
        if self.is_shut() {
            return NEVER;
        }
        let stock = u64::try_from(self.slots.len()).unwrap_or(u64::MAX);
        let missing = ahead.saturating_add(1).saturating_sub(stock);
        micros(self.terms.step_us.saturating_mul(missing))
    }

    /// Whether this process has left the pool and has no place alone: nothing is sent until it is back.
    pub fn is_shut(&self) -> bool {
        self.alone_of.is_some() && self.alone.is_none()
    }

    /// The number of the last token, for the tap that replaces this one.
    pub fn last(&self) -> u64 {
        self.alone.as_ref().map_or(self.last, |alone| alone.permits.last())
    }

    /// The contract, and how many slots to ask for now; asking forgets the wish.
    pub fn wish(&mut self) -> (Terms, u64) {
        let stock = u64::try_from(self.slots.len()).unwrap_or(u64::MAX);
        let most = self.terms.most_asked(self.seat.nodes);
        let wanted = std::mem::take(&mut self.wanted).min(most);
        (self.terms, wanted.saturating_sub(stock))
    }

    /// Whether somebody found nothing since slots were last asked for.
    pub fn is_wanting(&self) -> bool {
        self.alone_of.is_none() && self.slots.is_empty() && self.wanted > 0
    }

    /// Slots from the pool, each so many microseconds after the moment at which Redis answered a
    /// question sent at `sent`; the answer came at `heard`.
    pub fn pour(&mut self, after_us: &[u64], sent: Duration, heard: Duration) {
        // Redis answered between the two: from the later on it is not too early, and counted from
        // the earlier it is not too late.
        let slack = micros(self.terms.slack_us);
        let slots = after_us.iter().filter(|after_us| **after_us <= HORIZON_US).map(|after_us| {
            let after = micros(*after_us);
            (heard.saturating_add(after), sent.saturating_add(after).saturating_add(slack))
        });
        self.slots.extend(slots);
    }

    /// From now on this process uses its own place, one of so many processes', from an empty bucket; without
    /// a place, nothing.
    pub fn fall(&mut self, nodes: u16) {
        self.alone_of = Some(nodes);
        self.slots.clear();
        let last = self.last();
        self.last = last;
        // Without a place it stays dry: one token more than the contract is one too many.
        let terms = Terms::new(self.terms.rate, nodes);
        self.alone = terms.alone(self.seat.node).map(|rate| Alone {
            permits: Bucket::new(rate, Arc::clone(&self.clock), last),
            exit: Exit::new(rate, &self.clock),
        });
    }

    /// From now on this process is in the pool.
    pub fn join(&mut self) {
        self.last = self.last();
        self.alone = None;
        self.alone_of = None;
    }

    /// Of how many processes it uses its part alone, if it has left the pool.
    pub fn alone_of(&self) -> Option<u16> {
        self.alone_of
    }
}
