//! Whether this process is in the pool: when it may ask, when it must have been missed, and when it
//! may come back. Times are its own monotonic clock; Redis' time is known from its last answer.

use std::time::Duration;

use super::{CALL_US, HORIZON_US, LIVE_US, MOST_SLACK_US, STALE_US, micros};

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// Ask Redis what time it is; this does not count as being seen.
    Probe,
    /// Ask for slots; void when it reaches Redis later than this, in microseconds of its time.
    Ask {
        /// When the question is void.
        void_after_us: u64,
    },
}

/// This process as a member of the pool.
#[derive(Debug)]
pub struct Member {
    /// Redis' time in microseconds, and the instant here before which it cannot have been.
    known: Option<(u64, Duration)>,
    /// When the pool may last have been asked.
    asked: Duration,
    alone: bool,
}

impl Member {
    /// A process that has just started. Its number may have been in the pool a moment ago.
    #[must_use]
    pub fn new(now: Duration) -> Self {
        Self {
            known: None,
            asked: now,
            alone: false,
        }
    }

    /// What to ask now. Asking for slots counts as being seen, whether or not an answer comes.
    pub fn next(&mut self, now: Duration) -> Move {
        match self.known {
            None => Move::Probe,
            Some((redis_us, at)) => {
                self.asked = now;
                let since = u64::try_from(now.saturating_sub(at).as_micros()).unwrap_or(u64::MAX);
                Move::Ask {
                    void_after_us: redis_us.saturating_add(since).saturating_add(STALE_US),
                }
            }
        }
    }

    /// Redis said what time it is, to a question sent at `sent`. True if that ends being alone: the
    /// own place must not be used from now on.
    pub fn heard(&mut self, redis_us: u64, sent: Duration) -> bool {
        self.known = Some((redis_us, sent));
        std::mem::take(&mut self.alone)
    }

    /// There was no answer, or not in time.
    pub fn missed(&mut self) {
        self.known = None;
    }

    /// True once, when the pool must have missed this process and what it handed out is over.
    pub fn falls(&mut self, now: Duration) -> bool {
        let seen_until_us = CALL_US.saturating_add(STALE_US);
        let over_us = seen_until_us + LIVE_US + HORIZON_US + MOST_SLACK_US;
        let falls = !self.alone && self.known.is_none() && now >= self.asked.saturating_add(micros(over_us));
        self.alone |= falls;
        falls
    }

    /// Whether it uses its own place.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.alone
    }
}
