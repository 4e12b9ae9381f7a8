//! What the commands need of the assembled gateway.

use futures_util::future::LocalBoxFuture;

use crate::audit::Tally;
use crate::config::Config;
use crate::console::AdminContext;

/// The gateway as main puts it together; tests put in a smaller one.
pub trait House {
    /// Serves until told to stop; `recover` says that the database is a restored backup.
    fn serve(&self, config: Config, recover: bool) -> LocalBoxFuture<'_, anyhow::Result<()>>;
    /// Opens the database without serving: for commands when no server runs. `suppliers` says whether
    /// the command is about them; other commands work before any supplier is set up.
    fn open<'a>(&'a self, config: &'a Config, suppliers: bool) -> LocalBoxFuture<'a, anyhow::Result<AdminContext>>;
    /// Audits the whole database.
    fn audit<'a>(&'a self, config: &'a Config) -> LocalBoxFuture<'a, anyhow::Result<Tally>>;
    /// Runs the demonstration.
    #[cfg(feature = "demo")]
    fn demo(&self, args: super::DemoArgs) -> LocalBoxFuture<'_, anyhow::Result<()>>;
}
