//! Chance from a printed seed.

use recharge_gateway::seams::{Clock, SystemClock};

/// A small generator (SplitMix64); good enough to choose when to kill.
pub struct Dice(u64);

impl Dice {
    /// From `CHAOS_SEED`, else from the clock; says which.
    pub fn new() -> Self {
        let seed = asked_for("CHAOS_SEED").unwrap_or_else(|| SystemClock::new().now_ms().unsigned_abs());
        println!("CHAOS_SEED={seed}");
        Self::of(seed)
    }

    /// From this seed.
    pub fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// From 0 to below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// A number from the environment.
#[expect(clippy::disallowed_methods, reason = "how a run is repeated; no setting of the gateway")]
pub fn asked_for(name: &str) -> Option<u64> {
    let given = std::env::var(name).ok()?;
    Some(given.parse().unwrap_or_else(|_| panic!("{name} is a number, not {given}")))
}
