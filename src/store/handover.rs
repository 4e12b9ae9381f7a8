//! Callbacks on their way from the commit that queued them to the worker that tells shops, so that
//! nobody reads from a disk what was just written there.
//!
//! The outbox stays the truth: what is handed over is a copy, lost with the process, and bounded.
//! Invariant: a callback is put here before its commit is answered, and so before any result of a
//! try of it can be written. A worker that takes what is here before it hears of a result never
//! sees a callback come back that it has told already.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use super::{Answer, CallbackState, Command, StoredCallback};
use crate::domain::effect::{Change, Effect};
use crate::domain::event::Subject;

/// More than these wait in the outbox alone.
const MOST: usize = 4_096;

/// What has been queued since somebody last asked.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Queued {
    /// The callbacks, in the order of their commits.
    pub rows: Vec<Fresh>,
    /// Whether there may be more than these: look into the outbox.
    pub is_partial: bool,
}

/// A callback just queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fresh {
    /// As it stands in the outbox.
    pub row: StoredCallback,
    /// Whether its order had none before, so that it waits for no other.
    pub is_first: bool,
}

/// Where a store puts what it has queued.
#[derive(Debug, Default)]
pub(super) struct Handover {
    queued: Mutex<Queued>,
    wake: Notify,
}

impl Handover {
    /// Notes what a command has queued, going by its answer. Call it before anybody hears the answer.
    pub(super) fn note(&self, command: &Command, answer: &Answer) {
        let Command::Decide(decision) = command else { return };
        let change = &decision.change;
        let mut told = change.effects.iter().filter_map(|effect| match effect {
            Effect::Tell(callback) => Some(callback),
            Effect::Post(_) | Effect::OpenCase(_) | Effect::Record(_) | Effect::Keep { .. } | Effect::Transmit { .. } => None,
        });
        match answer {
            Answer::Done => {
                for (place, callback) in told.enumerate() {
                    let is_first = place == 0 && brings_the_verdict(change);
                    let row = StoredCallback {
                        callback: callback.clone(),
                        state: CallbackState::Due(callback.created_at_ms),
                        tries: 0,
                        last_result: None,
                    };
                    self.put(Fresh { row, is_first });
                }
            }
            Answer::Unknown if told.next().is_some() => self.look(),
            Answer::Unknown | Answer::Stale | Answer::Refused(_) | Answer::Outage(_) => {}
        }
    }

    fn put(&self, fresh: Fresh) {
        let mut queued = self.queued.lock().unwrap_or_else(PoisonError::into_inner);
        if queued.rows.len() < MOST {
            queued.rows.push(fresh);
        } else {
            queued.is_partial = true;
        }
        drop(queued);
        self.wake.notify_one();
    }

    fn look(&self) {
        self.queued.lock().unwrap_or_else(PoisonError::into_inner).is_partial = true;
        self.wake.notify_one();
    }

    /// What was queued since the last time; waits until there is something.
    pub(super) async fn take(&self) -> Queued {
        loop {
            let queued = std::mem::take(&mut *self.queued.lock().unwrap_or_else(PoisonError::into_inner));
            if queued != Queued::default() {
                return queued;
            }
            self.wake.notified().await;
        }
    }
}

/// The verdict is the first thing that a shop is ever told of an order, and there is only one.
fn brings_the_verdict(change: &Change) -> bool {
    change.events.iter().any(|event| matches!(event.subject(), Subject::Verdict(_)))
}

#[cfg(test)]
mod tests;
