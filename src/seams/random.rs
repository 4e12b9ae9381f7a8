//! Chance: nonces, keys and jitter come from here, so that a simulation can hand out the same
//! numbers again.

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

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the seam behind which the system's generator is hidden"
    )]
    #[expect(
        clippy::panic,
        reason = "without random bytes no nonce or key is safe: stopping is the only honest answer"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            panic!("the operating system gives no random bytes: {error}");
        }
    }
}
