//! Time that passes only when nobody has anything left to do: one monotonic line for the whole world,
//! and for each node a wall clock of its own that can be put forward or back.
//!
//! An own clock rather than tokio's paused one: the seams need nothing of tokio's, each node needs its
//! own wall, and what is ready at the same moment is woken in an order that the seed decides.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use recharge_gateway::seams::{BoxFuture, Clock};

/// What the clocks on the wall show when a history begins, UTC milliseconds.
pub const START_MS: i64 = 1_790_000_000_000;

/// The world's line of time, in milliseconds since the history began.
#[derive(Clone, Default)]
pub struct Time(Arc<Mutex<Line>>);

#[derive(Default)]
struct Line {
    now_ms: i64,
    serial: u64,
    sleepers: BTreeMap<(i64, u64), Waker>,
}

impl Time {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds since the history began.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.line().now_ms
    }

    /// Completes `ms` milliseconds from now.
    #[must_use]
    pub fn sleep(&self, ms: i64) -> Sleep {
        let mut line = self.line();
        line.serial += 1;
        Sleep {
            key: (line.now_ms + ms.max(0), line.serial),
            time: self.clone(),
        }
    }

    /// Goes on to the next moment that somebody waits for and wakes all who wait for it; false if
    /// nobody waits.
    #[must_use]
    pub fn pass(&self) -> bool {
        let mut line = self.line();
        let Some((at_ms, _)) = line.sleepers.keys().next().copied() else {
            return false;
        };
        line.now_ms = at_ms;
        let later = line.sleepers.split_off(&(at_ms, u64::MAX));
        let due = std::mem::replace(&mut line.sleepers, later);
        drop(line);
        due.into_values().for_each(Waker::wake);
        true
    }
}

/// Sleeps to a moment on the world's line; takes its timer along when dropped.
pub struct Sleep {
    key: (i64, u64),
    time: Time,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut line = self.time.line();
        if line.now_ms >= self.key.0 {
            return Poll::Ready(());
        }
        line.sleepers.insert(self.key, cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let removed = self.time.line().sleepers.remove(&self.key);
        drop(removed);
    }
}

/// One node's clock: its wall may jump, its monotonic time never does.
#[derive(Clone)]
pub struct NodeClock {
    time: Time,
    offset_ms: Arc<AtomicI64>,
}

impl NodeClock {
    /// A clock that shows the right time.
    #[must_use]
    pub fn new(time: &Time) -> Self {
        Self {
            time: time.clone(),
            offset_ms: Arc::new(AtomicI64::new(0)),
        }
    }

    /// Sets the wall clock this far from the right time.
    pub fn set(&self, offset_ms: i64) {
        self.offset_ms.store(offset_ms, Ordering::Relaxed);
    }
}

impl Clock for NodeClock {
    fn now_ms(&self) -> i64 {
        START_MS + self.time.now_ms() + self.offset_ms.load(Ordering::Relaxed)
    }

    fn monotonic(&self) -> Duration {
        // Far from zero, as on any machine that has been up for a while.
        Duration::from_secs(1_000) + Duration::from_millis(u64::try_from(self.time.now_ms()).unwrap())
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        // A timer of whole milliseconds that rang early would be asked for again and again.
        let ms = i64::try_from(duration.as_micros().div_ceil(1_000)).unwrap_or(i64::MAX / 4);
        Box::pin(self.time.sleep(ms))
    }
}
