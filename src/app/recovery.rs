//! The start on a restored backup: its recovery begins before anything is served.

use anyhow::ensure;

use super::{Seams, admin_context, open_store};
use crate::config::Config;
use crate::console::{AdminCall, AdminReply, perform};

/// Marks the restored database, and closes it again for the server to open.
///
/// # Errors
/// When there is no database, or it cannot be opened or written.
pub async fn begin_recovery(config: &Config) -> anyhow::Result<()> {
    let path = &config.store.path;
    ensure!(
        path.exists(),
        "there is no database {} to recover: put the backup there, or name it with [store] path in gateway.toml",
        path.display()
    );
    let seams = Seams::of_this_machine();
    let store = open_store(config, &seams).await?;
    let context = admin_context(config, &store, None, None, &seams);
    let begun = perform(&context, AdminCall::RecoveryBegin).await;
    store.close().await;
    if let AdminReply::Failed(trouble) = begun {
        return Err(trouble.into());
    }
    Ok(())
}
