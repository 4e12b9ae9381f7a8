//! What a shop is told when its order ends: written once, in the verdict's own transaction (R16).
//!
//! The payload's bytes and the event's id never change between tries, so a shop can deduplicate by
//! id and verify a signature over exactly what was decided.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::{OrderId, ShopId};
use super::order::Order;
use super::outcome::Delivery;
use super::report::{Report, rfc3339};

/// One message to a shop.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    /// Stable id, the same on every try: `evt_{order}_{number}`.
    pub id: String,
    /// About which order.
    pub order: OrderId,
    /// To which shop.
    pub shop: ShopId,
    /// Where to.
    pub url: String,
    /// The JSON body, exactly as it leaves. May hold card secrets: sealed at rest, never logged.
    pub payload: String,
    /// When it was decided, UTC milliseconds.
    pub created_at_ms: i64,
}

/// The JSON body, written straight out.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: fmt::Arguments<'a>,
    timestamp: String,
    data: &'a Report,
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Callback({}, {} bytes hidden)", self.id, self.payload.len())
    }
}

impl Callback {
    /// The message that a part or all of the price went back, if the shop gave an address.
    #[must_use]
    pub fn of_refund(order: &Order, now_ms: i64) -> Option<Self> {
        Self::of_money(order, "refunded", now_ms)
    }

    /// The message that a late delivery was charged, if the shop gave an address.
    #[must_use]
    pub fn of_charge(order: &Order, now_ms: i64) -> Option<Self> {
        Self::of_money(order, "charged", now_ms)
    }

    /// The message that the risk account stands in for an order in doubt, if the shop gave an address.
    #[must_use]
    pub fn of_advance(order: &Order, now_ms: i64) -> Option<Self> {
        Self::of_money(order, "advanced", now_ms)
    }

    fn of_money(order: &Order, kind: &str, now_ms: i64) -> Option<Self> {
        order.terms.callback_url.as_ref()?;
        // What was delivered stands in the verdict's message and is not repeated.
        let report = Report {
            deliveries: None,
            ..Report::of(order, &[])
        };
        Self::about(order, &report, kind, now_ms)
    }

    /// The message about `order`'s verdict, if the shop gave an address. `order` must carry its verdict.
    #[must_use]
    pub fn of_verdict(order: &Order, deliveries: &[Delivery], now_ms: i64) -> Option<Self> {
        order.terms.callback_url.as_ref()?;
        let report = Report::of(order, deliveries);
        Self::about(order, &report, report.status.word(), now_ms)
    }

    fn about(order: &Order, report: &Report, kind: &str, now_ms: i64) -> Option<Self> {
        let url = order.terms.callback_url.clone()?;
        let body = Body {
            kind: format_args!("order.{kind}"),
            timestamp: rfc3339(now_ms),
            data: report,
        };
        Some(Self {
            id: format!("evt_{}_{}", order.id, order.version),
            order: order.id,
            shop: order.terms.shop,
            url,
            // A report has nothing that JSON cannot say.
            payload: serde_json::to_string(&body).unwrap_or_default(),
            created_at_ms: now_ms,
        })
    }
}
