//! After a start: what the orders of the last hours say of the suppliers, so that a restart does not
//! send the next orders to one that was just left alone.

use super::House;
use crate::domain::ids::OrderId;
use crate::router::{Sighting, sightings_of};
use crate::store::Outage;

/// How far back is looked, in milliseconds: some half-lives of a fact.
const REACH_MS: i64 = 2 * 3_600_000;
/// Most orders that are looked through; a start must not wait for more.
const MOST_ORDERS: u32 = 1_000;

impl House {
    /// Learns from the latest orders what their suppliers did, in the order in which it happened.
    pub(super) async fn remember(&self) -> Result<(), Outage> {
        let from_ms = self.now_ms().saturating_sub(REACH_MS);
        let Some(from) = OrderId::compose(from_ms, 0, 0) else {
            return Ok(());
        };
        let mut seen: Vec<Sighting> = Vec::new();
        for id in self.parts.store.orders_from(from, MOST_ORDERS).await? {
            seen.extend(sightings_of(&self.parts.store.history(id).await?));
        }
        seen.sort_by_key(|sighting| (sighting.at_ms, sighting.order));
        self.notice(&seen);
        Ok(())
    }
}
