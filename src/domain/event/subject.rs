//! What an event is about, and what it rests on.

use super::super::ids::{EvidenceId, Seq};
use super::Event;

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The order as a whole.
    Order,
    /// One attempt, whose state it may change.
    Attempt(Seq),
    /// The order's end, and the attempt it rests on, if one.
    Verdict(Option<Seq>),
    /// A person's attention, about one attempt.
    Case(Seq),
}

impl Subject {
    /// The attempt it names, if one.
    #[must_use]
    pub fn seq(self) -> Option<Seq> {
        match self {
            Self::Attempt(seq) | Self::Verdict(Some(seq)) | Self::Case(seq) => Some(seq),
            Self::Order | Self::Verdict(None) => None,
        }
    }
}

impl Event {
    /// What the event is about.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match self {
            Self::OrderAccepted { .. }
            | Self::OrderWaiting { .. }
            | Self::OrderRefunded { .. }
            | Self::OrderCharged { .. }
            | Self::OrderAdvanced { .. }
            | Self::AdvanceDeclined { .. }
            | Self::OrderOverdue => Subject::Order,
            Self::AttemptOpened { seq, .. }
            | Self::AttemptResubmitted { seq, .. }
            | Self::AttemptAccepted { seq, .. }
            | Self::AttemptDoubted { seq, .. }
            | Self::AttemptHinted { seq }
            | Self::AttemptConfirmed { seq }
            | Self::AttemptWon { seq, .. }
            | Self::AttemptRefused { seq, .. }
            | Self::AttemptNotSent { seq, .. }
            | Self::AttemptExcess { seq, .. }
            | Self::AttemptLate { seq, .. }
            | Self::AttemptAssumedDead { seq, .. }
            | Self::AttemptGivenUp { seq, .. }
            | Self::CostRecovered { seq, .. }
            | Self::AttemptContradicted { seq, .. } => Subject::Attempt(*seq),
            Self::OrderSucceeded { seq } | Self::OrderPartiallySucceeded { seq, .. } => Subject::Verdict(Some(*seq)),
            Self::OrderFailed { .. } | Self::OrderCancelled => Subject::Verdict(None),
            Self::CaseOpened { seq, .. } => Subject::Case(*seq),
        }
    }

    /// The evidence that it rests on.
    #[must_use]
    pub fn evidence(&self) -> Option<&EvidenceId> {
        match self {
            Self::AttemptAccepted { evidence, .. }
            | Self::AttemptDoubted { evidence, .. }
            | Self::AttemptWon { evidence, .. }
            | Self::AttemptRefused { evidence, .. }
            | Self::AttemptExcess { evidence, .. }
            | Self::AttemptLate { evidence, .. }
            | Self::AttemptContradicted { evidence, .. } => evidence.as_ref(),
            Self::AttemptGivenUp { evidence, .. } => Some(evidence),
            Self::OrderAccepted { .. }
            | Self::OrderWaiting { .. }
            | Self::AttemptOpened { .. }
            | Self::AttemptResubmitted { .. }
            | Self::AttemptHinted { .. }
            | Self::AttemptConfirmed { .. }
            | Self::AttemptNotSent { .. }
            | Self::AttemptAssumedDead { .. }
            | Self::CostRecovered { .. }
            | Self::OrderSucceeded { .. }
            | Self::OrderPartiallySucceeded { .. }
            | Self::OrderFailed { .. }
            | Self::OrderCancelled
            | Self::OrderRefunded { .. }
            | Self::OrderCharged { .. }
            | Self::OrderAdvanced { .. }
            | Self::AdvanceDeclined { .. }
            | Self::OrderOverdue
            | Self::CaseOpened { .. } => None,
        }
    }
}
