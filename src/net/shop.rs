//! The way to shops: callbacks, to URLs that the shops chose.
//!
//! Both halves of the guard are here: the URL itself is judged before every send (it may have been
//! stored under another policy), and the resolver gives the client only addresses that may be
//! called. The reply is an acknowledgement, so it is cut early.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::address::{AddressPolicy, NotCallable, check_url};
use super::resolve::{Lookup, SystemLookup};
use super::tls::Roots;
use super::wire::{Knobs, NoClient, Wire};
use crate::seams::{BoxFuture, NotSent, Outbound, SendFailure, Transport};

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
    wire: Wire,
    policy: AddressPolicy,
}

impl ShopClient {
    /// An acknowledgement is not longer than this, whatever the caller allows.
    pub const MAX_REPLY_BYTES: usize = 16 * 1024;

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
        let wire = Wire::new(Knobs {
            connect_timeout_ms: profile.connect_timeout_ms,
            idle_connections: 0,
            policy: Some(policy),
            lookup,
            roots,
        })?;
        Ok(Self { wire, policy })
    }
}

impl Transport for ShopClient {
    fn send(&self, mut outbound: Outbound) -> BoxFuture<'_, Result<http::Response<Bytes>, SendFailure>> {
        Box::pin(async move {
            let url = check_url(&outbound.request.uri().to_string(), self.policy).map_err(refusal)?;
            // What was judged is what is called, character for character.
            *outbound.request.uri_mut() = url.as_str().parse().map_err(|_| SendFailure::NotSent(NotSent::Request))?;
            outbound.max_reply_bytes = outbound.max_reply_bytes.min(Self::MAX_REPLY_BYTES);
            self.wire.send(outbound).await
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
