//! What the world outside knows of every order: when it was taken, when its supplier spoke, when its
//! shop was told, and how often it was charged. The benchmark's truth.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use tokio::sync::Notify;

/// Orders of one run, at most.
const CAPACITY: usize = 3_000_000;
/// Clients at once, at most.
pub const CLIENTS: usize = 1_024;

/// One order; times are microseconds since the book was opened, 0 for "not yet".
#[derive(Default)]
pub struct Entry {
    asked_at: AtomicU64,
    told_at: AtomicU64,
    word_at: AtomicU64,
    client: AtomicU32,
    pub charges: AtomicU8,
    pub callbacks: AtomicU8,
}

/// All orders by their serial number, which travels in the recipient and in the shop's number.
pub struct Book {
    opened: Instant,
    entries: Vec<Entry>,
    next: AtomicUsize,
    told: Vec<Notify>,
    told_count: AtomicU64,
}

impl Book {
    pub fn open() -> Self {
        Self {
            opened: Instant::now(),
            entries: (0..CAPACITY).map(|_| Entry::default()).collect(),
            next: AtomicUsize::new(1),
            told: (0..CLIENTS).map(|_| Notify::new()).collect(),
            told_count: AtomicU64::new(0),
        }
    }

    pub fn now_us(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// A new order's serial number.
    pub fn next(&self) -> usize {
        let serial = self.next.fetch_add(1, Ordering::Relaxed);
        assert!(serial < CAPACITY, "a run has at most {CAPACITY} orders");
        serial
    }

    /// The serial numbers given out so far.
    pub fn serials(&self) -> usize {
        self.next.load(Ordering::Relaxed)
    }

    pub fn entry(&self, serial: usize) -> Option<&Entry> {
        self.entries.get(serial)
    }

    /// `client` asks for order `serial` now.
    pub fn ask(&self, serial: usize, client: usize) {
        if let Some(entry) = self.entry(serial) {
            entry.client.store(u32::try_from(client).unwrap_or(0), Ordering::Relaxed);
            entry.asked_at.store(self.now_us(), Ordering::Relaxed);
        }
    }

    /// The supplier charges an order.
    pub fn charge(&self, serial: usize) {
        if let Some(entry) = self.entry(serial) {
            entry.charges.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The supplier says, now, what became of an order.
    pub fn word(&self, serial: usize) {
        if let Some(entry) = self.entry(serial) {
            entry.word_at.store(self.now_us(), Ordering::Relaxed);
        }
    }

    /// The shop hears, now, what became of an order.
    pub fn tell(&self, serial: usize) {
        let Some(entry) = self.entry(serial) else { return };
        if entry.callbacks.fetch_add(1, Ordering::Relaxed) == 0 {
            entry.told_at.store(self.now_us(), Ordering::Relaxed);
            self.told_count.fetch_add(1, Ordering::Relaxed);
            let client = usize::try_from(entry.client.load(Ordering::Relaxed)).unwrap_or(0);
            if let Some(told) = self.told.get(client) {
                told.notify_one();
            }
        }
    }

    /// Completes when `client` has been told of an order.
    pub async fn told(&self, client: usize) {
        if let Some(told) = self.told.get(client) {
            told.notified().await;
        }
    }

    /// How many orders have been told of so far.
    pub fn told_count(&self) -> u64 {
        self.told_count.load(Ordering::Relaxed)
    }
}

impl Entry {
    pub fn is_told(&self) -> bool {
        self.told_at.load(Ordering::Relaxed) > 0
    }

    /// From the supplier's word to the callback's arrival, if both happened after `since`.
    pub fn word_to_callback_us(&self, since: u64) -> Option<u64> {
        let (word, told) = (self.word_at.load(Ordering::Relaxed), self.told_at.load(Ordering::Relaxed));
        (word > since && told > 0).then(|| told.saturating_sub(word))
    }

    /// From the shop's request to the callback's arrival, if both happened after `since`.
    pub fn whole_us(&self, since: u64) -> Option<u64> {
        let (asked, told) = (self.asked_at.load(Ordering::Relaxed), self.told_at.load(Ordering::Relaxed));
        (asked > since && told > 0).then(|| told.saturating_sub(asked))
    }
}
