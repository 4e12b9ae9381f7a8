//! One client with every knob set, and the one function that sends.
//!
//! What each failure proves: only an error of the connect phase (`is_connect`: name, TCP, TLS)
//! comes from before the request was handed to a connection. Everything after, a total time-out
//! that strikes while connecting included, proves nothing. Once a reply's head has arrived nothing
//! is ever "not sent".
//!
//! Idle connections: a server may close one at the very moment a request is written to it. The
//! request then fails in doubt, or the client repeats it by itself. So by default none is kept:
//! a connection carries one request.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use url::Url;

use super::address::AddressPolicy;
use super::known::Known;
use super::request;
use super::resolve::{Guard, Lookup};
use super::tls::{Roots, client_config};
use crate::seams::{MaybeSent, NotSent, Outbound, SendFailure};

/// A client could not be made: a certificate is unreadable, or TLS is not available.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client can be made: {0}")]
pub struct NoClient(String);

/// How a client is made.
pub(super) struct Knobs {
    /// Name, TCP and TLS together.
    pub(super) connect_timeout_ms: u64,
    /// Idle connections kept to one host; 0 keeps none.
    pub(super) idle_connections: usize,
    /// Which resolved addresses may be called; none means all.
    pub(super) policy: Option<AddressPolicy>,
    /// Who knows the addresses.
    pub(super) lookup: Arc<dyn Lookup>,
    /// Whose certificates are believed.
    pub(super) roots: Roots,
}

/// Idle connections are dropped well before servers usually do (5 s is the shortest common setting).
const IDLE_TIMEOUT: Duration = Duration::from_secs(2);

/// What comes of sending.
type Sent = Result<http::Response<Bytes>, SendFailure>;

/// A client that sends once.
#[derive(Clone)]
pub(super) struct Wire {
    client: reqwest::Client,
    exact: Arc<Known>,
}

impl Wire {
    /// Makes the client.
    pub(super) fn new(knobs: Knobs) -> Result<Self, NoClient> {
        let tls = client_config(&knobs.roots).map_err(|error| NoClient(error.to_string()))?;
        #[expect(clippy::disallowed_methods, reason = "the one place where a client is built, with every knob set")]
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(Guard {
                lookup: knobs.lookup,
                policy: knobs.policy,
            })
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .http1_only()
            .pool_max_idle_per_host(knobs.idle_connections)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .connect_timeout(Duration::from_millis(knobs.connect_timeout_ms))
            .build()
            .map_err(|error| NoClient(error.to_string()))?;
        Ok(Self {
            client,
            exact: Arc::default(),
        })
    }

    /// Sends once; the reply is read to its end or to its bound.
    pub(super) fn send(&self, outbound: Outbound) -> impl Future<Output = Sent> + Send + use<> {
        let url = self.exact.url(outbound.request.uri(), request::exact_url);
        self.exchange(outbound.max_reply_bytes, url.and_then(|url| request::build(url, outbound)))
    }

    /// The same to `url`, whatever the request names.
    pub(super) fn send_to(&self, url: Url, outbound: Outbound) -> impl Future<Output = Sent> + Send + use<> {
        self.exchange(outbound.max_reply_bytes, request::build(url, outbound))
    }

    /// The client takes the request over at the call: while the reply is waited for, nothing of ours is kept.
    fn exchange(&self, max_bytes: usize, request: Result<reqwest::Request, NotSent>) -> impl Future<Output = Sent> + Send + use<> {
        let reply = request.map(|request| self.client.execute(request));
        async move {
            let reply = reply.map_err(SendFailure::NotSent)?.await;
            let mut reply = reply.map_err(|error| before_reply(&error))?;
            let body = read(&mut reply, max_bytes).await?;
            let mut answer = http::Response::new(body);
            *answer.status_mut() = reply.status();
            *answer.version_mut() = reply.version();
            *answer.headers_mut() = std::mem::take(reply.headers_mut());
            Ok(answer)
        }
    }
}

/// The whole body, unless it is too long.
async fn read(reply: &mut reqwest::Response, max_bytes: usize) -> Result<Bytes, SendFailure> {
    let announced = reply.content_length().and_then(|length| usize::try_from(length).ok());
    if announced.is_some_and(|length| length > max_bytes) {
        return Err(SendFailure::MaybeSent(MaybeSent::TooLarge));
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = reply.chunk().await.map_err(|error| SendFailure::MaybeSent(doubt(&error)))? {
        if chunk.len() > max_bytes.saturating_sub(body.len()) {
            return Err(SendFailure::MaybeSent(MaybeSent::TooLarge));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn before_reply(error: &reqwest::Error) -> SendFailure {
    match (error.is_connect(), error.is_dns()) {
        (true, true) => SendFailure::NotSent(NotSent::Address),
        (true, false) => SendFailure::NotSent(NotSent::Connect),
        (false, _) => SendFailure::MaybeSent(doubt(error)),
    }
}

fn doubt(error: &reqwest::Error) -> MaybeSent {
    if error.is_timeout() {
        MaybeSent::Timeout
    } else {
        MaybeSent::Broken
    }
}
