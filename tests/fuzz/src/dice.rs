//! Chance from a seed, so that every input can be made again. The generator is splitmix64.

/// Dice for one input.
pub struct Dice(u64);

impl Dice {
    /// The dice of one input of one reader in a run with this seed.
    #[must_use]
    pub fn of(seed: u64, reader: &str, number: u64) -> Self {
        let mut dice = Self(seed);
        for byte in reader.bytes() {
            dice.0 ^= u64::from(byte);
            dice.draw();
        }
        dice.0 ^= number.wrapping_mul(0xD6E8_FEB8_6659_FD93);
        dice
    }

    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 when there is none.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap();
        usize::try_from(self.draw().checked_rem(bound).unwrap_or(0)).unwrap()
    }

    /// One of these.
    pub fn pick<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len())]
    }

    /// The next 8 bits.
    pub fn byte(&mut self) -> u8 {
        self.draw().to_le_bytes()[0]
    }
}
