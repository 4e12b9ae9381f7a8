//! The laws about money that one order moved: its hold and settlement, its advance, its losses, what went
//! back and what was charged later.

use std::collections::BTreeMap;

use recharge_gateway::domain::attempt::{Attempt, AttemptState};
use recharge_gateway::domain::ledger::Account;
use recharge_gateway::domain::order::{Order, Verdict};
use recharge_gateway::store::Store;

use super::{Auditor, ensure};
use crate::at_once;
use crate::laws::Law;
use crate::world::World;

impl Auditor {
    /// What an order moved, against what its row says.
    pub(super) fn money(&self, world: &World, order: &Order) -> Result<(), (Law, String)> {
        self.settlement(order)?;
        self.losses(world, order)?;
        self.moved_later(order)
    }

    /// I4: held once; settled once and in full, with the verdict and not before.
    fn settlement(&self, order: &Order) -> Result<(), (Law, String)> {
        let held = Account::ShopHeld(order.terms.shop);
        let moved = |key: String| {
            let posting = self.postings.get(&key)?;
            let entries = posting.entries.iter().filter(|entry| entry.account == held);
            Some(entries.map(|entry| entry.minor).sum::<i64>())
        };
        let price = order.terms.price.minor;
        let hold = moved(format!("hold:{}", order.id));
        ensure(hold == Some(price), Law::SettledOnce, || format!("held {hold:?} of {price}"))?;
        let settled = moved(format!("settle:{}", order.id));
        let due = order.verdict.as_ref().map(|_| -price);
        ensure(settled == due, Law::SettledOnce, || format!("settled {settled:?}, due {due:?}"))?;
        let earned = self.postings.get(&format!("settle:{}", order.id)).map_or(0, |posting| {
            let entries = posting.entries.iter().filter(|entry| entry.account == Account::Revenue);
            entries.map(|entry| entry.minor).sum::<i64>()
        });
        let captured = match &order.verdict {
            Some(Verdict::Succeeded { .. }) => price,
            Some(Verdict::PartiallySucceeded { delivered, .. }) => price * delivered.minor / order.terms.face.minor,
            Some(Verdict::Failed { .. } | Verdict::Cancelled { .. }) | None => 0,
        };
        ensure(earned == captured, Law::SettledOnce, || {
            format!("captured {earned}, due {captured}")
        })?;
        self.advance(order, captured)
    }

    /// What the shop is out of pocket, and what is out from the risk account: the hold or the advance before
    /// the verdict, what was captured after it.
    fn advance(&self, order: &Order, captured: i64) -> Result<(), (Law, String)> {
        let keys = ["hold", "advance", "settle", "repay"].map(|kind| format!("{kind}:{}", order.id));
        let entries = keys
            .iter()
            .filter_map(|key| self.postings.get(key))
            .flat_map(|posting| &posting.entries);
        let (mut paid, mut out) = (0, 0);
        for entry in entries {
            paid -= i64::from(entry.account == Account::ShopAvailable(order.terms.shop)) * entry.minor;
            out -= i64::from(entry.account == Account::Risk) * entry.minor;
        }
        let price = order.terms.price.minor;
        let due = match (&order.verdict, order.is_advanced()) {
            (Some(_), _) => (captured, 0),
            (None, true) => (0, price),
            (None, false) => (price, 0),
        };
        ensure((paid, out) == due, Law::SettledOnce, || {
            format!("the shop is out of {paid} and the risk account of {out}, due {due:?}")
        })
    }

    /// I14: exactly one case and one loss for each delivery that nobody pays for, and for no other.
    fn losses(&self, world: &World, order: &Order) -> Result<(), (Law, String)> {
        for attempt in &order.attempts {
            let kind = match attempt.state {
                AttemptState::Late { .. } => Some("late_success"),
                AttemptState::Excess { .. } => Some("double_delivery"),
                AttemptState::Sent
                | AttemptState::Accepted
                | AttemptState::Unknown { .. }
                | AttemptState::Won { .. }
                | AttemptState::Dead { .. } => None,
            };
            let seq = attempt.seq;
            let has_loss = self.postings.contains_key(&format!("loss:{}:{seq}", order.id));
            ensure(has_loss == kind.is_some(), Law::LossIsOneCase, || {
                format!("attempt {seq} is {} and its loss is posted: {has_loss}", attempt.word())
            })?;
            if let Some(kind) = kind {
                let key = format!("{kind}:{}:{seq}", order.id);
                let cases = at_once(world.store.open_cases(10_000)).unwrap();
                let is_case = cases.iter().filter(|stored| stored.case.key == key).count() == 1;
                ensure(is_case, Law::LossIsOneCase, || format!("no case {key}"))?;
            }
        }
        Ok(())
    }

    /// I15 and R12: what went back is at most what was captured, what was charged later at most the price, each
    /// key once and exactly as the order says.
    fn moved_later(&self, order: &Order) -> Result<(), (Law, String)> {
        let is_late = |attempt: &Attempt| matches!(attempt.state, AttemptState::Late { .. });
        let price = order.terms.price.minor;
        let chargeable = if order.attempts.iter().any(is_late) { price } else { 0 };
        let said = [
            ("refund", &order.refunds, -1, order.captured().minor),
            ("charge", &order.charges, 1, chargeable),
        ];
        let shop = Account::ShopAvailable(order.terms.shop);
        for (kind, said, sign, most) in said {
            let prefix = format!("{kind}:{}:", order.id);
            let mut moved = BTreeMap::new();
            for (key, posting) in self
                .postings
                .range(prefix.clone()..)
                .take_while(|(key, _)| key.starts_with(&prefix))
            {
                let earned = posting.entries.iter().filter(|entry| entry.account == Account::Revenue);
                let paid = posting.entries.iter().filter(|entry| entry.account == shop);
                let (earned, paid): (i64, i64) = (earned.map(|entry| entry.minor).sum(), paid.map(|entry| entry.minor).sum());
                ensure(earned == -paid, Law::RefundsWithin, || {
                    format!("{key} is not between the shop and us")
                })?;
                moved.insert(key.trim_start_matches(&prefix).to_owned(), earned * sign);
            }
            let sum: i64 = moved.values().sum();
            ensure((0..=most).contains(&sum), Law::RefundsWithin, || {
                format!("{sum} is the {kind}, and {most} the most")
            })?;
            let said: BTreeMap<String, i64> = said.iter().map(|(key, amount)| (key.clone(), amount.minor)).collect();
            ensure(moved == said, Law::RefundsWithin, || {
                format!("{kind} of {said:?} by the order, {moved:?} by the books")
            })?;
        }
        Ok(())
    }
}
