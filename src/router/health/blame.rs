//! Whose fault something is, and how far it reaches.

use super::sighting::Fact;
use crate::domain::attempt::NotSentReason;
use crate::domain::outcome::{RefusalKind, Via};
use crate::domain::plan::CircuitCause;

/// What a fact says of a supplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blame {
    /// Nothing at all.
    Nothing,
    /// Nothing, but an attempt has ended.
    Neutral,
    /// It delivers.
    Good,
    /// It fails, whatever the product.
    Supplier,
    /// It fails with this product.
    Product,
    /// It says itself that it is out.
    Says(CircuitCause),
    /// What it does cannot be known.
    Doubt,
    /// It did what it had said it had not, or the reverse, or what it had promised not to do.
    Complaint,
}

impl Blame {
    /// What is left of it for the supplier as a whole.
    pub fn of_the_whole(self) -> Self {
        match self {
            Self::Product => Self::Neutral,
            Self::Nothing | Self::Neutral | Self::Good | Self::Supplier | Self::Says(_) | Self::Doubt | Self::Complaint => self,
        }
    }

    /// Whether it costs the supplier something.
    pub fn costs(self) -> bool {
        match self {
            Self::Nothing | Self::Neutral | Self::Good => false,
            Self::Supplier | Self::Product | Self::Says(_) | Self::Doubt | Self::Complaint => true,
        }
    }
}

/// Recipients are the buyer's to get right; what we cannot write or send in time is ours, and so is a
/// stamp that was not confirmed. Stock, price and a product that is not sold say nothing of other products.
pub(super) fn blame(fact: &Fact) -> Blame {
    match fact {
        Fact::Opened | Fact::Accepted => Blame::Nothing,
        Fact::Delivered { .. } => Blame::Good,
        Fact::Refused { kind, .. } => match kind {
            RefusalKind::Recipient => Blame::Neutral,
            RefusalKind::Product | RefusalKind::Stock | RefusalKind::Price => Blame::Product,
            RefusalKind::SupplierBalance => Blame::Says(CircuitCause::SupplierBalance),
            RefusalKind::Maintenance => Blame::Says(CircuitCause::Maintenance),
            RefusalKind::Credentials => Blame::Says(CircuitCause::Credentials),
            RefusalKind::Limit | RefusalKind::Parameters | RefusalKind::Failed => Blame::Supplier,
        },
        Fact::NotSent { why } => match why {
            NotSentReason::Address | NotSentReason::Connect => Blame::Supplier,
            NotSentReason::Encoding | NotSentReason::StampUnconfirmed | NotSentReason::NoTurn | NotSentReason::StampOld => Blame::Neutral,
        },
        Fact::Doubted { .. } => Blame::Doubt,
        Fact::Complained | Fact::PromiseBroken => Blame::Complaint,
    }
}

/// Whether the supplier told by itself, rather than being asked.
pub(super) fn was_told(via: Via) -> bool {
    match via {
        Via::Submit | Via::Notification => true,
        Via::Query | Via::Recall | Via::Attestation | Via::Statement => false,
    }
}
