//! What the store and its writer both see: the seams, the keys, and whether the file can be written and
//! trusted.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use super::opening::Lock;
use crate::seams::Clock;
use crate::store::Faults;
use crate::store::handover::Handover;
use crate::store::seal::Sealer;
use crate::store::signer::Signer;

/// What the store and its writer both see.
pub(super) struct Shared {
    pub clock: Arc<dyn Clock>,
    pub sealer: Sealer,
    pub signer: Arc<Signer>,
    pub faults: Arc<Faults>,
    pub writable: AtomicBool,
    pub fatal: watch::Sender<Option<String>>,
    pub handover: Handover,
    pub ended: watch::Sender<bool>,
    pub lock: Mutex<Option<Lock>>,
}

impl Shared {
    pub fn is_fatal(&self) -> bool {
        self.fatal.borrow().is_some()
    }

    pub fn declare_fatal(&self, reason: &str) {
        self.writable.store(false, Ordering::SeqCst);
        let is_first = self.fatal.send_if_modified(|fatal| {
            let is_first = fatal.is_none();
            fatal.get_or_insert_with(|| reason.to_owned());
            is_first
        });
        if is_first {
            tracing::error!(
                reason,
                "the database file failed: nothing is read or written until the process has started anew"
            );
        }
    }

    pub fn mark_unwritable(&self, reason: &str) {
        if self.writable.swap(false, Ordering::SeqCst) {
            tracing::warn!(reason, "the database cannot be written at the moment");
        }
    }
}
