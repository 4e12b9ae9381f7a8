//! Writing down what came of tries: all that wait together at once, however long the database is away, unless
//! the process stops first. Meanwhile their orders count as busy, so nothing is repeated.

use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::deliver::{Desk, Report};
use crate::domain::ids::OrderId;
use crate::store::{Answer, CallbackState, CallbackTried, Command};

/// How long a callback rests whose result the store will not take.
const REFUSED_REST_MS: i64 = 60_000;

/// What came of a try, and of which order.
#[derive(Debug)]
pub(super) struct Tried {
    pub(super) order: OrderId,
    pub(super) result: CallbackTried,
}

impl Tried {
    fn settled(self, not_before_ms: Option<i64>) -> Report {
        Report::Settled {
            id: self.result.id,
            order: self.order,
            not_before_ms,
        }
    }

    /// When the ladder has it tried again, UTC milliseconds.
    fn next_ms(&self) -> Option<i64> {
        match self.result.state {
            CallbackState::Due(at_ms) => Some(at_ms),
            CallbackState::Delivered | CallbackState::Parked => None,
        }
    }
}

impl Desk {
    /// Writes all of `tried` down and reports each as settled. Losing it only repeats callbacks.
    pub(super) async fn write_down(&self, tried: Vec<Tried>, reports: mpsc::UnboundedSender<Report>, mut stopping: watch::Receiver<bool>) {
        let is_last = *stopping.borrow_and_update();
        let mut open = self.write(tried, is_last, &reports).await;
        // What could not be written waits by itself: it holds up no other result.
        drop(reports.send(Report::Written));
        let mut pause = Duration::from_secs(1);
        while !open.is_empty() {
            tokio::select! {
                biased;
                // The sender goes with the worker, and then nobody waits for the rest.
                changed = stopping.changed() => if changed.is_err() { return },
                () = self.clock.sleep(pause) => {}
            }
            pause = pause.saturating_mul(2).min(Duration::from_secs(5));
            let is_last = *stopping.borrow_and_update();
            open = self.write(open, is_last, &reports).await;
        }
    }

    /// Writes once; what is left to be written again, nothing of it the last time.
    async fn write(&self, tried: Vec<Tried>, is_last: bool, reports: &mpsc::UnboundedSender<Report>) -> Vec<Tried> {
        let commands = tried.iter().map(|tried| Command::CallbackTried(tried.result.clone()));
        let answers = self.store.commit_all(commands.collect()).await;
        let mut open = Vec::new();
        for (tried, answer) in tried.into_iter().zip(answers) {
            let not_before_ms = match answer {
                Answer::Outage(_) | Answer::Unknown if !is_last => {
                    open.push(tried);
                    continue;
                }
                Answer::Done | Answer::Outage(_) | Answer::Unknown => tried.next_ms(),
                Answer::Stale | Answer::Refused(_) => {
                    tracing::error!(callback = %tried.result.id, "the store refuses a callback's result; it will be tried again");
                    Some(tried.result.at_ms.saturating_add(REFUSED_REST_MS))
                }
            };
            drop(reports.send(tried.settled(not_before_ms)));
        }
        open
    }
}
