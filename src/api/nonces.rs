//! Which nonces were used lately, so that a recorded request cannot be played again.
//!
//! Only nonces of valid signatures come here, so nobody but the shop itself can fill its memory.
//! Each is kept for twice the timestamp's window, by the monotonic clock: longer than its signature
//! can be young enough. Deliberately absent: durability. After a restart a recorded POST still
//! cannot order twice, because its number is the same.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::domain::ids::ShopId;

use super::state::ApiLimits;

/// What is kept of a nonce: enough of its digest that no two of one shop meet by chance.
type Mark = [u8; 16];

#[derive(Debug, Default)]
struct Seen {
    marks: BTreeSet<Mark>,
    oldest_first: VecDeque<(Duration, Mark)>,
}

/// The memory of all shops.
#[derive(Debug)]
pub(super) struct Nonces {
    shops: Mutex<BTreeMap<ShopId, Seen>>,
    keep: Duration,
    max_per_shop: usize,
}

/// What became of a nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// New, and remembered from now on.
    First,
    /// Used before.
    Repeated,
    /// The shop's memory is full; nothing was remembered.
    Full,
}

impl Nonces {
    pub(super) fn new(limits: &ApiLimits) -> Self {
        Self {
            shops: Mutex::default(),
            keep: Duration::from_secs(u64::from(limits.timestamp_window_seconds).saturating_mul(2)),
            max_per_shop: limits.max_nonces_per_shop,
        }
    }

    /// Remembers a nonce of a valid signature; `now` is monotonic.
    pub(super) fn remember(&self, shop: ShopId, nonce: &str, now: Duration) -> Use {
        let mark = mark_of(nonce);
        let mut shops = self.shops.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = shops.entry(shop).or_default();
        while let Some((at, old)) = seen.oldest_first.front().copied()
            && now.saturating_sub(at) > self.keep
        {
            seen.oldest_first.pop_front();
            seen.marks.remove(&old);
        }
        if seen.marks.contains(&mark) {
            return Use::Repeated;
        }
        if seen.marks.len() >= self.max_per_shop {
            return Use::Full;
        }
        seen.marks.insert(mark);
        seen.oldest_first.push_back((now, mark));
        Use::First
    }
}

fn mark_of(nonce: &str) -> Mark {
    let digest = Sha256::digest(nonce.as_bytes());
    let mut mark = Mark::default();
    for (to, from) in mark.iter_mut().zip(digest) {
        *to = from;
    }
    mark
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(600);

    fn nonces(max_per_shop: usize) -> Nonces {
        Nonces::new(&ApiLimits {
            max_nonces_per_shop: max_per_shop,
            ..ApiLimits::default()
        })
    }

    #[test]
    fn a_nonce_is_used_once_by_each_shop() {
        let nonces = nonces(10);
        assert_eq!(nonces.remember(ShopId(1), "abcdefgh", Duration::ZERO), Use::First);
        assert_eq!(nonces.remember(ShopId(1), "abcdefgh", WINDOW), Use::Repeated);
        assert_eq!(nonces.remember(ShopId(2), "abcdefgh", WINDOW), Use::First);
    }

    #[test]
    fn a_nonce_is_forgotten_only_after_twice_the_window() {
        let nonces = nonces(1);
        let later = WINDOW + Duration::from_millis(1);
        assert_eq!(nonces.remember(ShopId(1), "abcdefgh", Duration::ZERO), Use::First);
        assert_eq!(nonces.remember(ShopId(1), "other-one", WINDOW), Use::Full);
        assert_eq!(nonces.remember(ShopId(1), "other-one", later), Use::First);
        assert_eq!(nonces.remember(ShopId(1), "abcdefgh", later), Use::Full, "the memory stays bounded");
    }
}
