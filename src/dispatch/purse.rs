//! Our prepaid money at each supplier: asked for now and then, and how long it lasts as it has been going of late.
//!
//! It is shown and watched, and decides nothing: suppliers also give credit, and a balance that a supplier
//! tells wrongly must not stop its orders. That it is used up is learnt from its refusals.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Dispatch, House, NoBalance, Supplier, gate};
use crate::domain::ids::SupplierId;
use crate::domain::money::Money;
use crate::domain::outcome::BalanceReading;

const HOUR_MS: i64 = 3_600_000;
/// Money that lasts less than this is said in the log at every reading.
const SHORT_HOURS: i64 = 12;

/// What is known of all suppliers' balances.
#[derive(Default)]
pub(super) struct Purses(Mutex<BTreeMap<SupplierId, Purse>>);

/// What is left at one supplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Purse {
    pub(super) left: Money,
    /// When it was told, UTC milliseconds.
    pub(super) at_ms: i64,
    /// What goes in an hour, in minor units, smoothed; absent before the second reading.
    an_hour_minor: Option<i64>,
}

impl Purse {
    /// The next reading. Money that was added says nothing of what goes.
    fn next(before: Option<Self>, left: Money, at_ms: i64) -> Self {
        let an_hour_minor = before.and_then(|before| {
            let went = before.left.minor.saturating_sub(left.minor);
            let passed_ms = at_ms.saturating_sub(before.at_ms);
            if went < 0 || passed_ms <= 0 || before.left.currency != left.currency {
                return before.an_hour_minor;
            }
            let now = i128::from(went)
                .saturating_mul(i128::from(HOUR_MS))
                .checked_div(i128::from(passed_ms))?;
            let now = i64::try_from(now).unwrap_or(i64::MAX);
            let smoothed = |known: i64| known.saturating_mul(3).saturating_add(now).div_euclid(4);
            Some(before.an_hour_minor.map_or(now, smoothed))
        });
        Self {
            left,
            at_ms,
            an_hour_minor,
        }
    }

    /// For how many hours it lasts; absent where nothing goes, or that is not known.
    pub(super) fn hours_left(self) -> Option<i64> {
        let an_hour = self.an_hour_minor.filter(|minor| *minor > 0)?;
        self.left.minor.max(0).checked_div(an_hour)
    }
}

impl Purses {
    fn all(&self) -> MutexGuard<'_, BTreeMap<SupplierId, Purse>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn of(&self, supplier: &SupplierId) -> Option<Purse> {
        self.all().get(supplier).copied()
    }

    fn note(&self, supplier: &SupplierId, left: Money, at_ms: i64) -> Purse {
        let mut all = self.all();
        let purse = Purse::next(all.get(supplier).copied(), left, at_ms);
        all.insert(supplier.clone(), purse);
        purse
    }
}

impl Dispatch {
    /// Asks every supplier that answers it for our balance, again and again, until a stop begins.
    pub(super) fn watch_purses(&self) {
        let Some(every) = self.house.parts.balance_every else { return };
        for id in self.house.parts.suppliers.keys() {
            let (house, id) = (Arc::clone(&self.house), id.clone());
            self.house
                .parts
                .spawner
                .spawn(Box::pin(async move { house.watch_purse(&id, every).await }));
        }
    }
}

impl House {
    async fn watch_purse(self: &Arc<Self>, id: &SupplierId, every: Duration) {
        let Some(supplier) = self.parts.suppliers.get(id) else { return };
        if !matches!(supplier.adapter.balance(self.now_ms()), Ok(Some(_))) {
            return;
        }
        loop {
            self.parts.clock.sleep(every).await;
            if self.is_stopping() {
                return;
            }
            // What went wrong is counted, and asked again.
            let _ = self.ask_balance(id, supplier).await;
        }
    }

    /// Asks for our balance, within the supplier's limits, and notes the answer, whoever wanted to know.
    pub(super) async fn ask_balance(self: &Arc<Self>, id: &SupplierId, supplier: &Supplier) -> Result<BalanceReading, NoBalance> {
        let answer = gate::balance(self, supplier).await;
        if let Ok(BalanceReading::Balance(left)) = &answer {
            self.tell_purse(id, *left);
        } else {
            metrics::counter!("recharge_balances_unread_total", "supplier" => id.to_string()).increment(1);
        }
        answer
    }

    fn tell_purse(&self, id: &SupplierId, left: Money) {
        let purse = self.purses.note(id, left, self.now_ms());
        if let Ok(units) = left.decimal().parse::<f64>() {
            metrics::gauge!("recharge_supplier_balance", "supplier" => id.to_string(), "currency" => left.currency.code()).set(units);
        }
        if let Some(hours) = purse.hours_left().filter(|hours| *hours < SHORT_HOURS) {
            tracing::warn!(supplier = %id, %left, hours, "our balance there is going: at this rate it lasts so many hours");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Currency;

    #[test]
    fn what_goes_is_smoothed_and_what_is_added_is_no_rate() {
        let cny = |minor| Money::new(minor, Currency::Cny);
        let first = Purse::next(None, cny(100_000), 0);
        assert_eq!(first.hours_left(), None);
        let second = Purse::next(Some(first), cny(90_000), HOUR_MS.div_euclid(2));
        assert_eq!(second.hours_left(), Some(4), "20,000 an hour");
        let filled = Purse::next(Some(second), cny(200_000), HOUR_MS);
        assert_eq!(filled.hours_left(), Some(10), "the rate stays");
        let quiet = Purse::next(Some(filled), cny(200_000), 2 * HOUR_MS);
        assert_eq!(quiet.hours_left(), Some(13), "three quarters of it");
        let owing = Purse::next(Some(quiet), cny(-5), 3 * HOUR_MS);
        assert_eq!(owing.hours_left(), Some(0));
        assert_eq!(Purse::next(Some(owing), cny(-5), 3 * HOUR_MS).an_hour_minor, owing.an_hour_minor);
    }
}
