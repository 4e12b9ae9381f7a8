//! What must be true of every order on the bench, after every step.

use super::bench::Bench;
use crate::domain::attempt::{Attempt, AttemptState};
use crate::domain::case::CaseKind;
use crate::domain::effect::Effect;
use crate::domain::event::Event;
use crate::domain::evolve::replay;
use crate::domain::ids::ShopId;
use crate::domain::ledger::Account;
use crate::domain::order::{Order, Verdict};

impl Bench {
    /// What must hold between two states.
    pub fn check_step(&self, before: &Order, events: &[Event]) {
        if before.verdict.is_some() {
            assert_eq!(before.verdict, self.order.verdict, "I10: a verdict is written once");
        }
        if events.iter().any(|event| matches!(event, Event::AttemptOpened { .. })) {
            assert!(before.open_attempt().is_none() && before.verdict.is_none(), "R5, R9");
        }
        if events.iter().any(|event| matches!(event, Event::OrderFailed { .. })) {
            assert!(self.order.open_attempt().is_none(), "R10");
        }
        let stamps = |order: &Order| order.attempts.iter().map(|a| a.transmissions.len()).sum::<usize>();
        if stamps(&self.order) > stamps(before) {
            assert!(before.verdict.is_none(), "nothing new is sent for an order that has ended");
            assert!(
                !before.is_advanced(),
                "nothing new is sent for an order whose shop has its money back"
            );
        }
    }

    /// What must hold in every state.
    pub fn check(&self) {
        let order = &self.order;
        let open = order.attempts.iter().filter(|a| a.is_open()).count();
        assert!(open <= 1, "I7: {open} open attempts");
        assert!(order.attempts.iter().filter(|a| a.is_won()).count() <= 1);
        for (attempt, seq) in order.attempts.iter().zip(1_u8..) {
            assert_eq!(attempt.seq, seq, "I7: dense");
            for (transmission, n) in attempt.transmissions.iter().zip(1_u8..) {
                assert_eq!(transmission.n, n);
            }
        }
        let transmits = self.effects.iter().filter(|e| matches!(e, Effect::Transmit { .. })).count();
        let stamps: usize = order.attempts.iter().map(|a| a.transmissions.len()).sum();
        assert_eq!(transmits, stamps, "R2: one stamp for each sending");

        if self.keeps_history {
            let mut replayed = replay(&self.history).unwrap();
            replayed.next_action = order.next_action;
            assert_eq!(&replayed, order, "the history makes the order");
            assert_eq!(usize::try_from(order.version).unwrap(), self.history.len());
        }

        if order.verdict.is_none() || order.open_attempt().is_some() {
            assert!(order.next_action.is_some(), "I17: {order:?}");
        }
        self.check_money();
    }

    fn check_money(&self) {
        let all = self.postings("");
        let mut keys: Vec<&str> = all.iter().map(|posting| posting.key.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), all.len(), "no posting is made twice");
        for posting in &all {
            assert!(posting.balances() && posting.entries.len() >= 2, "I5: {posting:?}");
        }
        let is_over = self.order.verdict.is_some();
        assert_eq!(self.postings("hold:").len(), 1);
        assert_eq!(self.postings("settle:").len(), usize::from(is_over), "I4");
        let told = usize::from(is_over) + usize::from(self.order.is_advanced()) + self.order.refunds.len() + self.order.charges.len();
        assert_eq!(self.callbacks(), told, "I11");
        assert!(self.order.refunded_minor() <= self.captured(), "I15");
        let is_late = |attempt: &Attempt| matches!(attempt.state, AttemptState::Late { .. });
        let most = if self.order.attempts.iter().any(is_late) { 1_999 } else { 0 };
        assert!(self.order.charged_later_minor() <= most, "R12");
        let held: i64 = all
            .iter()
            .flat_map(|posting| &posting.entries)
            .filter(|entry| entry.account == Account::ShopHeld(ShopId(1)))
            .map(|entry| entry.minor)
            .sum();
        assert_eq!(held, if is_over { 0 } else { 1_999 }, "I4: captured and released make the hold");
        let out: i64 = all
            .iter()
            .flat_map(|posting| &posting.entries)
            .filter(|entry| entry.account == Account::Risk)
            .map(|entry| -entry.minor)
            .sum();
        let is_out = self.order.is_advanced() && !is_over;
        assert_eq!(out, if is_out { 1_999 } else { 0 }, "an advance is settled with the hold");
        let is_paid = matches!(
            self.order.verdict,
            Some(Verdict::Succeeded { .. } | Verdict::PartiallySucceeded { .. })
        );
        assert_eq!(self.captured() > 0, is_paid, "I3");
        assert_eq!(is_paid, self.order.won_attempt().is_some(), "I3");
        let lost = |a: &&Attempt| matches!(a.state, AttemptState::Late { .. } | AttemptState::Excess { .. });
        let lost = self.order.attempts.iter().filter(lost).count();
        assert_eq!(self.postings("loss:").len(), lost, "I14");
        assert_eq!(
            self.cases(CaseKind::LateSuccess) + self.cases(CaseKind::DoubleDelivery),
            lost,
            "I14"
        );
    }
}
