//! What is checked, each with its word, and what was found.

use std::fmt;

/// One law that the database must keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// Every link of the history follows from its row and the link before.
    Chain,
    /// The order's row carries the last link of its history.
    LastLink,
    /// Events are numbered 1, 2, 3, and the version counts them.
    Numbers,
    /// Every event and posting, and what comes next, can be read.
    Readable,
    /// The history makes an order.
    State,
    /// The order's row says the same as its history.
    Columns,
    /// Rows belong to orders that exist, and an order has a history.
    Stray,
    /// What the buyer entered and what was handed over opens.
    Sealed,
    /// Every posting balances, and none is booked twice (I5).
    Postings,
    /// One hold, and exactly one settlement with the verdict: captured + released = held (I4).
    Settlement,
    /// A released hold was charged by nobody (I2).
    Released,
    /// What suppliers' statements say was charged, we have as delivered or in doubt (I1, I2).
    Charged,
    /// An order that a supplier's statement names is here (I12).
    Lost,
    /// A captured hold has an attempt that is won, with evidence (I3).
    Captured,
    /// Refunds are at most the capture (I15), charges for late deliveries at most the price (R12).
    Refunds,
    /// An excess delivery or a late success has exactly one loss posting and its case (I14).
    Loss,
    /// Each transmission has its committed stamp (I6).
    Stamps,
    /// At most one attempt is open and one won; their sequence is 1, 2, 3 (I7).
    Sequence,
    /// A dead attempt carries its proof (I8).
    Death,
    /// A new attempt is younger than every earlier one's death (I9).
    Overlap,
    /// The table of attempts says the same as the history.
    Attempts,
    /// An order has one verdict, written once (I10).
    Verdict,
    /// An order with a verdict has told its shop, or will (I11).
    Callback,
    /// Every event's evidence is there (I13).
    Evidence,
    /// What suppliers said opens and is what it was (I13).
    EvidenceWhole,
    /// An order that is not finished has a next action or an open case (I17).
    Stuck,
    /// Every balance is the replay of its entries (I5).
    Balance,
    /// All accounts of a currency sum to zero (I5).
    Zero,
    /// Each day's history is what was signed when it ended.
    Day,
}

impl Check {
    /// All of them.
    pub const ALL: [Self; 29] = [
        Self::Chain,
        Self::LastLink,
        Self::Numbers,
        Self::Readable,
        Self::State,
        Self::Columns,
        Self::Stray,
        Self::Sealed,
        Self::Postings,
        Self::Settlement,
        Self::Released,
        Self::Charged,
        Self::Lost,
        Self::Captured,
        Self::Refunds,
        Self::Loss,
        Self::Stamps,
        Self::Sequence,
        Self::Death,
        Self::Overlap,
        Self::Attempts,
        Self::Verdict,
        Self::Callback,
        Self::Evidence,
        Self::EvidenceWhole,
        Self::Stuck,
        Self::Balance,
        Self::Zero,
        Self::Day,
    ];

    /// Its word in metrics, cases and reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Chain => "chain",
            Self::LastLink => "last_link",
            Self::Numbers => "numbers",
            Self::Readable => "readable",
            Self::State => "state",
            Self::Columns => "columns",
            Self::Stray => "stray",
            Self::Sealed => "sealed",
            Self::Postings => "postings",
            Self::Settlement => "settlement",
            Self::Released => "released",
            Self::Charged => "charged",
            Self::Lost => "lost",
            Self::Captured => "captured",
            Self::Refunds => "refunds",
            Self::Loss => "loss",
            Self::Stamps => "stamps",
            Self::Sequence => "sequence",
            Self::Death => "death",
            Self::Overlap => "overlap",
            Self::Attempts => "attempts",
            Self::Verdict => "verdict",
            Self::Callback => "callback",
            Self::Evidence => "evidence",
            Self::EvidenceWhole => "evidence_whole",
            Self::Stuck => "stuck",
            Self::Balance => "balance",
            Self::Zero => "zero",
            Self::Day => "day",
        }
    }
}

/// A law that is broken: where, and what was seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Which law.
    pub check: Check,
    /// About which order, if about one.
    pub order: Option<i64>,
    /// What was seen, in plain words.
    pub saw: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.order {
            Some(order) => write!(f, "{}: order {order}: {}", self.check.word(), self.saw),
            None => write!(f, "{}: {}", self.check.word(), self.saw),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_check_has_a_word_of_its_own() {
        let words: BTreeSet<&str> = Check::ALL.iter().map(|check| check.word()).collect();
        assert_eq!(words.len(), Check::ALL.len());
    }
}
