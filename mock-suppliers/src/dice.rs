//! Deterministic chance: the same seed, recipient and id always meet the same faults.
//!
//! There is no generator with a state, because requests arrive in any order: each throw is a hash of what it is about.

/// A die that depends on the seed only.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dice {
    seed: u64,
}

impl Dice {
    /// A die for one mock.
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// A number that is a function of the seed and `parts`.
    pub(crate) fn throw(self, parts: &[&str]) -> u64 {
        let mut state = mix(self.seed);
        for part in parts {
            for byte in part.bytes() {
                state = mix(state ^ u64::from(byte));
            }
            // Ends the part, so that ("ab", "c") and ("a", "bc") differ.
            state = mix(state ^ 0x100);
        }
        state
    }

    /// True in `rate` of 10 000 cases.
    pub(crate) fn falls(self, rate: u32, parts: &[&str]) -> bool {
        self.throw(parts) % 10_000 < u64::from(rate)
    }
}

/// One step of splitmix64.
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_parts_always_throw_the_same() {
        let dice = Dice::new(7);
        assert_eq!(dice.throw(&["a", "b"]), dice.throw(&["a", "b"]));
        assert_ne!(dice.throw(&["ab", "c"]), dice.throw(&["a", "bc"]));
        assert_ne!(dice.throw(&["a"]), Dice::new(8).throw(&["a"]));
    }

    #[test]
    fn a_rate_is_met_about_as_often_as_it_says() {
        let dice = Dice::new(1);
        let hits = (0..10_000).filter(|n| dice.falls(2_000, &["13800138000", &n.to_string()])).count();
        assert!((1_800..2_200).contains(&hits), "{hits} hits");
    }
}
