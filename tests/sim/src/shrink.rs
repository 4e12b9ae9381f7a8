//! From a history that breaks a law to the shortest prefix of it that still does: fewer kinds of
//! faults, one after the other; then fewer faults, as far as halving finds them; then fewer orders.

use crate::history::{Bounds, Outcome, run};
use crate::laws::Law;

/// A shorter history.
pub struct Shorter {
    /// Its bounds.
    pub bounds: Bounds,
    /// What came of it, told.
    pub outcome: Outcome,
}

/// The shortest history of `seed` found that breaks `law`.
///
/// # Panics
/// When the whole history does not break it.
#[must_use]
pub fn shrink(seed: u64, law: Law, whole: &Outcome) -> Shorter {
    let breaks = |bounds: Bounds| run(seed, bounds).broken.is_some_and(|broken| broken.law == law);
    let mut bounds = Bounds::WHOLE;
    for place in (0..whole.strikes.len()).filter(|place| whole.strikes[*place] > 0) {
        let quieter = Bounds {
            muted: bounds.muted | (1 << place),
            ..bounds
        };
        if breaks(quieter) {
            bounds = quieter;
        }
    }
    let (mut low, mut high) = (0, run(seed, bounds).strikes.iter().sum::<u64>());
    while low < high {
        let middle = low.midpoint(high);
        let fewer = Bounds {
            most_faults: middle,
            ..bounds
        };
        if breaks(fewer) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    let fewest = Bounds {
        most_faults: high,
        ..bounds
    };
    if breaks(fewest) {
        bounds = fewest;
    }
    let fewer_orders = (1..=6)
        .map(|most_orders| Bounds { most_orders, ..bounds })
        .find(|fewer| breaks(*fewer));
    let bounds = Bounds {
        is_told: true,
        ..fewer_orders.unwrap_or(bounds)
    };
    let outcome = run(seed, bounds);
    assert!(outcome.broken.is_some(), "the shorter history of {seed} broke a law only untold");
    Shorter { bounds, outcome }
}
