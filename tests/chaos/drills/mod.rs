//! Drills: one misfortune each, and the row of docs/spec/faults.md that says what must come of it.

mod clock;
mod crowd;
mod disk;
mod locked;
mod shops;
mod steering;
mod stopped;
mod wire;

use std::cell::Cell;
use std::future::Future;
use std::process::Command;
use std::time::Duration;

use recharge_gateway::seams::Clock;

use crate::load::Load;
use crate::world::World;

impl World {
    /// Waits until `is_so`; `what` is said if it is not in time.
    pub async fn until<F: Future<Output = bool>>(&self, what: &str, patience: Duration, is_so: impl Fn() -> F) -> Duration {
        let begin = self.clock.monotonic();
        loop {
            let waited = self.clock.monotonic().saturating_sub(begin);
            if is_so().await {
                return waited;
            }
            assert!(waited < patience, "waited {waited:?} in vain: {what}\n{}", self.log());
            self.clock.sleep(Duration::from_millis(20)).await;
        }
    }

    /// Submits that have reached any supplier.
    pub fn submits(&self) -> i64 {
        self.suppliers.iter().map(|supplier| supplier.proxy.submits()).sum()
    }
}

/// Orders keep coming while `misfortune` takes its course.
pub async fn under_load(load: &Load<'_>, misfortune: impl Future<Output = ()>) {
    let is_over = Cell::new(false);
    let misfortune = async {
        misfortune.await;
        is_over.set(true);
    };
    futures_util::future::join(load.run(&is_over), misfortune).await;
}

/// Runs a program of this machine; what it needs is said if it fails.
pub fn run(program: &str, arguments: &[&str], needs: &str) {
    let done = Command::new(program).args(arguments).output();
    let done = done.unwrap_or_else(|error| panic!("`{program}` cannot be started ({error}): {needs}"));
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{program} {arguments:?}: {told}: {needs}");
}
