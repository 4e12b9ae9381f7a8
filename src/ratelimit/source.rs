//! Where an operation's tokens come from: a bucket, or the tap of a contract that processes share.

use std::sync::Arc;
use std::time::Duration;

use super::bucket::{Bucket, Token};
use super::exit::Exit;
use super::shared::{Seat, Tap};
use crate::domain::limits::Rate;
use crate::seams::Clock;

/// One operation's tokens.
pub enum Source {
    /// This process has the whole contract.
    Own {
        /// What permits are given by.
        permits: Bucket,
        /// What their requests leave by.
        exit: Exit,
    },
    /// It shares the contract with others.
    Shared(Tap),
}

impl Source {
    /// Tokens for one process, or for one of several if it has a seat; numbered after `after`.
    pub fn new(rate: Rate, seat: Option<Seat>, clock: &Arc<dyn Clock>, after: u64) -> Self {
        match seat {
            None => Self::Own {
                permits: Bucket::new(rate, Arc::clone(clock), after),
                exit: Exit::new(rate, clock),
            },
            Some(seat) => Self::Shared(Tap::new(rate, seat, Arc::clone(clock), after)),
        }
    }

    /// The same under another contract, empty; what left under the old one counts as a whole burst.
    pub fn renewed(&self, rate: Rate, seat: Option<Seat>, clock: &Arc<dyn Clock>) -> Self {
        let mut new = Self::new(rate, seat, clock, self.last());
        if let (Self::Shared(old), Self::Shared(new)) = (self, &mut new)
            && let Some(nodes) = old.alone_of()
        {
            new.fall(nodes);
        }
        new
    }

    /// A token, or how long until there may be one.
    pub fn take(&mut self) -> Result<Token, Duration> {
        match self {
            Self::Own { permits, .. } => permits.take(),
            Self::Shared(tap) => tap.take(),
        }
    }

    /// Lets the token's request leave, or says how long until it may be asked for again.
    pub fn pass(&mut self, token: Token) -> Result<(), Duration> {
        match self {
            Self::Own { exit, .. } => exit.pass(),
            Self::Shared(tap) => tap.pass(token),
        }
    }

    /// The token was used.
    pub fn used(&mut self, token: Token) {
        match self {
            Self::Own { permits, .. } => permits.used(token),
            Self::Shared(tap) => tap.used(token),
        }
    }

    /// The token was not used.
    pub fn give_back(&mut self, token: Token) {
        match self {
            Self::Own { permits, .. } => permits.give_back(token),
            Self::Shared(tap) => tap.give_back(token),
        }
    }

    /// How long until a token may be had by somebody with `ahead` others before him.
    pub fn wait(&self, ahead: u64) -> Duration {
        match self {
            Self::Own { permits, .. } => permits.wait(ahead),
            Self::Shared(tap) => tap.wait(ahead),
        }
    }

    /// Whether somebody found nothing of what the processes share.
    pub fn is_wanting(&self) -> bool {
        match self {
            Self::Own { .. } => false,
            Self::Shared(tap) => tap.is_wanting(),
        }
    }

    /// Whether nothing may be sent until Redis is back.
    pub fn is_shut(&self) -> bool {
        match self {
            Self::Own { .. } => false,
            Self::Shared(tap) => tap.is_shut(),
        }
    }

    /// The tap, if this is one.
    pub fn tap_mut(&mut self) -> Option<&mut Tap> {
        match self {
            Self::Own { .. } => None,
            Self::Shared(tap) => Some(tap),
        }
    }

    fn last(&self) -> u64 {
        match self {
            Self::Own { permits, .. } => permits.last(),
            Self::Shared(tap) => tap.last(),
        }
    }
}
