//! What a shop may know about its order: one shape for the API's answers and for callbacks.

use serde::Serialize;

use super::attempt::AttemptState;
use super::failure::{self, Locale};
use super::ids::{OrderId, ShopOrderNo, Sku};
use super::money::Currency;
use super::order::{Order, Verdict};
use super::outcome::Delivery;

/// Where an order stands, for a shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not decided yet.
    Processing,
    /// Delivered; charged in full.
    Succeeded,
    /// Delivered in part; charged for that part.
    PartiallySucceeded,
    /// Not delivered; not charged.
    Failed,
    /// Called off before anything was sent; not charged.
    Cancelled,
}

impl Status {
    /// The word in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::PartiallySucceeded => "partially_succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// How firm the status is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finality {
    /// Under way.
    Pending,
    /// A supplier may have delivered and has not said so: wait, do not order again, do not refund.
    Unknown,
    /// Never changes again.
    Final,
}

/// Why an order is not (yet) a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Stable; branch on this.
    pub code: &'static str,
    /// For people.
    pub message: &'static str,
    /// What the shop can do.
    pub remedy: &'static str,
}

impl Reason {
    fn of(code: &'static str, locale: Locale) -> Self {
        Self {
            code,
            message: failure::message(code, locale),
            remedy: failure::remedy(code, locale),
        }
    }
}

/// An order as its shop sees it.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Our id.
    pub id: OrderId,
    /// The shop's number.
    pub shop_order_no: ShopOrderNo,
    /// What.
    pub sku: Sku,
    /// How many pieces.
    pub quantity: u32,
    /// Face value of one piece, decimal.
    pub face_value: String,
    /// What was held, decimal.
    pub price: String,
    /// What the shop pays, decimal; absent until final.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charged: Option<String>,
    /// What went back of that, decimal; only after a refund.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refunded: Option<String>,
    /// What the shop agreed to pay for what was delivered after the order had ended, decimal; only then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charged_later: Option<String>,
    /// What was given back while it is or was in doubt, decimal; only then. With the verdict it is settled: a
    /// success takes it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advanced: Option<String>,
    /// Of all amounts.
    pub currency: Currency,
    /// Where it stands.
    pub status: Status,
    /// How firm that is.
    pub finality: Finality,
    /// Whether ordering again, with a *new* number, cannot deliver twice.
    pub safe_to_resubmit: bool,
    /// Until when a verdict is expected, RFC 3339; absent when final.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_by: Option<String>,
    /// Whether the deadline has passed without a verdict.
    pub overdue: bool,
    /// Why it is not a success; absent on success and while all goes well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The face value that arrived, decimal; only on partial success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_face_value: Option<String>,
    /// What was handed over; only on success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deliveries: Option<Vec<Delivery>>,
    /// When it was accepted, RFC 3339.
    pub created_at: String,
    /// When it ended, RFC 3339; absent until final.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<String>,
}

impl Report {
    /// The report in the language callbacks are written in.
    #[must_use]
    pub fn of(order: &Order, deliveries: &[Delivery]) -> Self {
        Self::localized(order, deliveries, Locale::ZhCn)
    }

    /// The report with its texts in `locale`. `deliveries` are shown only with a success.
    #[must_use]
    pub fn localized(order: &Order, deliveries: &[Delivery], locale: Locale) -> Self {
        let terms = &order.terms;
        let in_doubt = order.is_in_doubt();
        let zero = super::money::Money::new(0, terms.price.currency);
        let decimal = |minor| super::money::Money::new(minor, terms.price.currency).decimal();
        let (status, charged, reason, partial) = match &order.verdict {
            None => (Status::Processing, None, in_doubt.then(|| Reason::of("in_doubt", locale)), None),
            Some(Verdict::Succeeded { .. }) => (Status::Succeeded, Some(terms.price), None, None),
            Some(Verdict::PartiallySucceeded { captured, delivered, .. }) => {
                (Status::PartiallySucceeded, Some(*captured), None, Some(*delivered))
            }
            Some(Verdict::Failed { failure, .. }) => (Status::Failed, Some(zero), Some(Reason::of(failure.code(), locale)), None),
            Some(Verdict::Cancelled { .. }) => (Status::Cancelled, Some(zero), None, None),
        };
        let has_delivered = status == Status::Succeeded || status == Status::PartiallySucceeded;
        let ended = order.verdict.as_ref().map(Verdict::at_ms);
        let delivered_late = order.attempts.iter().any(|attempt| match attempt.state {
            AttemptState::Late { .. } | AttemptState::Excess { .. } => true,
            AttemptState::Sent
            | AttemptState::Accepted
            | AttemptState::Unknown { .. }
            | AttemptState::Won { .. }
            | AttemptState::Dead { .. } => false,
        });
        Self {
            id: order.id,
            shop_order_no: terms.shop_order_no.clone(),
            sku: terms.sku.clone(),
            quantity: terms.quantity,
            face_value: terms.face.decimal(),
            price: terms.price.decimal(),
            charged: charged.map(super::money::Money::decimal),
            refunded: (!order.refunds.is_empty()).then(|| decimal(order.refunded_minor())),
            charged_later: (!order.charges.is_empty()).then(|| decimal(order.charged_later_minor())),
            advanced: order.is_advanced().then(|| terms.price.decimal()),
            currency: terms.price.currency,
            status,
            finality: match (&order.verdict, in_doubt) {
                (Some(_), _) => Finality::Final,
                (None, true) => Finality::Unknown,
                (None, false) => Finality::Pending,
            },
            safe_to_resubmit: (status == Status::Failed || status == Status::Cancelled) && !delivered_late,
            expected_by: ended.is_none().then(|| rfc3339(terms.deadline_ms)),
            overdue: ended.is_none() && order.is_overdue,
            reason,
            delivered_face_value: partial.map(super::money::Money::decimal),
            deliveries: has_delivered.then(|| deliveries.to_vec()),
            created_at: rfc3339(order.accepted_at_ms),
            finished_at: ended.map(rfc3339),
        }
    }
}

/// UTC milliseconds as RFC 3339 text; the epoch for a time beyond the calendar.
#[must_use]
pub fn rfc3339(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default().to_string()
}
