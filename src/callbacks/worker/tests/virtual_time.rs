//! A clock that moves only when everybody is waiting for it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::oneshot;

use super::lock;
use crate::seams::{BoxFuture, Clock};

pub(super) struct VirtualClock {
    state: Mutex<State>,
}

struct State {
    now_ms: i64,
    started_ms: i64,
    number: u64,
    sleepers: BTreeMap<(i64, u64), oneshot::Sender<()>>,
}

impl VirtualClock {
    pub(super) fn starting_at(now_ms: i64) -> Self {
        Self {
            state: Mutex::new(State {
                now_ms,
                started_ms: now_ms,
                number: 0,
                sleepers: BTreeMap::new(),
            }),
        }
    }

    /// Lets `ms` pass, stopping wherever somebody wants to be woken.
    pub(super) async fn pass(&self, ms: i64) {
        let end_ms = lock(&self.state).now_ms + ms;
        loop {
            settle().await;
            let mut state = lock(&self.state);
            state.sleepers.retain(|_, wake| !wake.is_closed());
            let next_ms = state.sleepers.keys().next().map(|(at_ms, _)| *at_ms);
            let Some(next_ms) = next_ms.filter(|at_ms| *at_ms <= end_ms) else {
                state.now_ms = end_ms;
                return;
            };
            state.now_ms = next_ms;
            let later = state.sleepers.split_off(&(next_ms, u64::MAX));
            for wake in std::mem::replace(&mut state.sleepers, later).into_values() {
                let _ = wake.send(());
            }
        }
    }
}

impl Clock for VirtualClock {
    fn now_ms(&self) -> i64 {
        lock(&self.state).now_ms
    }

    fn monotonic(&self) -> Duration {
        let state = lock(&self.state);
        Duration::from_millis(u64::try_from(state.now_ms - state.started_ms).unwrap())
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        if duration.is_zero() {
            return Box::pin(tokio::task::yield_now());
        }
        let mut state = lock(&self.state);
        let (wake, woken) = oneshot::channel();
        let at_ms = state.now_ms + i64::try_from(duration.as_millis()).unwrap().max(1);
        state.number += 1;
        let number = state.number;
        state.sleepers.insert((at_ms, number), wake);
        Box::pin(async move {
            let _ = woken.await;
        })
    }
}

/// Long enough for every chain of wake-ups in these tests to come to rest.
async fn settle() {
    for _ in 0..30 {
        tokio::task::yield_now().await;
    }
}
