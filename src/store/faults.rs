//! Faults on demand: what a simulation or a test asks a store to suffer, the same for every store.
//!
//! A batch without a winner has nothing to commit, so only an outage can befall it. A store without
//! planned faults pays one uncontended lock a batch. Deliberately absent: chance; whoever plans
//! faults draws them from its own seed.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// What happens to one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It does not begin: everything in it is answered `Outage`.
    Outage,
    /// It is written, and its acknowledgement is lost: everything in it is answered `Unknown`.
    UnknownApplied,
    /// It is not written, and nobody can tell: everything in it is answered `Unknown`.
    UnknownNotApplied,
}

/// The faults to come.
#[derive(Debug, Default)]
pub struct Faults {
    planned: Mutex<VecDeque<Option<Fault>>>,
    reads_fail: AtomicBool,
}

impl Faults {
    /// Plans the fate of the next transaction that is not yet planned for; `None` lets it pass.
    pub fn plan(&self, fault: Option<Fault>) {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner).push_back(fault);
    }

    /// From now on every read fails, or none does.
    pub fn fail_reads(&self, fail: bool) {
        self.reads_fail.store(fail, Ordering::SeqCst);
    }

    pub(super) fn next(&self) -> Option<Fault> {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner).pop_front().flatten()
    }

    pub(super) fn reads_fail(&self) -> bool {
        self.reads_fail.load(Ordering::SeqCst)
    }
}
