//! The verdict on the demo, by the suppliers' own books, the shop's own mail and the ledger.

use serde::Serialize;

use super::Played;
use super::script::{End, Line};
use super::stage::{Stage, charges};
use crate::store::Store;

/// The last line of `--json`.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Summary {
    /// Accepted.
    pub(super) orders: usize,
    /// By status, as the shop was told.
    pub(super) delivered: usize,
    pub(super) failed: usize,
    pub(super) partial: usize,
    pub(super) in_doubt: usize,
    /// Orders with more than one charge that delivered, by the suppliers' books.
    pub(super) twice_recharged: usize,
    /// Accepted, no verdict, no next action, no case.
    pub(super) lost: u64,
    /// Sum over all accounts, minor units; must be 0.
    pub(super) ledger_sum: i64,
    /// Distinct events that reached the shop with a right signature.
    pub(super) callbacks_delivered: usize,
    /// From sending the order to its callback, milliseconds.
    pub(super) p50_ms: u64,
    pub(super) p99_ms: u64,
}

/// What was found, and everything that is not as it must be.
pub(super) struct Judgement {
    pub(super) summary: Summary,
    pub(super) faults: Vec<String>,
}

impl Judgement {
    pub(super) fn is_well(&self) -> bool {
        self.faults.is_empty()
    }
}

/// Compares what the shop was told with what the suppliers' books say and what the script allows.
pub(super) async fn judge(stage: &Stage, lines: &[Line], played: &[Played]) -> anyhow::Result<Judgement> {
    let books = charges(&stage.mocks);
    let mut faults = Vec::new();
    let mut twice_recharged = 0_usize;
    for one in played {
        let Some(line) = lines.get(one.line) else { continue };
        let mut blame = |what: String| faults.push(format!("{} ({}): {what}", line.number, line.title));
        let id = one.id.clone().unwrap_or_default();
        let delivered = books
            .get(&id)
            .map_or(0, |charges| charges.iter().filter(|charge| charge.ends_delivered()).count());
        if delivered > 1 {
            twice_recharged = twice_recharged.saturating_add(1);
            blame(format!("recharged {delivered} times"));
        }
        let Some(end) = end_of(one) else {
            blame(format!("did not come to rest: {} / {}", one.status, one.finality));
            continue;
        };
        if end != line.end {
            blame(format!("ended {}, must be {}", end.word(), line.end.word()));
        }
        let owed = match end {
            End::Delivered | End::Partial => 1,
            End::Failed | End::InDoubt => 0,
        };
        if delivered != owed {
            blame(format!("ended {}, yet the books show {delivered} deliveries", end.word()));
        }
        let told = stage.receiver.about(&id).map_or(0, |told| told.ids.len());
        let due = usize::from(end != End::InDoubt);
        if told != due {
            blame(format!("{told} callbacks arrived, {due} were due"));
        }
        let told_otherwise = stage
            .receiver
            .about(&id)
            .is_some_and(|told| told.statuses.iter().any(|status| *status != one.status));
        if told_otherwise {
            blame("the callback told another status than the API".to_owned());
        }
    }
    let store = stage.gateway.store();
    let (census, balances) = (store.census().await?, store.balances().await?);
    let ledger_sum = balances.iter().map(|balance| balance.minor).sum();
    let (callbacks_delivered, forged) = stage.receiver.totals();
    let count = |end: End| played.iter().filter(|one| end_of(one) == Some(end)).count();
    let mut took: Vec<u64> = played.iter().filter_map(|one| one.took_ms).collect();
    took.sort_unstable();
    let summary = Summary {
        orders: played.len(),
        delivered: count(End::Delivered),
        failed: count(End::Failed),
        partial: count(End::Partial),
        in_doubt: count(End::InDoubt),
        twice_recharged,
        lost: census.lost_orders,
        ledger_sum,
        callbacks_delivered,
        p50_ms: quantile(&took, 50),
        p99_ms: quantile(&took, 99),
    };
    let mut must = |is_so: bool, what: &str| {
        if !is_so {
            faults.push(what.to_owned());
        }
    };
    must(summary.lost == 0, "orders were lost");
    must(summary.ledger_sum == 0, "the ledger does not sum to zero");
    must(forged == 0, "a callback arrived with a wrong signature");
    must(
        census.orders == u64::try_from(played.len()).unwrap_or(u64::MAX),
        "the store holds another number of orders than were sent",
    );
    Ok(Judgement { summary, faults })
}

fn end_of(one: &Played) -> Option<End> {
    match (one.status.as_str(), one.finality.as_str()) {
        ("succeeded", "final") => Some(End::Delivered),
        ("partially_succeeded", "final") => Some(End::Partial),
        ("failed" | "cancelled", "final") => Some(End::Failed),
        ("processing", "unknown") => Some(End::InDoubt),
        _ => None,
    }
}

/// The value below which `percent` of the sorted values lie (nearest rank); 0 for none.
fn quantile(sorted: &[u64], percent: usize) -> u64 {
    let rank = sorted.len().saturating_mul(percent).div_ceil(100).saturating_sub(1);
    sorted.get(rank).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_nearest_rank() {
        let values: Vec<u64> = (1..=100).collect();
        assert_eq!((quantile(&values, 50), quantile(&values, 99)), (50, 99));
        assert_eq!(quantile(&[7], 99), 7);
        assert_eq!(quantile(&[], 50), 0);
    }
}
