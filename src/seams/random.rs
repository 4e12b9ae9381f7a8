//! Chance: nonces, keys and jitter come from here, so that a simulation can hand out the same
//! numbers again.

use std::cell::RefCell;

/// The only source of random bytes.
pub trait Random: Send + Sync {
    /// Fills `bytes` with unpredictable bytes.
    fn fill(&self, bytes: &mut [u8]);

    /// A number in `0..bound` (0 when `bound` is 0); the slight bias of the remainder is fine for
    /// jitter and is never used for a secret.
    fn below(&self, bound: u64) -> u64 {
        let mut bytes = [0_u8; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes).checked_rem(bound).unwrap_or(0)
    }
}

/// How many bytes are drawn from the operating system at once: asking it costs as much as sealing with a nonce.
const DRAW: usize = 1_024;

thread_local! {
    /// Bytes of this thread that nobody has got yet.
    static DRAWN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        if bytes.len() > DRAW {
            return draw(bytes);
        }
        DRAWN.with_borrow_mut(|drawn| {
            if drawn.len() < bytes.len() {
                drawn.resize(DRAW, 0);
                draw(drawn);
            }
            let rest = drawn.len().saturating_sub(bytes.len());
            if let Some(given) = drawn.get_mut(rest..) {
                bytes.copy_from_slice(given);
                // Nobody finds in memory what a key was made of.
                given.fill(0);
            }
            drawn.truncate(rest);
        });
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the seam behind which the system's generator is hidden"
)]
#[expect(
    clippy::panic,
    reason = "without random bytes no nonce or key is safe: stopping is the only honest answer"
)]
fn draw(bytes: &mut [u8]) {
    if let Err(error) = getrandom::fill(bytes) {
        panic!("the operating system gives no random bytes: {error}");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_byte_is_given_twice() {
        let mut seen = BTreeSet::new();
        for length in [8, 24, 32, 1_000, 1_024, 1_025, 24] {
            for _ in 0..100 {
                let mut bytes = vec![0_u8; length];
                SystemRandom.fill(&mut bytes);
                for eight in bytes.chunks_exact(8) {
                    assert!(seen.insert(eight.to_vec()), "{length}");
                }
            }
        }
    }
}
