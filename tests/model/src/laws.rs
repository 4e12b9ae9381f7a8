//! The laws: what may never be true, each with the name it has in docs/spec/settlement.md.

use std::fmt;

/// One law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Law {
    /// I1: charges that deliver an order are at most one.
    ChargedOnce,
    /// I2: after a released hold there are no charges.
    ReleasedIsUncharged,
    /// I3: a captured order has a won attempt whose supplier did deliver, and its evidence.
    CapturedIsProven,
    /// I4: a hold ends in exactly one settlement, captured plus released is the hold.
    SettledOnce,
    /// I5: every posting balances.
    Balanced,
    /// I6: no byte leaves without an older committed stamp.
    StampedBeforeSent,
    /// I7: at most one attempt is open, numbers are dense.
    OneOpen,
    /// I8: an attempt given up as dead has charged nobody, and never will.
    DeadIsDead,
    /// I9: an attempt is younger than the death of all before it.
    YoungerThanDeaths,
    /// I10: the verdict is written once, and told once.
    OneVerdict,
    /// I11: verdict and callback are written together.
    VerdictIsTold,
    /// I14: an excess or late delivery is exactly one case and one loss.
    LossIsOneCase,
    /// I17: what is not settled has a next action or a case.
    NothingStuck,
    /// Nothing is sent for an order whose shop has its money back from the risk account.
    AdvancedIsLeftAlone,
    /// R3: the row is what its events make of it, on the version that was decided on.
    RowIsItsEvents,
    /// I17, seen from the end: from here the order can still be settled.
    CanBeSettled,
}

impl Law {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::ChargedOnce,
        Self::ReleasedIsUncharged,
        Self::CapturedIsProven,
        Self::SettledOnce,
        Self::Balanced,
        Self::StampedBeforeSent,
        Self::OneOpen,
        Self::DeadIsDead,
        Self::YoungerThanDeaths,
        Self::OneVerdict,
        Self::VerdictIsTold,
        Self::LossIsOneCase,
        Self::NothingStuck,
        Self::AdvancedIsLeftAlone,
        Self::RowIsItsEvents,
        Self::CanBeSettled,
    ];

    /// Its name in the specification.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ChargedOnce => "I1",
            Self::ReleasedIsUncharged => "I2",
            Self::CapturedIsProven => "I3",
            Self::SettledOnce => "I4",
            Self::Balanced => "I5",
            Self::StampedBeforeSent => "I6",
            Self::OneOpen => "I7",
            Self::DeadIsDead => "I8",
            Self::YoungerThanDeaths => "I9",
            Self::OneVerdict => "I10",
            Self::VerdictIsTold => "I11",
            Self::LossIsOneCase => "I14",
            Self::NothingStuck => "I17",
            Self::AdvancedIsLeftAlone => "advance",
            Self::RowIsItsEvents => "R3",
            Self::CanBeSettled => "settle",
        }
    }

    /// The law of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|law| law.name() == name)
    }

    /// What has happened when it is broken.
    #[must_use]
    pub fn broken(self) -> &'static str {
        match self {
            Self::ChargedOnce => "the recipient was recharged twice",
            Self::ReleasedIsUncharged => "the shop was told \"failed\" and got its money back, and the recipient was recharged",
            Self::CapturedIsProven => "the shop pays, and no supplier has delivered",
            Self::SettledOnce => "the hold was settled twice, or not to its amount, or an advance was not settled with it",
            Self::Balanced => "a posting does not balance",
            Self::StampedBeforeSent => "bytes left before their stamp was committed",
            Self::OneOpen => "two attempts are open at once, or their numbers have a gap",
            Self::DeadIsDead => "an attempt that was given up as dead has recharged the recipient",
            Self::YoungerThanDeaths => "an attempt was opened before every earlier one was dead",
            Self::OneVerdict => "the verdict was changed, or told twice",
            Self::VerdictIsTold => "the verdict stands, and no callback was queued with it",
            Self::LossIsOneCase => "a delivery that nobody pays for is not exactly one case and one loss",
            Self::NothingStuck => "the order is not settled, and nobody will look at it again",
            Self::AdvancedIsLeftAlone => "something was sent for an order whose shop has its money back",
            Self::RowIsItsEvents => "the stored order is not what its events make of it",
            Self::CanBeSettled => "from here the order can never be settled, and no person is called",
        }
    }

    fn bit(self) -> u16 {
        Self::ALL
            .into_iter()
            .zip(0_u32..)
            .find(|(law, _)| *law == self)
            .map_or(0, |(_, at)| 1 << at)
    }
}

/// A set of laws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Laws(u16);

impl Laws {
    /// Adds `law` if `is_broken`.
    pub fn note(&mut self, law: Law, is_broken: bool) {
        if is_broken {
            self.0 |= law.bit();
        }
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it is in here.
    #[must_use]
    pub fn has(self, law: Law) -> bool {
        self.0 & law.bit() != 0
    }

    /// Whether there is none in here.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn packed(self) -> [u8; 2] {
        self.0.to_le_bytes()
    }

    /// The first of them.
    #[must_use]
    pub fn first(self) -> Option<Law> {
        Law::ALL.into_iter().find(|law| self.has(*law))
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name(), self.broken())
    }
}
