//! One thread, many tasks: which of those that are ready goes next is drawn from the seed, one poll is
//! one step, and a node dies by dropping its tasks wherever they stand.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};

use recharge_gateway::seams::{BoxFuture, Spawner};

use crate::dice::Dice;

/// Whose task it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The network's, a supplier's or a shop's: outlives every node.
    World,
    /// A node's, in one of its lives.
    Node {
        /// Which node.
        node: usize,
        /// Which of its lives, from 1.
        life: u32,
    },
}

/// A task as it was started.
type Started = (Owner, BoxFuture<'static, ()>);

/// Tasks started by those who run, not taken up yet.
#[derive(Clone, Default)]
pub struct Inbox(Arc<Mutex<Vec<Started>>>);

impl Inbox {
    /// Starts a task.
    pub fn start(&self, owner: Owner, task: impl Future<Output = ()> + Send + 'static) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((owner, Box::pin(task)));
    }

    fn take(&self) -> Vec<Started> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The gateway's seam: what one life of a node starts dies with it.
pub struct NodeSpawner {
    /// Where its tasks go.
    pub inbox: Inbox,
    /// Who it is.
    pub owner: Owner,
}

impl Spawner for NodeSpawner {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.inbox.start(self.owner, task);
    }
}

type Local = Pin<Box<dyn Future<Output = ()>>>;

struct Task {
    owner: Owner,
    future: Local,
    flag: Arc<Flag>,
}

type Ready = Arc<Mutex<Vec<usize>>>;

struct Flag {
    place: usize,
    is_queued: AtomicBool,
    ready: Ready,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_queued.swap(true, Ordering::Relaxed) {
            self.ready.lock().unwrap_or_else(PoisonError::into_inner).push(self.place);
        }
    }
}

/// All tasks of one history.
#[derive(Default)]
pub struct Tasks {
    all: Vec<Option<Task>>,
    ready: Ready,
}

impl Tasks {
    /// Takes a task up.
    pub fn add(&mut self, owner: Owner, future: Local) {
        let flag = Arc::new(Flag {
            place: self.all.len(),
            is_queued: AtomicBool::new(false),
            ready: Arc::clone(&self.ready),
        });
        flag.wake_by_ref();
        self.all.push(Some(Task { owner, future, flag }));
    }

    /// Takes up what was started.
    pub fn take_up(&mut self, inbox: &Inbox) {
        for (owner, task) in inbox.take() {
            self.add(owner, task);
        }
    }

    /// Polls one of those that are ready, and says which; `None` if none is.
    pub fn step(&mut self, dice: &Dice) -> Option<usize> {
        loop {
            let place = {
                let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
                if ready.is_empty() {
                    return None;
                }
                let drawn = if ready.len() == 1 { 0 } else { dice.place(ready.len()) };
                ready.swap_remove(drawn)
            };
            let Some(mut task) = self.all[place].take() else { continue };
            task.flag.is_queued.store(false, Ordering::Relaxed);
            let waker = Waker::from(Arc::clone(&task.flag));
            if task.future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
                self.all[place] = Some(task);
            }
            return Some(place);
        }
    }

    /// Drops every task of `owner`, in the order they were started.
    pub fn kill(&mut self, owner: Owner) {
        for place in 0..self.all.len() {
            if self.all[place].as_ref().is_some_and(|task| task.owner == owner) {
                drop(self.all[place].take());
            }
        }
    }
}
