//! The three wire formats, as pure translations between bytes and the mock's own words.
//!
//! Reading a request authenticates it: an [`Ask`] exists only for a right signature, everything else is a [`Reply`]
//! that refuses. Writing answers and notifications needs no state but what it is given.

mod dayuanren;
mod form;
mod kasushou;
mod ofpay;

use crate::book::Settled;
use crate::config::{Credentials, Wire};
use crate::http::{Reply, Request};
use crate::ledger::Refusal;
use crate::order::{Order, Submission};

/// What an authenticated caller wants.
#[derive(Debug, Clone)]
pub(crate) enum Ask {
    Submit(Submission),
    Query(Named),
    /// Withdraw the orders with these ids.
    Recall(Vec<String>),
    Balance,
}

/// The orders a query names.
#[derive(Debug, Clone)]
pub(crate) enum Named {
    /// By the caller's ids.
    Ids(Vec<String>),
    /// By the mock's own numbers.
    Refs(Vec<String>),
}

/// An order with the state the caller is told.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) order: Order,
    pub(crate) settled: Settled,
}

/// What the mock says to an authenticated caller.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Accepted(Told),
    /// The id is taken, said by the pre-check.
    Exists,
    /// The id is taken, said by the order table after a race.
    ExistsAfterRace(Told),
    Refused(Refusal),
    /// A code outside every list, picked by the number.
    Unlisted(u64),
    /// The orders of a query that were found, and the id it named first.
    Found(Vec<Told>, String),
    Balance(i64),
    /// Whether all orders of a recall are withdrawn.
    Recalled(bool),
    /// The mock could not write its book: nothing happened.
    Broken,
}

/// A push to the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
}

/// Parts a product's card secrets are made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shelf<'a> {
    pub(crate) credentials: &'a Credentials,
    pub(crate) card_products: &'a [String],
}

impl Wire {
    /// Reads and authenticates a request, or says the refusal.
    pub(crate) fn read(self, credentials: &Credentials, request: &Request) -> Result<Ask, Reply> {
        match self {
            Self::Dayuanren => dayuanren::read(credentials, request),
            Self::Ofpay => ofpay::read(credentials, request),
            Self::Kasushou => kasushou::read(credentials, request),
        }
    }

    /// Writes an answer.
    pub(crate) fn write(self, shelf: Shelf<'_>, answer: &Answer) -> Reply {
        match self {
            Self::Dayuanren => dayuanren::write(shelf.credentials, answer),
            Self::Ofpay => ofpay::write(shelf.credentials, answer),
            Self::Kasushou => kasushou::write(shelf, answer),
        }
    }

    /// Writes a notification; `None` when this wire has no word for the state.
    pub(crate) fn notice(self, shelf: Shelf<'_>, order: &Order, settled: Settled, now_ms: u64) -> Option<Notice> {
        match self {
            Self::Dayuanren => Some(dayuanren::notice(shelf.credentials, order, settled, now_ms)),
            Self::Ofpay => ofpay::notice(order, settled, now_ms),
            Self::Kasushou => Some(kasushou::notice(shelf, order, settled, now_ms)),
        }
    }

    /// Whether the body of a 200 answer acknowledges a notification.
    pub(crate) fn acknowledges(self, body: &[u8]) -> bool {
        match self {
            Self::Dayuanren => body == b"success",
            Self::Ofpay => body.windows(7).any(|part| part == b"success"),
            Self::Kasushou => body == b"ok",
        }
    }

    /// Puts bytes that are valid in no charset into the message of an answer.
    pub(crate) fn garble(self, reply: &mut Reply) {
        let marker: &[u8] = match self {
            Self::Dayuanren => b"\"errmsg\":\"",
            Self::Ofpay => b"<err_msg>",
            Self::Kasushou => b"\"message\":\"",
        };
        let found = reply.body.windows(marker.len()).position(|part| part == marker);
        let place = found.map_or(reply.body.len(), |start| start + marker.len());
        // Two GBK characters, then a lead byte whose second byte cannot be one, then 0xFF.
        let garbage = [0xB3, 0xE4, 0xD6, 0xB5, 0x81, 0x20, 0xFF];
        reply.body.splice(place..place, garbage);
    }
}

/// Compares without telling by its duration where two signatures differ.
fn same(left: &str, right: &str) -> bool {
    left.len() == right.len() && left.bytes().zip(right.bytes()).fold(0, |differs, (l, r)| differs | (l ^ r)) == 0
}
