//! What the handlers share, and how much of it they may use at once.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::dispatch::{Acted, Dispatch, Heard, NewOrder, Scorecard, Shelf, Submitted, Turned};
use crate::domain::ids::{OrderId, SupplierId};
use crate::domain::order::Order;
use crate::seams::{BoxFuture, Clock};
use crate::store::{Signer, Store};

use super::gates::Gates;
use super::measures::Measures;
use super::nonces::Nonces;
use super::peer::TrustedProxies;

/// What this room asks of the working heart of the gateway.
pub trait Front: Send + Sync {
    /// Takes an order in; dropping the future cancels only the waiting.
    fn submit(&self, order: NewOrder) -> BoxFuture<'_, Result<Submitted, Turned>>;
    /// The order once it has a verdict, or as it stands after `patience`.
    fn verdict(&self, order: Arc<Order>, patience: Duration) -> BoxFuture<'_, Arc<Order>>;
    /// Calls an order off, if nothing is in flight.
    fn cancel(&self, order: OrderId) -> BoxFuture<'_, Acted>;
    /// Hears a supplier's notification.
    fn notification(&self, supplier: String, request: http::Request<Bytes>) -> BoxFuture<'_, Heard>;
    /// Whether new orders are taken.
    fn is_accepting(&self) -> bool;
    /// How a supplier is doing.
    fn scorecard(&self, supplier: &SupplierId) -> Scorecard;
}

impl Front for Dispatch {
    fn submit(&self, order: NewOrder) -> BoxFuture<'_, Result<Submitted, Turned>> {
        Box::pin(Self::submit(self, order))
    }

    fn verdict(&self, order: Arc<Order>, patience: Duration) -> BoxFuture<'_, Arc<Order>> {
        Box::pin(Self::verdict(self, order, patience))
    }

    fn cancel(&self, order: OrderId) -> BoxFuture<'_, Acted> {
        Box::pin(Self::cancel(self, order))
    }

    fn notification(&self, supplier: String, request: http::Request<Bytes>) -> BoxFuture<'_, Heard> {
        Box::pin(async move { Self::notification(self, &supplier, request).await })
    }

    fn is_accepting(&self) -> bool {
        Self::is_accepting(self)
    }

    fn scorecard(&self, supplier: &SupplierId) -> Scorecard {
        Self::scorecard(self, supplier)
    }
}

/// Gives shops and products as last read; called once a request.
pub type ShelfSource = Arc<dyn Fn() -> Arc<Shelf> + Send + Sync>;

/// Bounds of this room. The defaults suit one node of two to eight cores.
#[derive(Debug, Clone)]
pub struct ApiLimits {
    /// Longest body of a request or notification, in bytes.
    pub max_body_bytes: usize,
    /// Time for a whole body to arrive, in milliseconds.
    pub body_timeout_ms: u64,
    /// Time for the headers to arrive, in milliseconds; at least a second.
    pub header_timeout_ms: u64,
    /// Time an idle connection is kept, in milliseconds; at least a second.
    pub idle_timeout_ms: u64,
    /// Most connections of one worker.
    pub max_connections: usize,
    /// How far `X-Timestamp` may be from our clock, in seconds.
    pub timestamp_window_seconds: u32,
    /// Most nonces remembered for one shop.
    pub max_nonces_per_shop: usize,
    /// Most POSTs whose body is arriving.
    pub max_reading: usize,
    /// Most orders being taken in at once.
    pub max_submitting: usize,
    /// Most GETs at work.
    pub max_looking: usize,
    /// Most notifications being read or stored.
    pub max_notifying: usize,
    /// Most requests of one shop at work.
    pub max_per_shop: usize,
    /// Most answers held back by `Prefer: wait`; beyond, the answer comes at once.
    pub max_waiting: usize,
    /// Of these, most of one shop.
    pub max_waiting_per_shop: usize,
    /// Longest `Prefer: wait`, in seconds.
    pub max_wait_seconds: u32,
    /// Peers whose `X-Forwarded-For` is believed when a notification's sender is looked at.
    pub trusted_proxies: TrustedProxies,
}

impl Default for ApiLimits {
    fn default() -> Self {
        Self {
            max_body_bytes: 64 * 1024,
            body_timeout_ms: 10_000,
            header_timeout_ms: 5_000,
            idle_timeout_ms: 75_000,
            max_connections: 10_000,
            timestamp_window_seconds: 300,
            max_nonces_per_shop: 500_000,
            max_reading: 4_096,
            max_submitting: 1_024,
            max_looking: 1_024,
            max_notifying: 512,
            max_per_shop: 256,
            max_waiting: 8_192,
            max_waiting_per_shop: 1_024,
            max_wait_seconds: 25,
            trusted_proxies: TrustedProxies::default(),
        }
    }
}

/// Shared by every handler of every worker.
pub struct ApiState {
    pub(super) front: Arc<dyn Front>,
    pub(super) store: Arc<dyn Store>,
    pub(super) shelf: ShelfSource,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: PrometheusHandle,
    pub(super) limits: ApiLimits,
    pub(super) gates: Gates,
    pub(super) nonces: Nonces,
    pub(super) measures: Measures,
    pub(super) signer: Option<Arc<Signer>>,
}

impl ApiState {
    /// State over the working heart, the store's reads, shops and products, and the metrics that
    /// `/metrics` renders.
    #[must_use]
    pub fn new(
        front: Arc<dyn Front>,
        store: Arc<dyn Store>,
        shelf: ShelfSource,
        clock: Arc<dyn Clock>,
        metrics: PrometheusHandle,
        limits: ApiLimits,
    ) -> Self {
        Self {
            front,
            store,
            shelf,
            clock,
            metrics,
            gates: Gates::new(&limits),
            nonces: Nonces::new(&limits),
            measures: Measures::default(),
            signer: None,
            limits,
        }
    }

    /// The same with a signature for receipts; without, there are none.
    #[must_use]
    pub fn signing(self, signer: Arc<Signer>) -> Self {
        Self {
            signer: Some(signer),
            ..self
        }
    }
}
