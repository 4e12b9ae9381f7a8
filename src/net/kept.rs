//! To which hosts connections are kept, so that idle ones are few whatever hosts shops name.
//!
//! A callback's host is the shop's to choose, and may be another one for every order; kept to each,
//! idle connections would use up what descriptors there are. So there are places for a few hosts:
//! who has one keeps it while it is called, and one not called for a while makes room.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Hosts to which connections are kept at the same time.
pub(super) const PLACES: usize = 32;

/// A place is taken from a host not called for this long. By then its idle connections are gone:
/// they live two seconds, and are looked for as often.
const LINGER: Duration = Duration::from_secs(5);

/// How to call a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// On a connection of its own: nothing is kept.
    Fresh,
    /// On a kept connection if there is one. Where the host answered the last time, a connection that
    /// breaks says nothing about the host: it may just have closed an idle one.
    Kept {
        /// Whether to try once more on a fresh connection.
        may_repeat: bool,
    },
}

struct Place {
    called_at: Duration,
    has_answered: bool,
}

/// The places and who has them.
#[derive(Default)]
pub(super) struct Places(Mutex<BTreeMap<String, Place>>);

impl Places {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Place>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How to call `origin` at the monotonic time `now`.
    pub(super) fn way(&self, origin: &str, now: Duration) -> Way {
        let mut all = self.all();
        if let Some(place) = all.get_mut(origin) {
            place.called_at = now;
            return Way::Kept {
                may_repeat: place.has_answered,
            };
        }
        if all.len() >= PLACES {
            all.retain(|_, place| now.saturating_sub(place.called_at) < LINGER);
        }
        if all.len() >= PLACES {
            return Way::Fresh;
        }
        let place = Place {
            called_at: now,
            has_answered: false,
        };
        all.insert(origin.to_owned(), place);
        Way::Kept { may_repeat: false }
    }

    /// What came of calling `origin`, at the monotonic time `now`.
    pub(super) fn note(&self, origin: &str, has_answered: bool, now: Duration) {
        if let Some(place) = self.all().get_mut(origin) {
            *place = Place {
                called_at: now,
                has_answered,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: Way = Way::Kept { may_repeat: false };
    const ONCE: Way = Way::Kept { may_repeat: true };

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_host_that_breaks_every_connection_is_not_called_twice() {
        let places = Places::default();
        assert_eq!(places.way("a", at(0)), NEVER, "nothing can be kept yet");
        places.note("a", true, at(0));
        assert_eq!(places.way("a", at(1)), ONCE);
        places.note("a", false, at(1));
        assert_eq!(places.way("a", at(2)), NEVER);
    }

    #[test]
    fn many_hosts_share_few_places_and_one_not_called_makes_room() {
        let places = Places::default();
        for host in 0..PLACES {
            assert_eq!(places.way(&host.to_string(), at(0)), NEVER);
        }
        assert_eq!(places.way("late", at(4)), Way::Fresh);
        places.note("0", true, at(4));
        assert_eq!(places.way("late", at(5)), NEVER);
        assert_eq!(places.way("0", at(5)), ONCE, "it was called meanwhile");
        assert_eq!(places.all().len(), 2);
    }

    #[test]
    fn what_came_of_a_call_gives_nobody_a_place() {
        let places = Places::default();
        places.note("a", true, at(0));
        assert!(places.all().is_empty());
    }
}
