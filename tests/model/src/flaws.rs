//! Rules of the world that can be switched off, one at a time: what a store, a node, a network or a
//! supplier must not do, because the gateway's safety rests on it. Rules of the gateway's own code
//! are not here: those are patches in `mutants/`, applied to a copy of the source.

use crate::laws::Law;

/// One broken rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// The store writes a decision although the order has moved on.
    StaleAdmitted,
    /// The gate sends first and commits the stamp afterwards.
    SendsBeforeStamp,
    /// The gate sends although the stamp's commit had no answer.
    SendsOnUnknown,
    /// The store acknowledges a commit and loses it in a crash.
    LastCommitLost,
    /// A node withdraws a stamp of unknown outcome without knowing that it is its own.
    WithdrawsAnothers,
    /// A supplier that promises to deduplicate does not.
    ChargesEveryRequest,
    /// A supplier that promises to keep failed numbers takes them again.
    ForgetsFailedIds,
    /// A request arrives, or a stalled node sends it, after the supplier's memory has ended.
    LaterThanHorizon,
    /// A request arrives after the quiet window of its supplier.
    LaterThanWindow,
    /// At the end of a quiet window the supplier's query tells how its books stood before.
    WindowIsToldTheOld,
    /// The network delivers a request twice to a supplier that does not deduplicate.
    NetworkDoubles,
    /// A supplier that promises that its failures are final delivers afterwards.
    FailedIsNotFinal,
    /// A number that was withdrawn is delivered when its request arrives.
    RecallIsNotKept,
    /// Two persons attest that nothing was delivered while it is still under way.
    PersonErrs,
}

impl Flaw {
    /// All, with the scene in which each must show and the laws that must break, the first one told.
    pub const ALL: [(Self, &'static str, &'static [Law]); 14] = [
        (Self::StaleAdmitted, "stale", &[Law::ChargedOnce]),
        (Self::SendsBeforeStamp, "plain", &[Law::ChargedOnce, Law::StampedBeforeSent]),
        (Self::SendsOnUnknown, "plain", &[Law::ChargedOnce, Law::StampedBeforeSent]),
        (Self::LastCommitLost, "plain", &[Law::ChargedOnce]),
        (Self::WithdrawsAnothers, "plain", &[Law::ChargedOnce]),
        (Self::ChargesEveryRequest, "deduplicating", &[Law::ChargedOnce]),
        (Self::ForgetsFailedIds, "deduplicating", &[Law::ReleasedIsUncharged]),
        (Self::LaterThanHorizon, "horizon", &[Law::ChargedOnce]),
        (Self::LaterThanWindow, "quiet", &[Law::ChargedOnce, Law::DeadIsDead]),
        (Self::WindowIsToldTheOld, "quiet", &[Law::ChargedOnce, Law::DeadIsDead]),
        (Self::NetworkDoubles, "plain", &[Law::ChargedOnce]),
        (Self::FailedIsNotFinal, "plain", &[Law::ReleasedIsUncharged]),
        (Self::RecallIsNotKept, "recall", &[Law::ChargedOnce, Law::DeadIsDead]),
        (
            Self::PersonErrs,
            "plain",
            &[Law::ReleasedIsUncharged, Law::ChargedOnce, Law::DeadIsDead],
        ),
    ];

    /// In plain words.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::StaleAdmitted => "the store writes a decision although the order has moved on",
            Self::SendsBeforeStamp => "the gate sends first and commits the stamp afterwards",
            Self::SendsOnUnknown => "the gate sends although the stamp's commit had no answer",
            Self::LastCommitLost => "the store acknowledges a commit and loses it in a crash",
            Self::WithdrawsAnothers => "a node withdraws a stamp of unknown outcome without knowing that it is its own",
            Self::ChargesEveryRequest => "a supplier that promises to deduplicate charges every request",
            Self::ForgetsFailedIds => "a supplier that promises to keep failed numbers takes them again",
            Self::LaterThanHorizon => "a request arrives after the supplier's memory has ended",
            Self::LaterThanWindow => "a request arrives after the quiet window of its supplier",
            Self::WindowIsToldTheOld => "at the end of a quiet window the supplier's query tells how its books stood before",
            Self::NetworkDoubles => "the network delivers a request twice to a supplier that does not deduplicate",
            Self::RecallIsNotKept => "a number that was withdrawn is delivered when its request arrives",
            Self::PersonErrs => "two persons attest that nothing was delivered while it is still under way",
            Self::FailedIsNotFinal => "a supplier that promises that its failures are final delivers afterwards",
        }
    }
}
