//! What this process saw of the suppliers, for the others; and what they saw, for its own book.
//!
//! Advice only: nothing here decides about an order, and what does not get through is lost.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::Dispatch;
use crate::router::Sighting;

/// Sightings kept for others; while nobody fetches them the oldest go.
const MOST_KEPT: usize = 1_024;
/// What is older says nothing any more, in milliseconds.
const STALE_MS: i64 = 600_000;

/// Sightings on their way to others.
#[derive(Default)]
pub(super) struct Gossip(Mutex<Option<VecDeque<Sighting>>>);

impl Gossip {
    /// Keeps sightings for whoever asks, if anybody does.
    pub(super) fn keep(&self, seen: &[Sighting]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = kept.as_mut() {
            kept.extend(seen.iter().cloned());
            let over = kept.len().saturating_sub(MOST_KEPT);
            kept.drain(..over);
        }
    }
}

impl Dispatch {
    /// The next sightings for other processes, oldest first, at most so many. The first call begins the keeping.
    #[must_use]
    pub fn sightings(&self, most: usize) -> Vec<Sighting> {
        let mut kept = self.house.steer.gossip.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.get_or_insert_default();
        let count = kept.len().min(most);
        kept.drain(..count).collect()
    }

    /// Takes in what other processes saw. Suppliers that this one does not know are nobody's.
    pub fn hear_of(&self, mut seen: Vec<Sighting>) {
        let from_ms = self.house.now_ms().saturating_sub(STALE_MS);
        seen.retain(|sighting| sighting.at_ms >= from_ms && self.house.parts.suppliers.contains_key(&sighting.supplier));
        self.house.notice(&seen);
    }
}
