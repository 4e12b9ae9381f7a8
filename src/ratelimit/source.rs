//! Where an operation's tokens come from: a bucket, or the tap of a contract that processes share.

use std::sync::Arc;
use std::time::Duration;

use super::bucket::{Bucket, Token};
use super::shared::{Seat, Tap};
use crate::domain::limits::Rate;
use crate::seams::Clock;

/// One operation's tokens.
pub enum Source {
    /// This process has the whole contract.
    Own(Bucket),
    /// It shares the contract with others.
    Shared(Tap),
}

impl Source {
    /// Tokens for one process, or for one of several if it has a seat; numbered after `after`.
    pub fn new(rate: Rate, seat: Option<Seat>, clock: &Arc<dyn Clock>, after: u64) -> Self {
        match seat {
            None => Self::Own(Bucket::new(rate, Arc::clone(clock), after)),
            Some(seat) => Self::Shared(Tap::new(rate, seat, Arc::clone(clock), after)),
        }
    }

    /// The same under another contract, empty.
    pub fn renewed(&self, rate: Rate, seat: Option<Seat>, clock: &Arc<dyn Clock>) -> Self {
        let mut new = Self::new(rate, seat, clock, self.last());
        if let (Self::Shared(old), Self::Shared(new)) = (self, &mut new)
            && old.is_alone()
        {
            new.fall();
        }
        new
    }

    /// A token, or how long until there may be one.
    pub fn take(&mut self) -> Result<Token, Duration> {
        match self {
            Self::Own(bucket) => bucket.take(),
            Self::Shared(tap) => tap.take(),
        }
    }

    /// The token was used.
    pub fn used(&mut self, token: Token) {
        match self {
            Self::Own(bucket) => bucket.used(token),
            Self::Shared(tap) => tap.used(token),
        }
    }

    /// The token was not used.
    pub fn give_back(&mut self, token: Token) {
        match self {
            Self::Own(bucket) => bucket.give_back(token),
            Self::Shared(tap) => tap.give_back(token),
        }
    }

    /// How long until a token may be had by somebody with `ahead` others before him.
    pub fn wait(&self, ahead: u64) -> Duration {
        match self {
            Self::Own(bucket) => bucket.wait(ahead),
            Self::Shared(tap) => tap.wait(ahead),
        }
    }

    /// Whether somebody found nothing of what the processes share.
    pub fn is_wanting(&self) -> bool {
        match self {
            Self::Own(_) => false,
            Self::Shared(tap) => tap.is_wanting(),
        }
    }

    /// The tap, if this is one.
    pub fn tap_mut(&mut self) -> Option<&mut Tap> {
        match self {
            Self::Own(_) => None,
            Self::Shared(tap) => Some(tap),
        }
    }

    fn last(&self) -> u64 {
        match self {
            Self::Own(bucket) => bucket.last(),
            Self::Shared(tap) => tap.last(),
        }
    }
}
