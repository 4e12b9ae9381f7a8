//! The laws: what may never be true, each with the name it has in docs/spec/settlement.md.

use std::fmt;

/// One law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Law {
    /// I1: charges that deliver an order are at most one.
    ChargedOnce,
    /// I2: after a released hold there are no charges.
    ReleasedIsUncharged,
    /// I3: a captured order has a won attempt whose supplier did deliver, and its evidence.
    CapturedIsProven,
    /// I4: a hold ends in exactly one settlement, captured plus released is the hold.
    SettledOnce,
    /// I5: every posting balances, accounts sum to zero, a balance is the replay of its entries.
    Balanced,
    /// I6: every byte sent has an older stamp, committed and acknowledged to the one who sends, once.
    StampedBeforeSent,
    /// I7: at most one attempt is open, numbers are dense.
    OneOpen,
    /// I8: an attempt given up as dead has charged nobody.
    DeadIsDead,
    /// I9: an attempt is younger than the death of all before it.
    YoungerThanDeaths,
    /// I10: one verdict, write-once; a shop never hears two.
    OneVerdict,
    /// I11: verdict and callback are written together, and every callback ends delivered or parked.
    VerdictIsTold,
    /// I12: what was answered with 2xx stands; what was refused for certain does not.
    AnswerStands,
    /// I13: what was acknowledged to a supplier is kept.
    NoteIsKept,
    /// I14: an excess or late delivery is exactly one case and one loss.
    LossIsOneCase,
    /// I15: what went back is at most what was captured, and what was charged later (R12) at most the price.
    RefundsWithin,
    /// The guards: no hold beyond what a shop may spend, no advance beyond what may be out.
    WithinMeans,
    /// Nothing is sent for an order whose shop has its money back from the risk account.
    AdvancedIsLeftAlone,
    /// I17: what is not settled has a next action or a case.
    NothingStuck,
    /// I18: no process sends a supplier more than its contract, submits and questions apart.
    WithinContract,
    /// I19: no log line has a secret or a full recipient.
    NothingLeaks,
    /// R3: the row is what its events make of it.
    RowIsItsEvents,
    /// R4: a number names one order's attempt at one supplier, and always says the same.
    NumberIsItsOwn,
    /// R16: a callback's bytes never change, and its signature is right.
    SameBytes,
    /// I17, seen from the end: with all faults over, everything is settled or a person is called.
    SettlesInTheEnd,
    /// Nothing panics.
    NoPanic,
}

impl Law {
    /// Its name in the specification, and what has happened when it is broken.
    #[must_use]
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::ChargedOnce => ("I1", "the recipient was recharged twice"),
            Self::ReleasedIsUncharged => ("I2", "the shop got its money back, and the recipient was recharged"),
            Self::CapturedIsProven => ("I3", "the shop pays without a delivery that is proven"),
            Self::SettledOnce => ("I4", "the hold was settled twice, or not to its amount, or without a verdict"),
            Self::Balanced => ("I5", "the books do not balance"),
            Self::StampedBeforeSent => (
                "I6",
                "bytes left without a stamp that was committed, acknowledged, and the sender's own",
            ),
            Self::OneOpen => ("I7", "two attempts are open at once, or their numbers have a gap"),
            Self::DeadIsDead => ("I8", "an attempt that was given up as dead has recharged the recipient"),
            Self::YoungerThanDeaths => ("I9", "an attempt was opened before every earlier one was dead"),
            Self::OneVerdict => ("I10", "the verdict was changed, or a shop heard two"),
            Self::VerdictIsTold => ("I11", "a verdict that its shop is not told, once"),
            Self::AnswerStands => ("I12", "a shop's answer does not stand"),
            Self::NoteIsKept => ("I13", "a notification was acknowledged and not kept, or believed and not authentic"),
            Self::LossIsOneCase => ("I14", "a delivery that nobody pays for is not exactly one case and one loss"),
            Self::RefundsWithin => (
                "I15",
                "more went back than was captured, more was charged than the price, or a key counted twice",
            ),
            Self::WithinMeans => ("funds", "a hold or an advance was admitted beyond its cap"),
            Self::AdvancedIsLeftAlone => ("advance", "something was sent for an order whose shop has its money back"),
            Self::NothingStuck => ("I17", "the order is not settled, and nobody will look at it again"),
            Self::WithinContract => ("I18", "a process sent a supplier more than its contract"),
            Self::NothingLeaks => ("I19", "a log line has a secret or a full recipient"),
            Self::RowIsItsEvents => ("R3", "the stored order is not what its events make of it"),
            Self::NumberIsItsOwn => ("R4", "a number was used for two things"),
            Self::SameBytes => ("R16", "a callback's bytes changed, or its signature is wrong"),
            Self::SettlesInTheEnd => ("end", "all faults are over, and it is neither settled nor a case"),
            Self::NoPanic => ("panic", "the gateway panicked"),
        }
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, says) = self.words();
        write!(f, "{name}: {says}")
    }
}
