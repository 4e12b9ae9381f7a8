//! The way to shops: callbacks, to URLs that the shops chose.
//!
//! Both halves of the guard are here: no URL is called that this process has not judged itself (it may
//! have been stored under another policy), and the resolver gives the client only addresses that may be
//! called. The reply is an acknowledgement, so it is cut early.
//!
//! A shop may hear a callback twice, so connections are kept for a moment, and a callback that broke
//! a kept one is sent once more on a connection of its own: a shop that closed an idle connection
//! has not failed. Both halves of the guard hold for a kept connection as well: its address was judged
//! when it was made, and every URL is.

use std::fmt;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use url::Position;

use super::address::{AddressPolicy, NotCallable, check_url};
use super::kept::{PLACES, Places, Way};
use super::known::Known;
use super::resolve::{Lookup, SystemLookup};
use super::tls::Roots;
use super::wire::{Knobs, NoClient, Wire};
use crate::seams::{BoxFuture, Clock, MaybeSent, NotSent, Outbound, SendFailure, SystemClock, Transport};

/// Idle connections kept to one host.
const IDLE_OF_ONE: usize = 16;

/// How to talk to shops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShopProfile {
    /// Whether this machine itself may be called: for development and the demo only.
    pub may_call_loopback: bool,
    /// Longest that name, TCP and TLS may take together.
    pub connect_timeout_ms: u64,
}

/// Sends callbacks.
#[derive(Clone)]
pub struct ShopClient {
    fresh: Wire,
    kept: Wire,
    places: Arc<Places>,
    judged: Arc<Known>,
    clock: SystemClock,
    policy: AddressPolicy,
}

impl ShopClient {
    /// An acknowledgement is not longer than this, whatever the caller allows.
    pub const MAX_REPLY_BYTES: usize = 16 * 1024;

    /// Most connections that lie idle, besides those in use.
    pub const MOST_IDLE: usize = PLACES * IDLE_OF_ONE;

    /// A client for all shops, trusting the public roots.
    ///
    /// # Errors
    /// When no client can be made at all.
    pub fn new(profile: ShopProfile) -> Result<Self, NoClient> {
        Self::with(profile, Arc::new(SystemLookup), Roots::Public)
    }

    /// The same with another way to find addresses, and other roots.
    ///
    /// # Errors
    /// When a root is unreadable.
    pub fn with(profile: ShopProfile, lookup: Arc<dyn Lookup>, roots: Roots) -> Result<Self, NoClient> {
        let policy = AddressPolicy {
            may_call_loopback: profile.may_call_loopback,
        };
        let wire = |idle_connections| {
            Wire::new(Knobs {
                connect_timeout_ms: profile.connect_timeout_ms,
                idle_connections,
                policy: Some(policy),
                lookup: Arc::clone(&lookup),
                roots: roots.clone(),
            })
        };
        Ok(Self {
            fresh: wire(0)?,
            kept: wire(IDLE_OF_ONE)?,
            places: Arc::default(),
            judged: Arc::default(),
            clock: SystemClock::new(),
            policy,
        })
    }
}

impl Transport for ShopClient {
    fn send(&self, mut outbound: Outbound) -> BoxFuture<'_, Result<http::Response<Bytes>, SendFailure>> {
        // What was judged is what is called, character for character.
        let judge = |uri: &http::Uri| check_url(&uri.to_string(), self.policy).map_err(refusal);
        let url = match self.judged.url(outbound.request.uri(), judge) {
            Ok(url) => url,
            Err(refused) => return Box::pin(ready(Err(refused))),
        };
        outbound.max_reply_bytes = outbound.max_reply_bytes.min(Self::MAX_REPLY_BYTES);
        let origin = url[..Position::BeforePath].to_owned();
        let began = self.clock.monotonic();
        let Way::Kept { may_repeat } = self.places.way(&origin, began) else {
            return Box::pin(self.fresh.send_to(url, outbound));
        };
        let again = may_repeat.then(|| Box::new((url.clone(), outbound.clone())));
        let reply = self.kept.send_to(url, outbound);
        Box::pin(async move {
            let mut reply = reply.await;
            if let (Err(SendFailure::MaybeSent(MaybeSent::Broken)), Some(again)) = (&reply, again) {
                let (url, mut outbound) = *again;
                let spent = self.clock.monotonic().saturating_sub(began);
                let rest = Duration::from_millis(outbound.timeout_ms).saturating_sub(spent);
                outbound.timeout_ms = u64::try_from(rest.as_millis()).unwrap_or(outbound.timeout_ms);
                reply = self.fresh.send_to(url, outbound).await;
            }
            self.places.note(&origin, reply.is_ok(), self.clock.monotonic());
            reply
        })
    }
}

impl fmt::Debug for ShopClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShopClient").field("policy", &self.policy).finish_non_exhaustive()
    }
}

fn refusal(why: NotCallable) -> SendFailure {
    SendFailure::NotSent(match why {
        NotCallable::Address | NotCallable::Port => NotSent::Address,
        NotCallable::Unreadable | NotCallable::TooLong | NotCallable::Scheme | NotCallable::UserInfo => NotSent::Request,
    })
}
