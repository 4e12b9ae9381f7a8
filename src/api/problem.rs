//! What went wrong, in HTTP's words: RFC 9457 problem+json with a stable code, the field, the
//! remedy, and whether this request may have made an order.
//!
//! Invariant: `order_may_exist` is `false` only where this request provably made no order. It says
//! nothing of an earlier request with the same number whose answer was lost; the texts do.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use serde_json::{Map, Value, json};

use crate::dispatch::{FieldProblem, Turned};
use crate::domain::ids::OrderId;
use crate::domain::money::Money;
use crate::store::Outage;

use super::reply::Audience;
use super::words::{fields, problems};

/// Everything that is answered with an error status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// One of the four headers is absent.
    CredentialMissing {
        /// Which.
        header: &'static str,
    },
    /// One of the four headers is there twice, or not in its form.
    CredentialMalformed {
        /// Which.
        header: &'static str,
    },
    /// The request is too old, or from the future.
    TimestampOutOfWindow {
        /// Our clock, unix seconds.
        now_seconds: i64,
        /// How far it may be away, in seconds.
        window_seconds: u32,
    },
    /// Unknown key or wrong signature: deliberately not told apart.
    SignatureWrong,
    /// A valid signature was sent a second time.
    NonceRepeated,
    /// The shop may look, but not order.
    ShopSuspended,
    /// No such order of this shop.
    OrderNotFound,
    /// A supplier may have the order, so it cannot be called off.
    OrderInFlight {
        /// Which.
        order: OrderId,
    },
    /// The order has ended otherwise, so it cannot be called off.
    OrderEnded {
        /// Which.
        order: OrderId,
    },
    /// No such path.
    RouteUnknown,
    /// The path has no such method.
    MethodWrong {
        /// The methods it has, as `Allow` lists them.
        allows: &'static str,
    },
    /// The body took too long to arrive.
    BodyTimeout,
    /// The body broke off.
    BodyBroken,
    /// The body is longer than allowed.
    BodyTooLarge {
        /// Longest, in bytes.
        max_bytes: usize,
    },
    /// The body is not declared as JSON.
    NotJson,
    /// The body is not JSON.
    JsonUnreadable {
        /// Line of the error, from 1.
        line: usize,
        /// Column of the error, from 1.
        column: usize,
    },
    /// The body is JSON but not an object.
    JsonNotAnObject,
    /// A key stands twice in one object.
    JsonDuplicateKey {
        /// Its path.
        field: String,
    },
    /// Nested too deep.
    JsonTooDeep {
        /// Most levels.
        max: usize,
    },
    /// Too many keys in one object.
    JsonTooManyKeys {
        /// Most keys.
        max: usize,
    },
    /// Fields are wrong.
    Fields(Vec<Flaw>),
    /// The number belongs to an order with other content.
    NumberUsed {
        /// That order.
        order: OrderId,
    },
    /// The balance does not cover the price.
    InsufficientBalance {
        /// What is available.
        available: Money,
        /// What the order costs.
        price: Money,
    },
    /// This shop has too many requests at work.
    ShopBusy,
    /// This shop has used more nonces than are remembered.
    NoncesExhausted,
    /// Too many requests of everybody.
    Overloaded,
    /// Stopping, or the database is away.
    Unavailable,
    /// The order stands, but cannot be shown now.
    OrderUnreadable {
        /// Which.
        order: OrderId,
    },
    /// It is not known whether the order was written.
    OutcomeUnknown,
    /// No supplier of this name.
    SupplierUnknown,
    /// A notification that is not signed by its supplier.
    NotificationNotAuthentic,
    /// A notification that its dialect cannot read.
    NotificationUnreadable,
    /// Too many notifications that were not authentic.
    NotificationsTooMany,
}

/// One field and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Its name in the request.
    pub field: String,
    /// What is wrong.
    pub fault: Fault,
}

/// What can be wrong with a field, in form or in meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Its meaning is refused.
    Problem(FieldProblem),
    /// There is no such field.
    UnknownField {
        /// The fields there are.
        known: &'static [&'static str],
    },
    /// The wrong JSON type.
    WrongType {
        /// The right one.
        expected: Kind,
    },
    /// Given more than once.
    Repeated,
}

/// JSON types that fields of ours have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// An integer.
    Whole,
    /// An object.
    Object,
}

impl From<Turned> for Problem {
    fn from(turned: Turned) -> Self {
        match turned {
            Turned::Fields(errors) => {
                let flaw = |error: crate::dispatch::FieldError| Flaw {
                    field: error.field,
                    fault: Fault::Problem(error.problem),
                };
                Self::Fields(errors.into_iter().map(flaw).collect())
            }
            Turned::Conflict { order } => Self::NumberUsed { order },
            Turned::NoFunds { available, price } => Self::InsufficientBalance { available, price },
            Turned::Overloaded => Self::Overloaded,
            Turned::Unavailable => Self::Unavailable,
            Turned::OutcomeUnknown => Self::OutcomeUnknown,
        }
    }
}

impl From<Outage> for Problem {
    fn from(_: Outage) -> Self {
        Self::Unavailable
    }
}

impl Problem {
    /// The stable word that clients branch on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.coded().0
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.coded().1
    }

    fn coded(&self) -> (&'static str, StatusCode) {
        match self {
            Self::CredentialMissing { .. } => ("credential_missing", StatusCode::UNAUTHORIZED),
            Self::CredentialMalformed { .. } => ("credential_malformed", StatusCode::UNAUTHORIZED),
            Self::TimestampOutOfWindow { .. } => ("timestamp_out_of_window", StatusCode::UNAUTHORIZED),
            Self::SignatureWrong => ("signature_wrong", StatusCode::UNAUTHORIZED),
            Self::NonceRepeated => ("nonce_repeated", StatusCode::UNAUTHORIZED),
            Self::ShopSuspended => ("shop_suspended", StatusCode::FORBIDDEN),
            Self::OrderNotFound => ("order_not_found", StatusCode::NOT_FOUND),
            Self::OrderInFlight { .. } => ("order_in_flight", StatusCode::CONFLICT),
            Self::OrderEnded { .. } => ("order_ended", StatusCode::CONFLICT),
            Self::RouteUnknown => ("route_unknown", StatusCode::NOT_FOUND),
            Self::MethodWrong { .. } => ("method_wrong", StatusCode::METHOD_NOT_ALLOWED),
            Self::BodyTimeout => ("body_timeout", StatusCode::REQUEST_TIMEOUT),
            Self::BodyBroken => ("body_broken", StatusCode::BAD_REQUEST),
            Self::BodyTooLarge { .. } => ("body_too_large", StatusCode::PAYLOAD_TOO_LARGE),
            Self::NotJson => ("not_json", StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::JsonUnreadable { .. } => ("json_unreadable", StatusCode::BAD_REQUEST),
            Self::JsonNotAnObject => ("json_not_an_object", StatusCode::BAD_REQUEST),
            Self::JsonDuplicateKey { .. } => ("json_duplicate_key", StatusCode::BAD_REQUEST),
            Self::JsonTooDeep { .. } | Self::JsonTooManyKeys { .. } => ("json_too_complex", StatusCode::BAD_REQUEST),
            Self::Fields(_) => ("fields_invalid", StatusCode::UNPROCESSABLE_ENTITY),
            Self::NumberUsed { .. } => ("number_used", StatusCode::CONFLICT),
            Self::InsufficientBalance { .. } => ("insufficient_balance", StatusCode::PAYMENT_REQUIRED),
            Self::ShopBusy => ("shop_busy", StatusCode::TOO_MANY_REQUESTS),
            Self::NoncesExhausted => ("nonces_exhausted", StatusCode::TOO_MANY_REQUESTS),
            Self::Overloaded => ("overloaded", StatusCode::SERVICE_UNAVAILABLE),
            Self::Unavailable => ("unavailable", StatusCode::SERVICE_UNAVAILABLE),
            Self::OrderUnreadable { .. } => ("order_unreadable", StatusCode::SERVICE_UNAVAILABLE),
            Self::OutcomeUnknown => ("outcome_unknown", StatusCode::SERVICE_UNAVAILABLE),
            Self::SupplierUnknown => ("supplier_unknown", StatusCode::NOT_FOUND),
            Self::NotificationNotAuthentic => ("notification_not_authentic", StatusCode::UNAUTHORIZED),
            Self::NotificationUnreadable => ("notification_unreadable", StatusCode::BAD_REQUEST),
            Self::NotificationsTooMany => ("notifications_too_many", StatusCode::TOO_MANY_REQUESTS),
        }
    }

    /// Whether the POST that is answered with this may have made an order, or repeats one that may have.
    #[must_use]
    pub fn order_may_exist(&self) -> bool {
        match self {
            Self::NonceRepeated | Self::NumberUsed { .. } | Self::OrderUnreadable { .. } | Self::OutcomeUnknown => true,
            Self::CredentialMissing { .. }
            | Self::CredentialMalformed { .. }
            | Self::TimestampOutOfWindow { .. }
            | Self::SignatureWrong
            | Self::ShopSuspended
            | Self::OrderNotFound
            | Self::OrderInFlight { .. }
            | Self::OrderEnded { .. }
            | Self::RouteUnknown
            | Self::MethodWrong { .. }
            | Self::BodyTimeout
            | Self::BodyBroken
            | Self::BodyTooLarge { .. }
            | Self::NotJson
            | Self::JsonUnreadable { .. }
            | Self::JsonNotAnObject
            | Self::JsonDuplicateKey { .. }
            | Self::JsonTooDeep { .. }
            | Self::JsonTooManyKeys { .. }
            | Self::Fields(_)
            | Self::InsufficientBalance { .. }
            | Self::ShopBusy
            | Self::NoncesExhausted
            | Self::Overloaded
            | Self::Unavailable
            | Self::SupplierUnknown
            | Self::NotificationNotAuthentic
            | Self::NotificationUnreadable
            | Self::NotificationsTooMany => false,
        }
    }

    /// After how many seconds the same request may be sent again.
    fn retry_after_seconds(&self) -> Option<u32> {
        let status = self.status();
        let is_temporary = status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::SERVICE_UNAVAILABLE;
        is_temporary.then_some(if let Self::NoncesExhausted = self {
            30
        } else if let Self::Unavailable | Self::NotificationsTooMany = self {
            2
        } else {
            1
        })
    }

    /// The order the problem is about, for those who may know it.
    fn order(&self) -> Option<OrderId> {
        if let Self::NumberUsed { order } | Self::OrderUnreadable { order } | Self::OrderInFlight { order } | Self::OrderEnded { order } =
            self
        {
            Some(*order)
        } else {
            None
        }
    }

    /// The problem as an answer.
    pub(super) fn response(&self, audience: Audience) -> HttpResponse {
        let mut response = HttpResponse::build(self.status());
        response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        if let Some(seconds) = self.retry_after_seconds() {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if self.status() == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Shop-HMAC-SHA256"));
        }
        if let Self::MethodWrong { allows } = self {
            response.insert_header((header::ALLOW, *allows));
        }
        response.body(self.document(audience).to_string())
    }

    pub(super) fn document(&self, audience: Audience) -> Value {
        let locale = audience.locale;
        let mut document = Map::new();
        let mut put = |key: &str, value: Value| document.insert(key.to_owned(), value);
        put("type", json!(format!("urn:recharge-gateway:problem:{}", self.code())));
        put("title", json!(problems::title(self, locale)));
        put("status", json!(self.status().as_u16()));
        put("detail", json!(problems::detail(self, locale)));
        put("code", json!(self.code()));
        put("remedy", json!(problems::remedy(self, locale)));
        let entries: Vec<Value> = self.flaws().iter().map(|flaw| entry(flaw, audience)).collect();
        if !entries.is_empty() {
            put("errors", json!(entries));
        }
        if audience.posts_an_order {
            put("order_may_exist", json!(self.order_may_exist()));
        }
        if let Some(order) = self.order() {
            put("order_id", json!(order));
        }
        Value::Object(document)
    }

    fn flaws(&self) -> Vec<Flaw> {
        if let Self::Fields(flaws) = self {
            flaws.clone()
        } else if let Self::JsonDuplicateKey { field } = self {
            let fault = Fault::Repeated;
            vec![Flaw {
                field: field.chars().filter(|c| !c.is_control()).take(64).collect(),
                fault,
            }]
        } else {
            Vec::new()
        }
    }
}

fn entry(flaw: &Flaw, audience: Audience) -> Value {
    json!({
        "field": flaw.field,
        "code": fields::code(&flaw.fault),
        "message": fields::message(&flaw.fault, audience.locale),
        "remedy": fields::remedy(&flaw.fault, audience.locale),
    })
}
