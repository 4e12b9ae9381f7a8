//! What goes wrong at which supplier and when: drawn from a seed, the same for every rule.

use std::time::Duration;

use crate::dice::Dice;
use crate::proxy::Trouble;
use crate::world::{CREDIT_MINOR, Supplier};

/// How long the orders of a contest keep coming.
pub const LENGTH: Duration = Duration::from_secs(24);
/// When somebody is in trouble, in milliseconds. The second cheapest joins the cheapest for two seconds,
/// so that only the dearest is left; the dearest is always well, so whoever knows all delivers all.
const TIMES: [(&str, u64, u64); 3] = [("north", 3_000, 9_000), ("river", 7_000, 12_000), ("north", 14_000, 20_000)];
/// From a supplier's acceptance to its delivery: of the well, and of the slow, in milliseconds.
const WELL_MS: u64 = 100;
const SLOW_MS: u64 = 3_500;
/// A change of mind of whoever flaps.
const FLAP_MS: u64 = 700;

/// What may be wrong with a supplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Dies,
    SaysNothing,
    AnswersUnknown,
    Slow,
    Flaps,
    OutOfMoney,
    LimitsHarder,
    Degrades,
}

const KINDS: [Kind; 8] = [
    Kind::Dies,
    Kind::SaysNothing,
    Kind::AnswersUnknown,
    Kind::Slow,
    Kind::Flaps,
    Kind::OutOfMoney,
    Kind::LimitsHarder,
    Kind::Degrades,
];

/// One supplier in trouble for a while.
#[derive(Debug, Clone, Copy)]
pub struct Phase {
    pub supplier: &'static str,
    pub kind: Kind,
    pub from_ms: u64,
    pub until_ms: u64,
}

impl Phase {
    pub fn words(&self) -> String {
        let what = match self.kind {
            Kind::Dies => "refuses connections",
            Kind::SaysNothing => "swallows every request",
            Kind::AnswersUnknown => "takes orders, and its answers are lost",
            Kind::Slow => "delivers after 3.5 s",
            Kind::Flaps => "swallows everything every other 700 ms",
            Kind::OutOfMoney => "has none of our money left",
            Kind::LimitsHarder => "takes three requests a second, and says 429 to the others",
            Kind::Degrades => "swallows a fifth of the requests, and more and more",
        };
        format!("{} {what} from {} to {} ms", self.supplier, self.from_ms, self.until_ms)
    }

    pub fn is_at(&self, ms: u64) -> bool {
        (self.from_ms..self.until_ms).contains(&ms)
    }
}

/// Three phases, each of another kind.
pub fn draw(dice: &mut Dice) -> Vec<Phase> {
    let mut left = KINDS.to_vec();
    let phases = TIMES.iter().map(|&(supplier, from_ms, until_ms)| {
        let at = usize::try_from(dice.below(u64::try_from(left.len()).unwrap())).unwrap();
        let kind = left.swap_remove(at);
        Phase {
            supplier,
            kind,
            from_ms,
            until_ms,
        }
    });
    phases.collect()
}

/// Puts a supplier into the state that the script has for it at this moment.
pub fn put(supplier: &Supplier, phase: Option<&Phase>, ms: u64) {
    let kind = phase.map(|phase| phase.kind);
    let (since, lasts) = phase.map_or((0, 1), |phase| (ms - phase.from_ms, phase.until_ms - phase.from_ms));
    supplier.proxy.shut(kind == Some(Kind::Dies));
    let is_broke = kind == Some(Kind::OutOfMoney);
    if is_broke || supplier.mock.balance_minor() == 0 {
        supplier.mock.set_balance(if is_broke { 0 } else { CREDIT_MINOR });
    }
    let is_slow = kind == Some(Kind::Slow);
    supplier.mock.set_settle_after(if is_slow { SLOW_MS } else { WELL_MS });
    supplier.proxy.stand(match kind {
        None | Some(Kind::Dies | Kind::OutOfMoney | Kind::Slow) => Trouble::Clean,
        Some(Kind::SaysNothing) => Trouble::Drop,
        Some(Kind::AnswersUnknown) => Trouble::ResetAfterHandling,
        Some(Kind::Flaps) if (since / FLAP_MS).is_multiple_of(2) => Trouble::Drop,
        Some(Kind::Flaps) => Trouble::Clean,
        Some(Kind::LimitsHarder) => Trouble::Limit(3),
        Some(Kind::Degrades) => Trouble::Share(20 + 80 * since / lasts),
    });
}
