//! Past orders steered again by a draft, before it is published.

use std::sync::Arc;

use super::Dispatch;
use super::steering::NotPublished;
use crate::domain::event::Recorded;
use crate::domain::ids::OrderId;
use crate::domain::order::Terms;
use crate::domain::replay::Replay;
use crate::router::{self, Ground};
use crate::store::Outage;

/// Longest time that is looked back over, in hours.
pub const MAX_HOURS: u32 = 24 * 31;
/// Most orders that are steered again; of more, the latest.
pub const MAX_ORDERS: u32 = 20_000;
/// Before the hours asked about, so much is read for what it says of the suppliers, in milliseconds.
const WARM_UP_MS: i64 = 2 * 3_600_000;

/// A replay, and what it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// What came of it.
    pub replay: Replay,
    /// From when on decisions were made again, UTC milliseconds.
    pub from_ms: i64,
    /// Orders that were read.
    pub orders: u32,
    /// There are more orders than one replay reads: the oldest were left out.
    pub is_cut: bool,
}

impl Dispatch {
    /// Decides the attempts of the last hours again under a draft, or under the document in force. Nothing
    /// is written. The catalog and adapters.toml are today's; what operators switched by hand (pauses,
    /// pins, open circuits) is left out, for no document decides it.
    ///
    /// # Errors
    /// What is wrong with the draft, or that the database is away.
    pub async fn replay(&self, draft: Option<&str>, hours: u32) -> Result<Replayed, NotPublished> {
        let published = self.house.published();
        let steering = match draft {
            Some(text) => self.check_steering(text).map_err(NotPublished::Flaws)?,
            None => published.document.clone(),
        };
        let now_ms = self.house.now_ms();
        let reach_ms = i64::from(hours.min(MAX_HOURS)).saturating_mul(3_600_000);
        let asked_ms = now_ms.saturating_sub(reach_ms);
        let (histories, is_cut) = self
            .histories(asked_ms.saturating_sub(WARM_UP_MS))
            .await
            .map_err(|_| NotPublished::Unavailable)?;
        let oldest_ms = histories
            .iter()
            .filter_map(|history| history.first())
            .map(|first| first.at_ms)
            .min();
        // What was cut off cannot teach: the first decisions read would be made on nothing.
        let from_ms = if is_cut {
            asked_ms.max(oldest_ms.unwrap_or(now_ms))
        } else {
            asked_ms
        };
        let orders = u32::try_from(histories.len()).unwrap_or(u32::MAX);
        let house = Arc::clone(&self.house);
        // Thousands of plans at once would keep others from this thread.
        let made = tokio::task::spawn_blocking(move || {
            let (shelf, standing) = (house.shelf(), house.standing());
            // As adapters.toml says, but without the promises that were broken since.
            let mut suppliers = house.parts.snapshot();
            standing.view.iter().for_each(|(id, known)| {
                suppliers
                    .entry(id.clone())
                    .and_modify(|view| view.promises = known.promises.clone());
            });
            let ground = Ground {
                suppliers: &suppliers,
                steering: &steering,
                policy: &house.parts.policy,
                of: |terms: &Terms| (shelf.offers(&terms.sku), shelf.shop_key(terms.shop)),
                from_ms,
            };
            router::replay(&histories, &ground)
        });
        let replay = made.await.map_err(|_| NotPublished::Unavailable)?;
        Ok(Replayed {
            replay,
            from_ms,
            orders,
            is_cut,
        })
    }

    /// The latest orders from a moment on with all that happened to them, and whether some were left out.
    async fn histories(&self, from_ms: i64) -> Result<(Vec<Vec<Recorded>>, bool), Outage> {
        let Some(from) = OrderId::compose(from_ms, 0, 0) else {
            return Ok((Vec::new(), false));
        };
        let store = &self.house.parts.store;
        let ids = store.orders_from(from, MAX_ORDERS.saturating_add(1)).await?;
        let most = usize::try_from(MAX_ORDERS).unwrap_or(usize::MAX);
        let mut histories = Vec::with_capacity(ids.len().min(most));
        for id in ids.iter().take(most) {
            histories.push(store.history(*id).await?);
        }
        Ok((histories, ids.len() > most))
    }
}
