//! The schedule in memory: when each order is looked at next. A mirror of `next_action_at` in the
//! store, fed by every commit of this process and read from the store at start; losing it loses
//! nothing.
//!
//! Invariant: a wait that has begun is measured by the monotonic clock, so a wall clock that is put
//! back makes nobody wait again; one that is put forward, or a machine that slept, ends waits early.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::domain::ids::OrderId;
use crate::seams::Clock;

/// The two clocks may drift apart this much before it counts as a jump.
const DRIFT_MS: i64 = 1_000;

pub(super) struct Schedule {
    clock: Arc<dyn Clock>,
    times: Mutex<Times>,
    changed: Notify,
}

#[derive(Default)]
struct Times {
    by_time: BTreeSet<(Duration, OrderId)>,
    of: BTreeMap<OrderId, Due>,
    /// Wall clock less monotonic clock when last compared, in milliseconds.
    offset_ms: i64,
    /// Wall time of the start, or of the latest jump.
    witnessed_since_ms: i64,
}

/// When one order is due, by both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Due {
    at: Duration,
    at_ms: i64,
}

impl Times {
    fn set(&mut self, order: OrderId, due: Option<Due>) {
        if let Some(old) = self.of.remove(&order) {
            self.by_time.remove(&(old.at, order));
        }
        if let Some(due) = due {
            self.of.insert(order, due);
            self.by_time.insert((due.at, order));
        }
    }

    fn first(&self) -> Option<(Duration, OrderId)> {
        self.by_time.first().copied()
    }
}

impl Schedule {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let times = Times {
            offset_ms: offset_ms(&*clock),
            witnessed_since_ms: clock.now_ms(),
            ..Times::default()
        };
        Self {
            clock,
            times: Mutex::new(times),
            changed: Notify::new(),
        }
    }

    /// Schedules `order` at `at_ms`, replacing what was there; `None` takes it off.
    pub(super) fn set(&self, order: OrderId, at_ms: Option<i64>) {
        self.put(order, at_ms.map(|at_ms| self.due(at_ms)));
    }

    /// Schedules `order` at a time that was told by `due`, replacing what was there.
    pub(super) fn put(&self, order: OrderId, due: Option<Due>) {
        let is_first = {
            let mut times = self.times();
            times.set(order, due);
            times.first().is_some_and(|(_, first)| first == order)
        };
        if is_first {
            self.changed.notify_one();
        }
    }

    /// Schedules `order` at once, as due since `due_ms` if that is later than the wall clock says.
    pub(super) fn set_due(&self, order: OrderId, due_ms: i64) {
        let (at, at_ms) = (self.clock.monotonic(), self.clock.now_ms().max(due_ms));
        self.put(order, Some(Due { at, at_ms }));
    }

    /// Schedules `order` only if it is not known here.
    pub(super) fn set_if_absent(&self, order: OrderId, at_ms: i64) {
        let is_known = self.times().of.contains_key(&order);
        if !is_known {
            self.set(order, Some(at_ms));
        }
    }

    /// Takes off and returns what is due, longest due first, at most `limit`; each with the time it
    /// was scheduled at, which has come whatever the wall clock says now.
    pub(super) fn take_due(&self, limit: usize) -> Vec<(OrderId, i64)> {
        let mut times = self.times();
        self.mind_jumps(&mut times);
        let now = self.clock.monotonic();
        let mut taken = Vec::new();
        while taken.len() < limit {
            let Some((_, order)) = times.first().filter(|(at, _)| *at <= now) else {
                break;
            };
            let at_ms = times.of.get(&order).map_or(0, |due| due.at_ms);
            times.set(order, None);
            taken.push((order, at_ms));
        }
        taken
    }

    /// How long until the next order is due.
    pub(super) fn next_in(&self) -> Option<Duration> {
        let first = self.times().first();
        first.map(|(at, _)| at.saturating_sub(self.clock.monotonic()))
    }

    /// Completes when the first entry may have changed.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Since when both clocks have gone together under the eyes of this process, UTC milliseconds.
    /// Windows that safety rests on count no time before it: who knows what happened then.
    pub(super) fn witnessed_since_ms(&self) -> i64 {
        let mut times = self.times();
        self.mind_jumps(&mut times);
        times.witnessed_since_ms
    }

    pub(super) fn wake(&self) {
        self.changed.notify_one();
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When `at_ms` is, by both clocks as they stand now: to be asked when the time is decided on, for
    /// a commit takes a while, and the wall clock may be put back meanwhile.
    pub(super) fn due(&self, at_ms: i64) -> Due {
        let wait_ms = u64::try_from(at_ms.saturating_sub(self.clock.now_ms())).unwrap_or(0);
        let at = self.clock.monotonic().saturating_add(Duration::from_millis(wait_ms));
        Due { at, at_ms }
    }

    /// After a jump of the wall clock an order is due when either clock says so.
    fn mind_jumps(&self, times: &mut Times) {
        let offset_ms = offset_ms(&*self.clock);
        let jump_ms = offset_ms.saturating_sub(times.offset_ms);
        if jump_ms.saturating_abs() <= DRIFT_MS {
            return;
        }
        times.offset_ms = offset_ms;
        times.witnessed_since_ms = self.clock.now_ms();
        tracing::warn!(jump_ms, "the wall clock has jumped; waits go on by the monotonic clock");
        let all: Vec<(OrderId, Due)> = times.of.iter().map(|(order, due)| (*order, *due)).collect();
        for (order, due) in all {
            let by_wall = self.due(due.at_ms);
            if by_wall.at < due.at {
                times.set(order, Some(by_wall));
            }
        }
    }
}

fn offset_ms(clock: &dyn Clock) -> i64 {
    let monotonic_ms = i64::try_from(clock.monotonic().as_millis()).unwrap_or(i64::MAX);
    clock.now_ms().saturating_sub(monotonic_ms)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;
    use crate::seams::BoxFuture;

    /// Monotonic and wall time, moved apart by hand.
    #[derive(Default)]
    struct TwoClocks {
        monotonic_ms: AtomicI64,
        wall_ms: AtomicI64,
    }

    impl TwoClocks {
        fn pass(&self, ms: i64) {
            self.monotonic_ms.fetch_add(ms, Ordering::Relaxed);
            self.jump(ms);
        }

        fn jump(&self, ms: i64) {
            self.wall_ms.fetch_add(ms, Ordering::Relaxed);
        }
    }

    impl Clock for TwoClocks {
        fn now_ms(&self) -> i64 {
            self.wall_ms.load(Ordering::Relaxed)
        }

        fn monotonic(&self) -> Duration {
            Duration::from_millis(u64::try_from(self.monotonic_ms.load(Ordering::Relaxed)).unwrap())
        }

        fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
            Box::pin(std::future::pending())
        }
    }

    fn new() -> (Arc<TwoClocks>, Schedule, [OrderId; 2]) {
        let clock = Arc::new(TwoClocks::default());
        clock.pass(10_000_000);
        let schedule = Schedule::new(Arc::<TwoClocks>::clone(&clock));
        (clock, schedule, [1, 2].map(|id| OrderId::from_stored(id).unwrap()))
    }

    #[test]
    fn a_clock_put_back_while_a_commit_is_under_way_makes_nobody_wait() {
        let (clock, schedule, [a, _]) = new();
        let decided = schedule.due(clock.now_ms() + 100);
        clock.jump(-3_600_000);
        schedule.put(a, Some(decided));
        clock.pass(100);
        assert_eq!(schedule.take_due(10).len(), 1);
    }

    #[test]
    fn the_latest_time_of_an_order_is_the_only_one() {
        let (clock, schedule, [a, b]) = new();
        let start_ms = clock.now_ms();
        schedule.set(a, Some(start_ms + 10));
        schedule.set(b, Some(start_ms + 20));
        schedule.set(a, Some(start_ms + 30));
        schedule.set_if_absent(b, start_ms + 5);
        clock.pass(25);
        assert_eq!(schedule.take_due(10), [(b, start_ms + 20)]);
        assert_eq!(schedule.take_due(10), []);
        assert_eq!(schedule.next_in(), Some(Duration::from_millis(5)));
        schedule.set(a, None);
        assert_eq!(schedule.next_in(), None);
    }

    #[test]
    fn a_clock_put_back_makes_nobody_wait_again() {
        let (clock, schedule, [a, _]) = new();
        let due_ms = clock.now_ms() + 1_000;
        schedule.set(a, Some(due_ms));
        clock.jump(-3_600_000);
        clock.pass(999);
        assert_eq!(schedule.take_due(10), []);
        clock.pass(1);
        assert_eq!(schedule.take_due(10), [(a, due_ms)]);
    }

    #[test]
    fn a_clock_put_forward_ends_the_wait() {
        let (clock, schedule, [a, b]) = new();
        let start_ms = clock.now_ms();
        schedule.set(a, Some(start_ms + 60_000));
        schedule.set(b, Some(start_ms + 7_200_000));
        clock.jump(3_600_000);
        assert_eq!(schedule.take_due(10), [(a, start_ms + 60_000)]);
        assert_eq!(schedule.next_in(), Some(Duration::from_millis(3_600_000)));
    }

    #[test]
    fn what_had_come_is_due_at_once_though_the_wall_clock_was_put_back() {
        let clocks = Arc::new(TwoClocks::default());
        clocks.pass(7_200_000);
        let schedule = Schedule::new(Arc::<TwoClocks>::clone(&clocks));
        let (a, due_ms) = (OrderId::compose(1_800_000_000_000, 1, 1).unwrap(), clocks.now_ms());
        clocks.jump(-3_600_000);
        schedule.set_due(a, due_ms);
        assert_eq!(schedule.take_due(10), [(a, due_ms)]);
    }
}
