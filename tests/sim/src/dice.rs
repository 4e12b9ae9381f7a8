//! Chance from one seed: everything that a history leaves open is drawn here, in order, so the same
//! seed is the same history. The generator is splitmix64: small, fast, and good enough to search with.

use std::sync::{Mutex, PoisonError};

use recharge_gateway::seams::Random;

/// The dice of one history, shared by all who draw.
pub struct Dice(Mutex<u64>);

impl Dice {
    /// Dice that fall the same for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }

    /// Other dice, that fall by this salt and by where these stand; these stand as before.
    #[must_use]
    pub fn aside(&self, salt: u64) -> Self {
        let state = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Self::new(state ^ salt)
    }

    /// The next 64 bits.
    pub fn draw(&self) -> u64 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high - low).unwrap() + 1;
        low + i64::try_from(self.draw() % span).unwrap()
    }

    /// True this often in a thousand.
    pub fn falls(&self, per_mille: u32) -> bool {
        self.draw() % 1_000 < u64::from(per_mille)
    }

    /// A place among `count`.
    pub fn place(&self, count: usize) -> usize {
        usize::try_from(self.draw() % u64::try_from(count.max(1)).unwrap()).unwrap()
    }

    /// One of these.
    pub fn pick<T: Clone>(&self, choices: &[T]) -> T {
        choices[self.place(choices.len())].clone()
    }
}

impl Random for Dice {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let drawn = self.draw().to_le_bytes();
            chunk.copy_from_slice(&drawn[..chunk.len()]);
        }
    }
}
