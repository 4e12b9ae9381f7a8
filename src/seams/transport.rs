//! The wire, seen by the sender: a reply, or one of exactly two failures.
//!
//! Invariant: `NotSent` means that not one byte of the request can have reached the other side.
//! Every other failure is `MaybeSent`: a time-out, a reset, a close and a reply too large all
//! look the same to somebody who wants to know whether money moved.

use std::fmt;

use bytes::Bytes;

use super::BoxFuture;

/// One request to send, with its bounds.
#[derive(Clone)]
pub struct Outbound {
    /// Method, absolute URL, headers and body, exactly as they leave.
    pub request: http::Request<Bytes>,
    /// From the first connect to the last byte of the reply.
    pub timeout_ms: u64,
    /// A reply longer than this is cut off and counts as `MaybeSent`.
    pub max_reply_bytes: usize,
}

impl fmt::Debug for Outbound {
    /// Path, headers and body carry keys and recipients.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.request.uri().host().unwrap_or("nowhere");
        write!(
            f,
            "Outbound({} to {host}, {} bytes hidden)",
            self.request.method(),
            self.request.body().len()
        )
    }
}

/// Why nothing left this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSent {
    /// The name did not resolve, or resolved only to addresses that may not be called.
    Address,
    /// TCP connect was refused or timed out, or TLS did not come about.
    Connect,
    /// The request could not be built (a bad URL or header).
    Request,
}

/// Why it is not known whether the request arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaybeSent {
    /// No complete reply in time.
    Timeout,
    /// The connection broke after it stood.
    Broken,
    /// The reply was longer than allowed.
    TooLarge,
}

/// The two ways in which a send fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendFailure {
    /// Provably not one byte arrived.
    NotSent(NotSent),
    /// Nobody knows.
    MaybeSent(MaybeSent),
}

/// Sends one request once: no redirect is followed, nothing is retried.
pub trait Transport: Send + Sync {
    /// The reply whatever its status, or how the send failed.
    fn send(&self, outbound: Outbound) -> BoxFuture<'_, Result<http::Response<Bytes>, SendFailure>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_is_not_printed() {
        let request = http::Request::post("https://supplier.example/buy?key=k3y&to=13800138000")
            .header("x-sign", "s1gn")
            .body(Bytes::from_static(b"account=13800138000"))
            .unwrap();
        let outbound = Outbound {
            request,
            timeout_ms: 1,
            max_reply_bytes: 1,
        };
        assert_eq!(format!("{outbound:?}"), "Outbound(POST to supplier.example, 19 bytes hidden)");
    }
}
