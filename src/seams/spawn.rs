//! Concurrency: every background task is started here, so that a simulation decides who runs
//! next and a graceful stop knows who is still at work.

use super::BoxFuture;

/// The only way to start a task that outlives its caller.
pub trait Spawner: Send + Sync {
    /// Runs `task` to its end; dropping the caller does not cancel it.
    fn spawn(&self, task: BoxFuture<'static, ()>);
}

/// Spawns on one tokio runtime, whichever thread asks (an HTTP worker's own runtime included).
#[derive(Debug, Clone)]
pub struct TokioSpawner {
    handle: tokio::runtime::Handle,
}

impl TokioSpawner {
    /// Spawns onto the runtime behind `handle`.
    #[must_use]
    pub fn new(handle: tokio::runtime::Handle) -> Self {
        Self { handle }
    }
}

impl Spawner for TokioSpawner {
    #[expect(clippy::disallowed_methods, reason = "this is the seam that the ban points to")]
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.handle.spawn(task);
    }
}
