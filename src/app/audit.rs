//! The auditor set to work: once over a whole database, and for ever beside a running gateway.

use std::sync::Arc;

use anyhow::{Context, ensure};
use tokio::sync::watch;

use super::Seams;
use crate::audit::{Tally, Watch, days, whole};
use crate::config::Config;
use crate::store::sqlite::{Archive, SqliteStore};
use crate::store::{Outage, SealKey};

/// Audits the whole database that `config` names, beside whoever works on it.
///
/// # Errors
/// When there is no database, its key is missing, or it does not answer.
pub async fn audit(config: &Config) -> anyhow::Result<Tally> {
    let path = &config.store.path;
    ensure!(
        path.exists(),
        "there is no database {}: name the right one with [store] path in gateway.toml",
        path.display()
    );
    let seams = Seams::of_this_machine();
    let key = config.seal_key(|bytes| seams.random.fill(bytes))?;
    let mut archive = Archive::open(path, &SealKey::new(*key.expose()), Arc::clone(&seams.random))
        .await
        .with_context(|| format!("cannot read {}", path.display()))?;
    let examiners = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ok(whole(&mut archive, examiners).await?)
}

/// Audits what changes, and everything else little by little, until a stop begins.
pub(super) fn keep_auditing(store: &Arc<SqliteStore>, seams: &Seams, mut stopping: watch::Receiver<bool>) {
    let (store, clock) = (Arc::clone(store), Arc::clone(&seams.clock));
    seams.spawner.spawn(Box::pin(async move {
        let mut watch = Watch::default();
        loop {
            let begin = clock.monotonic();
            let is_behind = match pass(&store, &mut watch, clock.now_ms()).await {
                Ok(is_behind) => is_behind,
                Err(outage) => {
                    tracing::warn!(%outage, "the database cannot be audited at the moment");
                    false
                }
            };
            let pause = Watch::pause(clock.monotonic().saturating_sub(begin), is_behind);
            tokio::select! {
                biased;
                _ = stopping.wait_for(|is_stopping| *is_stopping) => break,
                () = clock.sleep(pause) => {}
            }
        }
    }));
}

/// One look, and the day before sealed if it is not yet.
async fn pass(store: &SqliteStore, watch: &mut Watch, now_ms: i64) -> Result<bool, Outage> {
    let mut archive = store.archive().await?;
    let is_behind = watch.pass(&mut archive).await?;
    if let Some(day) = days::close(&mut archive, &store.signer(), now_ms).await? {
        // In the log it is out of reach of whoever rewrites the database.
        tracing::info!(day = day.day, seal = day.seal, "a day of the history is signed");
        store.put_day(day).await?;
    }
    Ok(is_behind)
}
