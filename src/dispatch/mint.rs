//! New order ids: from time and node, counted within a millisecond, never from a database.

use std::sync::{Mutex, PoisonError};

use crate::domain::ids::OrderId;

/// Hands out ids of one node; no two are equal while the process lives, even if the clock goes back.
pub(super) struct Mint {
    node: u16,
    last: Mutex<(i64, u16)>,
}

impl Mint {
    pub(super) fn new(node: u16) -> Self {
        Self {
            node,
            last: Mutex::new((0, 0)),
        }
    }

    /// The next id at `now_ms`; `None` only if the clock stands before 2025 or the node is out of range.
    pub(super) fn next(&self, now_ms: i64) -> Option<OrderId> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (at_ms, counter) = *last;
        *last = if now_ms > at_ms {
            (now_ms, 0)
        } else if counter < OrderId::MAX_COUNTER {
            (at_ms, counter.saturating_add(1))
        } else {
            (at_ms.saturating_add(1), 0)
        };
        OrderId::compose(last.0, self.node, last.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_even_when_the_clock_stands_still_or_goes_back() {
        let mint = Mint::new(3);
        let now_ms = 1_790_000_000_000;
        let mut last = mint.next(now_ms).unwrap();
        for step in 0..10_000 {
            let id = mint.next(now_ms - step % 7).unwrap();
            assert!(id > last);
            last = id;
        }
    }
}
