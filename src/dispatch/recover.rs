//! After a start: the store's schedule is the truth about what was going on.
//!
//! Nothing is sent from here. Orders that waited go on waiting; transmissions that were in flight
//! when the last process ended are found stamped, with a time at which their supplier is asked.

use super::{Dispatch, House};
use crate::store::{Outage, ScheduleCursor};

const PAGE: u32 = 5_000;
/// An order due for longer than this and unknown in memory was missed.
const MISSED_MS: i64 = 15_000;

impl Dispatch {
    /// Reads the whole schedule; returns how many orders are open. Call before `run`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn recover(&self) -> Result<usize, Outage> {
        self.house.freeze_again().await?;
        self.house.remember().await?;
        self.house.count_again(&self.house.published().document).await?;
        let mut count = 0_usize;
        let mut after: Option<ScheduleCursor> = None;
        loop {
            let page = self.house.parts.store.schedule(after, PAGE).await?;
            for entry in &page {
                self.house.schedule.set_if_absent(entry.order, entry.at_ms);
            }
            count = count.saturating_add(page.len());
            match page.last() {
                Some(last) => after = Some(*last),
                None => return Ok(count),
            }
        }
    }
}

impl House {
    /// Finds orders that the memory has lost, such as those whose accepting commit had an unknown
    /// outcome, and schedules them.
    pub(super) async fn sweep(&self, now_ms: i64) {
        let missed_ms = now_ms.saturating_sub(MISSED_MS);
        let mut after: Option<ScheduleCursor> = None;
        loop {
            let Ok(page) = self.parts.store.schedule(after, PAGE).await else {
                return;
            };
            for entry in page.iter().take_while(|entry| entry.at_ms < missed_ms) {
                if !self.hands.hold(entry.order) {
                    self.schedule.set_if_absent(entry.order, entry.at_ms);
                }
            }
            match page.last() {
                Some(last) if last.at_ms < missed_ms => after = Some(*last),
                Some(_) | None => return,
            }
        }
    }
}
