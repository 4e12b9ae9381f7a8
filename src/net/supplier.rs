//! The way to one supplier: its own client, so that a slow one holds up nobody else.
//!
//! Suppliers are the operator's choice, so their addresses are not judged. `send` neither counts
//! nor queues: permits (`ratelimit`) come first.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::resolve::{Lookup, SystemLookup};
use super::tls::Roots;
use super::wire::{Knobs, NoClient, Wire};
use crate::seams::{BoxFuture, Outbound, SendFailure, Transport};

/// How to talk to one supplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SupplierProfile {
    /// Longest that name, TCP and TLS may take together; keep it below every request's time-out,
    /// for only within it a failure proves that nothing was sent.
    pub connect_timeout_ms: u64,
    /// Most requests in flight: as many idle connections are kept at most.
    pub concurrency: usize,
    /// Whether idle connections are kept. A request on one that the supplier just closed ends in
    /// doubt without need, so only for suppliers that demand it.
    pub keep_alive: bool,
}

/// Sends to one supplier.
#[derive(Clone)]
pub struct SupplierClient {
    wire: Wire,
}

impl SupplierClient {
    /// A client of its own for one supplier, trusting the public roots.
    ///
    /// # Errors
    /// When no client can be made at all.
    pub fn new(profile: SupplierProfile) -> Result<Self, NoClient> {
        Self::with(profile, Arc::new(SystemLookup), Roots::Public)
    }

    /// The same with another way to find addresses, and other roots.
    ///
    /// # Errors
    /// When a root is unreadable.
    pub fn with(profile: SupplierProfile, lookup: Arc<dyn Lookup>, roots: Roots) -> Result<Self, NoClient> {
        let wire = Wire::new(Knobs {
            connect_timeout_ms: profile.connect_timeout_ms,
            idle_connections: if profile.keep_alive { profile.concurrency } else { 0 },
            policy: None,
            lookup,
            roots,
        })?;
        Ok(Self { wire })
    }
}

impl Transport for SupplierClient {
    fn send(&self, outbound: Outbound) -> BoxFuture<'_, Result<http::Response<Bytes>, SendFailure>> {
        Box::pin(self.wire.send(outbound))
    }
}

impl fmt::Debug for SupplierClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SupplierClient")
    }
}
