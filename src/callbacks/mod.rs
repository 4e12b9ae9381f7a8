//! Telling shops how their orders ended, and never giving up silently.
//!
//! The verdict's transaction writes the callback into the outbox; the worker here only reads what is
//! due, sends it, and writes down what came of it. So a restart resumes by itself, with the same
//! event id and the same bytes, and a shop hears at least once (R16). Requests follow Standard Webhooks.
//!
//! Invariants: one order's callbacks leave one after the other, in order; a dead or slow shop holds
//! its own slots only, and a failing one a single slot; after the last rung a callback is parked,
//! which operators see. Deliberately absent: what a callback says, which the domain wrote once.

mod answer;
mod deliver;
mod ladder;
mod queue;
mod scribe;
mod sign;
mod worker;

use std::future::Future;
use std::sync::Arc;

use secrecy::SecretString;

use crate::domain::ids::ShopId;
use crate::seams::{Clock, Random, Spawner, Transport};
use crate::store::Store;

/// Looks up the secrets that sign a shop's callbacks: all that are active, several while rotating.
pub type Secrets = Arc<dyn Fn(ShopId) -> Vec<SecretString> + Send + Sync>;

/// Bounds of the worker.
#[derive(Debug, Clone)]
pub struct CallbackSettings {
    /// Most callbacks in flight to one shop; a shop whose latest try failed gets one.
    pub per_shop: usize,
    /// Most callbacks in flight altogether.
    pub total: usize,
    /// From the first connect to the last byte of the shop's answer.
    pub timeout_ms: u64,
    /// The outbox is looked at this often even when nothing says that something was queued.
    pub poll_ms: u64,
    /// A longer answer is cut off and counts as none; its content is never looked at.
    pub max_reply_bytes: usize,
    /// How we introduce ourselves: printable ASCII.
    pub user_agent: String,
}

impl Default for CallbackSettings {
    fn default() -> Self {
        Self {
            per_shop: 16,
            total: 256,
            timeout_ms: 10_000,
            poll_ms: 1_000,
            max_reply_bytes: 64 * 1024,
            user_agent: concat!("recharge-gateway/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// The outbox worker; one a process.
pub struct Callbacks {
    desk: Arc<deliver::Desk>,
    spawner: Arc<dyn Spawner>,
}

impl Callbacks {
    /// A worker that has not started yet. `transport` is the client for shops: public addresses
    /// only, no redirects.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        spawner: Arc<dyn Spawner>,
        secrets: Secrets,
        settings: CallbackSettings,
    ) -> Self {
        let desk = deliver::Desk {
            store,
            transport,
            clock,
            random,
            secrets,
            settings,
        };
        Self {
            desk: Arc::new(desk),
            spawner,
        }
    }

    /// Works until `stop` completes, then starts nothing more and returns when the tries in flight
    /// have ended, at the latest a little after their time-out.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) {
        worker::run(self.desk, self.spawner, stop).await;
    }
}
