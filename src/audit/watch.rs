//! Auditing beside a running gateway: what has changed first, and everything else in turn.
//!
//! Each pass looks at one short moment of the database: at the orders of the commits since the last
//! pass, and at a few more on a walk through all orders, so that what is changed by hand without a
//! commit is found too. Between passes it rests many times as long as it worked: an auditor is never
//! the reason that an order waits. Under load it falls behind, says by how much, and catches up.
//!
//! Nothing of this is kept: after a restart the walk begins anew.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use super::books::{Books, Moved};
use super::{Check, Finding, examine};
use crate::store::Outage;
use crate::store::sqlite::Archive;

/// Rows of the history looked at in one pass.
const ROWS: i64 = 600;
/// Orders of the walk through all looked at in one pass.
const WALK: u32 = 50;
/// How many times as long it rests as it worked: a fiftieth of one core is the auditor's.
const REST: u32 = 49;
/// The rest when nothing new is to be looked at.
const IDLE: Duration = Duration::from_secs(2);

/// What a pass saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Passed {
    /// Whether there is more to be looked at by now.
    pub is_behind: bool,
    /// What was not found before.
    pub news: Vec<Finding>,
}

/// Where the auditor stands.
#[derive(Debug, Default)]
pub struct Watch {
    /// The last row of the history it has seen, and what was moved until there.
    row: i64,
    books: Books,
    /// The last order of its walk through all.
    order: i64,
    /// What it has said already: once for each law and order, or a balance that goes on moving would be
    /// a new finding at each pass.
    said: BTreeMap<(Check, Option<i64>), Finding>,
}

impl Watch {
    /// One pass.
    ///
    /// # Errors
    /// When the database does not answer; nothing is forgotten.
    pub async fn pass(&mut self, archive: &mut Archive) -> Result<Passed, Outage> {
        let last = archive.last_row().await?;
        let until = last.min(self.row.saturating_add(ROWS));
        let mut ids = archive.changed(self.row, until).await?;
        let walked = archive.orders_after(self.order, WALK).await?;
        ids.extend(&walked);
        ids.sort_unstable();
        ids.dedup();
        let mut findings = Vec::new();
        for dossier in archive.dossiers(&ids).await? {
            findings.extend(examine(&dossier).0);
            // The writer may share this thread.
            tokio::task::yield_now().await;
        }
        let mut books = self.books.clone();
        for text in archive.moved(self.row, until).await? {
            // What cannot be read is a finding about its order already.
            let moved: Vec<Moved> = serde_json::from_str(&text).unwrap_or_default();
            moved.iter().for_each(|moved| books.add(moved));
        }
        if until == last {
            let mut all = books.clone();
            for text in archive.funded().await? {
                if let Ok(moved) = serde_json::from_str(&text) {
                    all.add(&moved);
                }
            }
            findings.extend(all.against(&archive.accounts().await?));
        }
        if walked.is_empty() {
            findings.extend(strays(archive).await?);
        }
        (self.row, self.books) = (until, books);
        self.order = walked.last().copied().unwrap_or(i64::MIN);
        metrics::counter!("recharge_audit_orders_total").increment(u64::try_from(ids.len()).unwrap_or(u64::MAX));
        metrics::gauge!("recharge_audit_behind_rows").set(i32::try_from(last.saturating_sub(until)).unwrap_or(i32::MAX));
        Ok(Passed {
            is_behind: until < last,
            news: self.say(findings),
        })
    }

    /// How long to rest after a pass that took `worked`.
    #[must_use]
    pub fn pause(worked: Duration, is_behind: bool) -> Duration {
        let rest = worked.saturating_mul(REST);
        if is_behind { rest } else { rest.max(IDLE) }
    }

    /// What it has found since it began to watch.
    #[must_use]
    pub fn findings(&self) -> Vec<&Finding> {
        self.said.values().collect()
    }

    /// Tells the log and the metrics; what is new among the findings.
    fn say(&mut self, findings: Vec<Finding>) -> Vec<Finding> {
        let mut news = Vec::new();
        for finding in findings {
            if let Entry::Vacant(place) = self.said.entry((finding.check, finding.order)) {
                tracing::error!(
                    check = finding.check.word(),
                    order = finding.order,
                    saw = finding.saw,
                    "the auditor found a law broken"
                );
                place.insert(finding.clone());
                news.push(finding);
            }
        }
        for check in Check::ALL {
            let count = self.said.keys().filter(|(said, _)| *said == check).count();
            metrics::gauge!("recharge_audit_findings", "check" => check.word()).set(u32::try_from(count).unwrap_or(u32::MAX));
        }
        news
    }
}

/// Tables with rows of orders that do not exist.
pub(super) async fn strays(archive: &mut Archive) -> Result<Vec<Finding>, Outage> {
    let found = archive.strays().await?.into_iter();
    let finding = |(table, order)| Finding {
        // Its number was ours when the statement was read.
        check: if table == "statement_lines" { Check::Lost } else { Check::Stray },
        order: Some(order),
        saw: format!("{table} has rows of it, but there is no such order"),
    };
    Ok(found.map(finding).collect())
}
