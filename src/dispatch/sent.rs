//! What became of one request, in the words of an attempt: never sent, silent, or answered.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

use crate::adapters::Unencodable;
use crate::domain::attempt::NotSentReason;
use crate::domain::ids::OrderId;
use crate::domain::limits::Operation;
use crate::domain::outcome::{Doubt, Outcome, Reading, RefusalKind, Via};
use crate::net::retry_after_ms;
use crate::ratelimit::Heard;
use crate::seams::{MaybeSent, NotSent};
use crate::store::Evidence;

/// What became of one request.
pub(super) enum Sent {
    Never(NotSentReason),
    Silent(Doubt),
    Answered(Reading, Evidence),
}

impl Sent {
    /// For metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Never(_) => "not_sent",
            Self::Silent(_) => "no_answer",
            Self::Answered(reading, _) => outcome_word(&reading.outcome),
        }
    }

    /// Whether the supplier gave an answer that can be read; nothing where we are to blame.
    pub fn is_answered(&self) -> Option<bool> {
        match self {
            Self::Never(NotSentReason::Encoding | NotSentReason::StampUnconfirmed | NotSentReason::NoTurn | NotSentReason::StampOld) => {
                None
            }
            Self::Never(NotSentReason::Address | NotSentReason::Connect) | Self::Silent(_) => Some(false),
            Self::Answered(reading, _) => Some(!matches!(reading.outcome, Outcome::Unknown(_))),
        }
    }
}

/// What an answer tells of what the supplier bears: 429, an overload that names its end, or a refusal
/// for being asked too often.
pub(super) fn heard(reply: &http::Response<Bytes>, outcome: Option<&Outcome>, now_ms: i64) -> Heard {
    let rest_ms = retry_after_ms(reply.headers(), now_ms).and_then(|ms| u64::try_from(ms).ok());
    let is_too_many = match reply.status() {
        StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::SERVICE_UNAVAILABLE => rest_ms.is_some(),
        _ => matches!(outcome, Some(Outcome::Refused(refusal)) if refusal.kind == RefusalKind::Limit),
    };
    if is_too_many {
        let rest = rest_ms.map(Duration::from_millis);
        Heard::TooMany { rest }
    } else {
        Heard::Fine
    }
}

pub(super) fn operation(via: Via) -> Operation {
    match via {
        Via::Submit => Operation::Submit,
        Via::Query | Via::Recall | Via::Notification | Via::Attestation | Via::Statement => Operation::Query,
    }
}

pub(super) fn never_encoded(order: OrderId, error: &Unencodable) -> Sent {
    tracing::error!(%order, %error, "the request cannot be written in the supplier's dialect");
    Sent::Never(NotSentReason::Encoding)
}

pub(super) fn not_sent(why: NotSent) -> NotSentReason {
    match why {
        NotSent::Address => NotSentReason::Address,
        NotSent::Connect => NotSentReason::Connect,
        NotSent::Request => NotSentReason::Encoding,
    }
}

pub(super) fn doubt(why: MaybeSent) -> Doubt {
    match why {
        MaybeSent::Timeout => Doubt::Timeout,
        MaybeSent::Broken => Doubt::ConnectionBroken,
        MaybeSent::TooLarge => Doubt::ReplyTooLarge,
    }
}

/// The outcome's word in metrics.
fn outcome_word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded { .. } => "succeeded",
        Outcome::Accepted => "accepted",
        Outcome::Partial { .. } => "partial",
        Outcome::Refused(_) => "refused",
        Outcome::NotFound => "not_found",
        Outcome::Unknown(_) => "unknown",
    }
}
