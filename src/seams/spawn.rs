//! Concurrency: every background task is started here, so that a simulation decides who runs
//! next and a graceful stop knows who is still at work.

use super::BoxFuture;

/// The only way to start a task that outlives its caller.
pub trait Spawner: Send + Sync {
    /// Runs `task` to its end; dropping the caller does not cancel it.
    fn spawn(&self, task: BoxFuture<'static, ()>);
}

/// Spawns on the runtime of the thread that asks: what an HTTP worker starts stays on its thread, and
/// no other has to be woken for it. A thread without a runtime uses the one given.
#[derive(Debug, Clone)]
pub struct TokioSpawner {
    handle: tokio::runtime::Handle,
}

impl TokioSpawner {
    /// Falls back to the runtime behind `handle`.
    #[must_use]
    pub fn new(handle: tokio::runtime::Handle) -> Self {
        Self { handle }
    }
}

impl Spawner for TokioSpawner {
    #[expect(clippy::disallowed_methods, reason = "this is the seam that the ban points to")]
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        match tokio::runtime::Handle::try_current() {
            Ok(here) => drop(here.spawn(task)),
            Err(_) => drop(self.handle.spawn(task)),
        }
    }
}
