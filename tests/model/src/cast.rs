//! Who plays: suppliers with what they promise and what they do, and the bounds of a scene.
//!
//! The clock stands still within a phase and goes on by `Pass`. A phase is long enough for a reply
//! to be overdue and for a doubt to be old; the deadline comes in phase 2, or in 3 where a quiet window
//! is waited for. What is stamped in a
//! scene's last phase counts as stamped one phase earlier, so the last phase lasts for ever.

use std::collections::BTreeMap;

use crate::domain::ids::SupplierId;
use crate::domain::money::{Currency, Money};
use crate::domain::policy::{Policy, Promises, QuietWindow, RuleBook, Rules};
use crate::flaws::Flaw;
use crate::world::At;

/// When the shop asks, UTC milliseconds.
pub const START_MS: i64 = 1_800_000_000_000;
/// How long a phase lasts, in milliseconds.
pub const PHASE_MS: i64 = 100_000;
/// From the order's coming to its deadline, in milliseconds: over in phase 2.
const DEADLINE_AFTER_MS: i64 = 150_000;
/// The same where a quiet window is waited for: over in phase 3.
const QUIET_DEADLINE_AFTER_MS: i64 = 250_000;
/// For how long a supplier that deduplicates remembers, in milliseconds: over three phases after the stamp.
const HORIZON_MS: i64 = 220_000;
/// When a doubt becomes a case, and when the risk account stands in: over a phase later, in milliseconds.
pub const ADVANCE_AFTER_MS: i64 = 90_000;
/// Phases after its stamp in which a supplier that deduplicates may have forgotten a number.
pub const FORGOTTEN_AFTER: u8 = 3;
/// Phases after its stamp in which a request to such a supplier arrives, or never: half the horizon. So does
/// one to a supplier for which a quiet window is switched on, for that is what the window rests on.
pub const ARRIVES_WITHIN: u8 = 1;

/// The window of all who have one.
pub const WINDOW: QuietWindow = QuietWindow {
    after_ms: 2 * PHASE_MS,
    max_cost: Money::new(2_000, Currency::Cny),
};

/// What a supplier is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Promises everything and keeps it: takes a number once, failed ones too, within its horizon.
    Keeps,
    /// Takes every request as a new one; its failures are final.
    Plain,
    /// Takes every request as a new one, promises nothing, and changes its mind after a failure.
    Wavers,
    /// Promises everything, and then delivers what it had failed, or takes a delivery back.
    Breaks,
    /// Takes every request as a new one and has no query.
    Mute,
    /// As `Plain`, with a quiet window of two phases.
    Quiet,
    /// As `Plain`, but a number that was withdrawn stays so, whether its request has come or not.
    Recalls,
}

impl Kind {
    /// Whether the same number is charged at most once.
    #[must_use]
    pub fn deduplicates(self) -> bool {
        match self {
            Self::Keeps | Self::Breaks => true,
            Self::Plain | Self::Wavers | Self::Mute | Self::Quiet | Self::Recalls => false,
        }
    }

    /// Whether a failure told later may become a success.
    #[must_use]
    pub fn wavers(self) -> bool {
        match self {
            Self::Wavers | Self::Breaks | Self::Mute => true,
            Self::Keeps | Self::Plain | Self::Quiet | Self::Recalls => false,
        }
    }

    /// The quiet window that is switched on for it.
    #[must_use]
    pub fn window(self) -> Option<QuietWindow> {
        (self == Self::Quiet).then_some(WINDOW)
    }

    /// Whether it has a query.
    #[must_use]
    pub fn answers(self) -> bool {
        self != Self::Mute
    }

    fn rules(self) -> Rules {
        let everything = Promises {
            deduplicates: true,
            keeps_failed_ids: true,
            horizon_ms: HORIZON_MS,
            failed_is_final: true,
            recall_is_final: false,
            query_consistent: false,
        };
        let promises = match self {
            Self::Keeps | Self::Breaks => everything,
            Self::Recalls => Promises {
                failed_is_final: true,
                recall_is_final: true,
                ..Promises::default()
            },
            Self::Quiet => Promises {
                failed_is_final: true,
                query_consistent: true,
                ..Promises::default()
            },
            Self::Plain => Promises {
                failed_is_final: true,
                ..Promises::default()
            },
            Self::Wavers | Self::Mute => Promises::default(),
        };
        Rules {
            promises,
            submit_timeout_ms: 80_000,
            answers_queries: self.answers(),
            recall_after_ms: None,
        }
    }
}

/// Bounds within which everything is explored.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Most attempts.
    pub attempts: u8,
    /// Most transmissions of an attempt.
    pub transmissions: u8,
    /// Most transmissions of all attempts together.
    pub stamps: u8,
    /// The last phase of the clock.
    pub last_phase: u8,
    /// Whether a node looks first and decides later, so that it may decide on what is no longer so.
    pub looks_first: bool,
    /// Whether unsigned words arrive that there is news.
    pub hints: bool,
    /// Whether the risk account stands in for an order that is in doubt for a phase.
    pub advances: bool,
    /// Whether suppliers are asked to withdraw attempts, at any time.
    pub recalls: bool,
}

/// One configuration.
#[derive(Debug, Clone, Copy)]
pub struct Scene {
    /// Its short name.
    pub name: &'static str,
    /// Suppliers A and B.
    pub suppliers: [Kind; 2],
    /// How far it goes.
    pub bounds: Bounds,
    /// Whether suppliers keep what they promise, so that I1, I2 and I8 must hold.
    pub promises_are_kept: bool,
    /// The rule of the world that is switched off, if any.
    pub flaw: Option<Flaw>,
}

impl Scene {
    /// The supplier's kind.
    #[must_use]
    pub fn kind(&self, at: At) -> Kind {
        self.suppliers[usize::from(at)]
    }

    /// The same scene with one rule of the world switched off.
    #[must_use]
    pub fn with(mut self, flaw: Flaw) -> Self {
        self.flaw = Some(flaw);
        self
    }

    /// Whether this rule is switched off.
    #[must_use]
    pub fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    /// Whether a quiet window is switched on for anybody.
    #[must_use]
    pub fn has_window(&self) -> bool {
        self.suppliers.iter().any(|kind| kind.window().is_some())
    }

    /// The order's deadline, UTC milliseconds.
    #[must_use]
    pub fn deadline_ms(&self) -> i64 {
        START_MS
            + if self.has_window() {
                QUIET_DEADLINE_AFTER_MS
            } else {
                DEADLINE_AFTER_MS
            }
    }

    /// What `decide` knows of the suppliers.
    #[must_use]
    pub fn rules(&self) -> RuleBook {
        let rules: BTreeMap<SupplierId, Rules> = [0, 1].map(|at| (supplier(at), self.kind(at).rules())).into_iter().collect();
        RuleBook(rules)
    }

    /// The times and bounds that `decide` goes by.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy {
            reply_margin_ms: 10_000,
            not_found_before_resubmit: 1,
            max_transmissions: self.bounds.transmissions,
            doubt_case_after_ms: ADVANCE_AFTER_MS,
            advance_total_minor: 1_000_000,
            ..Policy::default()
        }
    }
}

/// The supplier's name.
#[must_use]
pub fn supplier(at: At) -> SupplierId {
    SupplierId::from(letter(at))
}

/// The supplier's letter.
#[must_use]
pub fn letter(at: At) -> &'static str {
    if at == 0 { "A" } else { "B" }
}

const THREE_ATTEMPTS: Bounds = Bounds {
    attempts: 3,
    transmissions: 1,
    last_phase: 1,
    ..SMALL
};

const SMALL: Bounds = Bounds {
    attempts: 2,
    transmissions: 2,
    stamps: 3,
    last_phase: 2,
    looks_first: false,
    hints: false,
    advances: false,
    recalls: false,
};

const fn scene(name: &'static str, suppliers: [Kind; 2], bounds: Bounds) -> Scene {
    Scene {
        name,
        suppliers,
        bounds,
        promises_are_kept: true,
        flaw: None,
    }
}

const fn breaking(name: &'static str, bounds: Bounds) -> Scene {
    Scene {
        promises_are_kept: false,
        ..scene(name, [Kind::Breaks, Kind::Plain], bounds)
    }
}

/// The scenes of every day: explored to the last state by `cargo xtask test`.
pub const SCENES: &[Scene] = &[
    scene("deduplicating", [Kind::Keeps, Kind::Keeps], Bounds { last_phase: 0, ..SMALL }),
    scene("mixed", [Kind::Keeps, Kind::Plain], Bounds { last_phase: 1, ..SMALL }),
    scene("failover", [Kind::Keeps, Kind::Keeps], Bounds { transmissions: 1, ..SMALL }),
    scene("plain", [Kind::Plain, Kind::Plain], SMALL),
    scene("wavering", [Kind::Wavers, Kind::Plain], SMALL),
    scene("mute", [Kind::Mute, Kind::Plain], Bounds { hints: true, ..SMALL }),
    scene(
        "horizon",
        [Kind::Keeps, Kind::Keeps],
        Bounds {
            attempts: 1,
            last_phase: 3,
            ..SMALL
        },
    ),
    scene(
        "quiet",
        [Kind::Quiet, Kind::Plain],
        Bounds {
            transmissions: 1,
            stamps: 2,
            last_phase: 3,
            ..SMALL
        },
    ),
    scene(
        "stale",
        [Kind::Plain, Kind::Keeps],
        Bounds {
            looks_first: true,
            transmissions: 1,
            last_phase: 0,
            ..SMALL
        },
    ),
    scene(
        "recall",
        [Kind::Recalls, Kind::Plain],
        Bounds {
            transmissions: 1,
            stamps: 2,
            recalls: true,
            ..SMALL
        },
    ),
    scene(
        "advance",
        [Kind::Keeps, Kind::Plain],
        Bounds {
            stamps: 2,
            advances: true,
            ..SMALL
        },
    ),
    breaking(
        "breaking",
        Bounds {
            transmissions: 1,
            last_phase: 1,
            ..SMALL
        },
    ),
];

/// The larger bounds of `cargo xtask model --full`; each goes further in some direction.
pub const LARGE_SCENES: &[Scene] = &[
    scene("deduplicating, large", [Kind::Keeps, Kind::Keeps], SMALL),
    scene("mixed, large", [Kind::Keeps, Kind::Plain], SMALL),
    scene("plain, large", [Kind::Plain, Kind::Plain], THREE_ATTEMPTS),
    scene("wavering, large", [Kind::Wavers, Kind::Plain], THREE_ATTEMPTS),
    scene(
        "mute, large",
        [Kind::Mute, Kind::Plain],
        Bounds {
            hints: true,
            ..THREE_ATTEMPTS
        },
    ),
    scene(
        "horizon, large",
        [Kind::Keeps, Kind::Keeps],
        Bounds {
            attempts: 1,
            last_phase: 3,
            hints: true,
            ..SMALL
        },
    ),
    scene(
        "stale, large",
        [Kind::Plain, Kind::Keeps],
        Bounds {
            looks_first: true,
            transmissions: 1,
            last_phase: 1,
            ..SMALL
        },
    ),
    breaking("breaking, large", Bounds { last_phase: 0, ..SMALL }),
];

/// The scene of this name.
#[must_use]
pub fn scene_named(name: &str) -> Option<Scene> {
    SCENES.iter().chain(LARGE_SCENES).find(|scene| scene.name == name).copied()
}
