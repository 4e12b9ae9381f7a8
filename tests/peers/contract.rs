//! Contracts drawn from a seed, and whether a supplier's own count kept within one.

/// A supplier's limit for submits.
#[derive(Debug, Clone, Copy)]
pub struct Contract {
    pub per_minute: u64,
    pub burst: u64,
}

impl Contract {
    /// So many contracts. Their bursts last at least 300 ms: a mock that had to wait for a processor
    /// writes down at one moment what left at several, and that is not the gateways' doing.
    pub fn draw(seed: u64, count: usize) -> Vec<Self> {
        let mut state = seed;
        let mut below = |bound: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % bound
        };
        let mut drawn = Vec::new();
        while drawn.len() < count {
            let contract = Self {
                per_minute: 240 + below(240),
                burst: 3 + below(28),
            };
            if contract.step_us() * (contract.burst - 1) >= 300_000 {
                drawn.push(contract);
            }
        }
        drawn
    }

    fn step_us(self) -> u64 {
        60_000_000_u64.div_ceil(self.per_minute)
    }

    /// The requests that a window of the contract had no room for, by these arrivals in milliseconds: when
    /// each came, and how many milliseconds too early.
    pub fn above(self, arrivals_ms: &[u64]) -> Vec<(u64, u64)> {
        // As full as the bucket may be before each one: one pass finds what comparing all pairs would.
        let mut full_at_us = 0_u64;
        let mut above = Vec::new();
        for at_us in arrivals_ms.iter().map(|at_ms| at_ms * 1_000) {
            // Written down in whole milliseconds.
            let early_us = full_at_us.saturating_sub(at_us + 1_000 + self.step_us() * (self.burst - 1));
            if early_us > 0 {
                above.push((at_us / 1_000, early_us.div_ceil(1_000)));
            }
            full_at_us = full_at_us.max(at_us) + self.step_us();
        }
        above
    }

    /// What was used of what the contract allows at its rate, in percent.
    pub fn used_percent(self, count: usize, lasted_ms: u64) -> u64 {
        u64::try_from(count).unwrap() * 60_000 * 100 / (self.per_minute * lasted_ms)
    }
}

#[test]
fn a_count_above_the_contract_is_seen() {
    let contract = Contract { per_minute: 600, burst: 4 };
    let steady: Vec<u64> = (0..50).map(|n| n * 100).collect();
    assert_eq!(contract.above(&steady), []);
    let burst: Vec<u64> = [0, 0, 0, 0, 100, 200].to_vec();
    assert_eq!(contract.above(&burst), []);
    let above: Vec<u64> = [0, 0, 0, 0, 50].to_vec();
    assert_eq!(contract.above(&above), [(50, 49)]);
    assert_eq!(contract.used_percent(54, 6_000), 90);
}
