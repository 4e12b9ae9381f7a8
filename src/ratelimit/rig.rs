//! Virtual time for the tests of this room: a clock that moves only when told, and tasks that are
//! polled in order until nothing stirs. No runtime, no threads, no waiting.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use super::Waiting;
use crate::domain::ids::{OrderId, ShopId};
use crate::domain::limits::Rate;
use crate::seams::{BoxFuture, Clock};

/// An order of a shop of weight 1; all of them have one deadline.
pub fn waiting(shop: i64, order: OrderId) -> Waiting {
    Waiting {
        order,
        shop: ShopId(shop),
        weight: 1,
        deadline_ms: 0,
    }
}

/// The first window with more than the contract in it: which of those sent, in order and in nanoseconds,
/// and how much too early it was.
pub fn too_many(rate: Rate, sent: &[u64]) -> Option<(usize, u64)> {
    let step = 60_000_000_000_u64.div_ceil(u64::from(rate.per_minute));
    // As full as it may be before each one: one pass finds what comparing all pairs would.
    let mut tat = 0_u64;
    for (i, at) in sent.iter().enumerate() {
        let least = tat.saturating_sub(u64::from(rate.burst - 1) * step);
        if *at < least {
            return Some((i, least - at));
        }
        tat = tat.max(*at) + step;
    }
    None
}

/// A clock that the test moves.
#[derive(Clone, Default)]
pub struct TestClock(Arc<Mutex<Hands>>);

#[derive(Default)]
struct Hands {
    now: Duration,
    timers: BTreeMap<(Duration, u64), Waker>,
    last: u64,
}

impl TestClock {
    /// Moves the hands without waking anybody: for tests without tasks.
    pub fn pass(&self, time: Duration) {
        self.0.lock().unwrap().now += time;
    }

    /// Moves to the next timer that is due at or before `until`; false if there is none.
    fn ring_next(&self, until: Duration) -> bool {
        let mut hands = self.0.lock().unwrap();
        let Some(entry) = hands.timers.first_entry().filter(|entry| entry.key().0 <= until) else {
            return false;
        };
        let ((at, _), waker) = entry.remove_entry();
        hands.now = hands.now.max(at);
        waker.wake();
        true
    }
}

impl Clock for TestClock {
    fn now_ms(&self) -> i64 {
        i64::try_from(self.monotonic().as_millis()).unwrap()
    }

    fn monotonic(&self) -> Duration {
        self.0.lock().unwrap().now
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let mut hands = self.0.lock().unwrap();
        hands.last += 1;
        let key = (hands.now + duration, hands.last);
        Box::pin(Sleep { clock: self.clone(), key })
    }
}

struct Sleep {
    clock: TestClock,
    key: (Duration, u64),
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut hands = self.clock.0.lock().unwrap();
        if hands.now >= self.key.0 {
            return Poll::Ready(());
        }
        hands.timers.insert(self.key, cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.clock.0.lock().unwrap().timers.remove(&self.key);
    }
}

/// Tasks under a test clock.
#[derive(Default)]
pub struct Rig {
    /// The clock.
    pub clock: TestClock,
    /// How often a task was polled in all.
    pub polls: usize,
    tasks: Vec<Task>,
}

struct Task {
    flag: Arc<Flag>,
    future: Option<BoxFuture<'static, ()>>,
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Rig {
    /// Starts a task; the number names it for `kill`.
    pub fn start(&mut self, future: impl Future<Output = ()> + Send + 'static) -> usize {
        self.tasks.push(Task {
            flag: Arc::new(Flag(AtomicBool::new(true))),
            future: Some(Box::pin(future)),
        });
        self.settle();
        self.tasks.len() - 1
    }

    /// Drops a task wherever it stands.
    pub fn kill(&mut self, task: usize) {
        self.tasks[task].future = None;
        self.settle();
    }

    /// Whether a task has come to its end (or was killed).
    pub fn is_over(&self, task: usize) -> bool {
        self.tasks[task].future.is_none()
    }

    /// Polls until nothing stirs.
    pub fn settle(&mut self) {
        self.settle_without(usize::MAX);
    }

    /// Polls until nothing stirs but `slow`, which is not polled.
    pub fn settle_without(&mut self, slow: usize) {
        let mut stirs = true;
        while stirs {
            stirs = false;
            for (number, task) in self.tasks.iter_mut().enumerate() {
                let Some(future) = task.future.as_mut() else { continue };
                if number == slow || !task.flag.0.swap(false, Ordering::SeqCst) {
                    continue;
                }
                stirs = true;
                self.polls += 1;
                let waker = Waker::from(Arc::clone(&task.flag));
                if future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                    task.future = None;
                }
            }
        }
    }

    /// Lets time pass, timer by timer.
    pub fn pass(&mut self, time: Duration) {
        let until = self.clock.monotonic() + time;
        self.settle();
        while self.clock.ring_next(until) {
            self.settle();
        }
        self.clock.0.lock().unwrap().now = until;
    }
}
