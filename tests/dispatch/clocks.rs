//! Wall and monotonic time that move only when everybody waits for them, and apart if asked to.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use recharge_gateway::seams::{BoxFuture, Clock};
use tokio::sync::oneshot;

pub struct Clocks(Mutex<State>);

struct State {
    monotonic_ms: i64,
    offset_ms: i64,
    number: u64,
    sleepers: BTreeMap<(i64, u64), oneshot::Sender<()>>,
}

impl Clocks {
    pub fn new() -> Self {
        Self(Mutex::new(State {
            monotonic_ms: 0,
            offset_ms: 1_790_000_000_000,
            number: 0,
            sleepers: BTreeMap::new(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Puts the wall clock forward, or back.
    pub fn jump(&self, ms: i64) {
        self.state().offset_ms += ms;
    }

    /// Lets `ms` pass, stopping wherever somebody wants to be woken.
    pub async fn pass(&self, ms: i64) {
        let end_ms = self.state().monotonic_ms + ms;
        loop {
            settle().await;
            let mut state = self.state();
            state.sleepers.retain(|_, wake| !wake.is_closed());
            let next_ms = state.sleepers.keys().next().map(|(at_ms, _)| *at_ms);
            let Some(next_ms) = next_ms.filter(|at_ms| *at_ms <= end_ms) else {
                state.monotonic_ms = end_ms;
                break;
            };
            state.monotonic_ms = next_ms;
            let later = state.sleepers.split_off(&(next_ms, u64::MAX));
            for wake in std::mem::replace(&mut state.sleepers, later).into_values() {
                let _ = wake.send(());
            }
        }
        settle().await;
    }
}

impl Clock for Clocks {
    fn now_ms(&self) -> i64 {
        let state = self.state();
        state.monotonic_ms + state.offset_ms
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.state().monotonic_ms).unwrap())
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        if duration.is_zero() {
            return Box::pin(tokio::task::yield_now());
        }
        let mut state = self.state();
        let (wake, woken) = oneshot::channel();
        let at_ms = state.monotonic_ms + i64::try_from(duration.as_millis()).unwrap().max(1);
        state.number += 1;
        let number = state.number;
        state.sleepers.insert((at_ms, number), wake);
        Box::pin(async move {
            let _ = woken.await;
        })
    }
}

/// Long enough for every chain of wake-ups in these tests to come to rest.
pub async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}
