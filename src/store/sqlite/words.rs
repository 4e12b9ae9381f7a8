//! How our enums are spelt in columns, both ways. Spellings are for ever: rows outlive programs.

use crate::domain::attempt::Fate;
use crate::domain::ids::{ShopId, SupplierId};
use crate::domain::ledger::Account;
use crate::domain::order::{Order, Step, Verdict};
use crate::domain::outcome::Via;

/// The account with this spelling, the one that its `Display` writes.
pub(super) fn account(text: &str) -> Option<Account> {
    let shop = |number: &str| number.parse().ok().map(ShopId);
    match text.split_once(':') {
        Some(("shop_available", number)) => shop(number).map(Account::ShopAvailable),
        Some(("shop_held", number)) => shop(number).map(Account::ShopHeld),
        Some(("supplier_payable", name)) => Some(Account::SupplierPayable(SupplierId::from(name))),
        Some(("supplier_clearing", name)) => Some(Account::SupplierClearing(SupplierId::from(name))),
        Some(_) => None,
        None => match text {
            "revenue" => Some(Account::Revenue),
            "loss_in_dispute" => Some(Account::LossInDispute),
            "rounding" => Some(Account::Rounding),
            "funding" => Some(Account::Funding),
            _ => None,
        },
    }
}

pub(super) fn via_word(via: Via) -> &'static str {
    match via {
        Via::Submit => "submit",
        Via::Query => "query",
        Via::Notification => "notification",
    }
}

pub(super) fn via(word: &str) -> Option<Via> {
    let all = [Via::Submit, Via::Query, Via::Notification];
    all.into_iter().find(|via| via_word(*via) == word)
}

pub(super) fn fate_word(fate: Fate) -> &'static str {
    match fate {
        Fate::Stamped => "stamped",
        Fate::Answered => "answered",
        Fate::Lost => "lost",
        Fate::NotSent => "not_sent",
    }
}

pub(super) fn step_word(step: Step) -> &'static str {
    match step {
        Step::Try => "try",
        Step::Query { .. } => "query",
        Step::Resubmit { .. } => "resubmit",
        Step::Review => "review",
    }
}

pub(super) fn status_word(order: &Order) -> &'static str {
    match order.verdict {
        None => "processing",
        Some(Verdict::Succeeded { .. }) => "succeeded",
        Some(Verdict::PartiallySucceeded { .. }) => "partially_succeeded",
        Some(Verdict::Failed { .. }) => "failed",
        Some(Verdict::Cancelled { .. }) => "cancelled",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_is_read_back_as_it_was_written() {
        let odd = SupplierId::from("a:b");
        for written in [
            Account::ShopAvailable(ShopId(7)),
            Account::ShopHeld(ShopId(i64::MAX)),
            Account::Revenue,
            Account::SupplierPayable(odd.clone()),
            Account::SupplierClearing(odd),
            Account::LossInDispute,
            Account::Rounding,
            Account::Funding,
        ] {
            assert_eq!(account(&written.to_string()), Some(written));
        }
        assert_eq!(account("shop_available:x"), None);
        assert_eq!(account("profit"), None);
    }
}
