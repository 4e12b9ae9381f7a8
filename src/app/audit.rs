//! The auditor set to work: once over a whole database, and for ever beside a running gateway.

use std::sync::Arc;

use anyhow::{Context, ensure};
use tokio::sync::watch;

use super::Seams;
use crate::audit::{Tally, Watch, days, whole};
use crate::config::Config;
use crate::dispatch::Dispatch;
use crate::domain::case::NewCase;
use crate::domain::ids::OrderId;
use crate::store::sqlite::{Archive, SqliteStore};
use crate::store::{Answer, Command, Outage, SealKey, Store};

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
pub(super) fn keep_auditing(store: &Arc<SqliteStore>, dispatch: &Dispatch, seams: &Seams, mut stopping: watch::Receiver<bool>) {
    let (store, dispatch, clock) = (Arc::clone(store), dispatch.clone(), Arc::clone(&seams.clock));
    seams.spawner.spawn(Box::pin(async move {
        let mut watch = Watch::default();
        loop {
            let begin = clock.monotonic();
            let is_behind = match pass(&store, &dispatch, &mut watch, clock.now_ms()).await {
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

/// One look; what is found becomes a case and freezes its order; the day before is sealed if it is
/// not yet. Whether there is more to look at.
async fn pass(store: &SqliteStore, dispatch: &Dispatch, watch: &mut Watch, now_ms: i64) -> Result<bool, Outage> {
    let mut archive = store.archive().await?;
    let passed = watch.pass(&mut archive).await?;
    for finding in passed.news {
        let order = finding.order.and_then(OrderId::from_stored);
        // First, whatever becomes of the case: nothing more is sent.
        if let Some(order) = order {
            dispatch.freeze(order);
        }
        let case = Command::OpenCase(NewCase::of_finding(order, now_ms));
        match store.commit(case).await {
            Answer::Done | Answer::Refused(_) => {}
            answer @ (Answer::Stale | Answer::Outage(_) | Answer::Unknown) => {
                tracing::error!(?answer, "a finding could not be kept as a case; the log has it");
            }
        }
    }
    if let Some(day) = days::close(&mut archive, &store.signer(), now_ms).await? {
        // In the log it is out of reach of whoever rewrites the database.
        tracing::info!(day = day.day, seal = day.seal, "a day of the history is signed");
        store.put_day(day).await?;
    }
    Ok(passed.is_behind)
}
