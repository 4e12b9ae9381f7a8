//! Double-entry bookkeeping: the chart of accounts and the postings of an order's life.
//!
//! A positive entry means more for the party the account is named after; every posting sums to
//! zero in its one currency (I5). A hold is settled by exactly one posting, keyed `settle:{order}`,
//! whose captured and released parts sum to the hold (I4).
//!
//! Invariant: a posting that records a fact carries no guard and is never refused; only a hold has one.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::{OrderId, Seq, ShopId, SupplierId};
use super::money::{Currency, Money};

/// The chart of accounts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// What the shop may still spend.
    ShopAvailable(ShopId),
    /// What is reserved for the shop's open orders.
    ShopHeld(ShopId),
    /// What shops paid for what was delivered.
    Revenue,
    /// What we owe a supplier for what it delivered.
    SupplierPayable(SupplierId),
    /// The other side of the cost of what was delivered and paid for.
    SupplierClearing(SupplierId),
    /// Cost of deliveries nobody pays us for: late or doubled ones.
    LossInDispute,
    /// What the operator has advanced to shops for orders in doubt: below zero by as much as is out.
    Risk,
    /// Differences smaller than a minor unit, where currencies meet.
    Rounding,
    /// Money that shops brought in from outside the gateway.
    Funding,
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShopAvailable(shop) => write!(f, "shop_available:{shop}"),
            Self::ShopHeld(shop) => write!(f, "shop_held:{shop}"),
            Self::Revenue => f.write_str("revenue"),
            Self::SupplierPayable(supplier) => write!(f, "supplier_payable:{supplier}"),
            Self::SupplierClearing(supplier) => write!(f, "supplier_clearing:{supplier}"),
            Self::LossInDispute => f.write_str("loss_in_dispute"),
            Self::Risk => f.write_str("risk"),
            Self::Rounding => f.write_str("rounding"),
            Self::Funding => f.write_str("funding"),
        }
    }
}

/// One line of a posting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Which account.
    pub account: Account,
    /// By how much, in minor units; never 0.
    pub minor: i64,
}

/// The condition under which a hold is admitted: after it, `account` is not below `floor_minor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard {
    /// The account that pays.
    pub account: Account,
    /// 0, or minus the shop's credit limit.
    pub floor_minor: i64,
}

/// Entries that belong together and sum to zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// Unique for ever; the same posting twice is one posting.
    pub key: String,
    /// Of which order, if any.
    pub order: Option<OrderId>,
    /// Of all its entries.
    pub currency: Currency,
    /// At least two, summing to zero.
    pub entries: Vec<Entry>,
    /// Only on holds.
    pub guard: Option<Guard>,
}

impl Posting {
    fn moving(key: String, order: Option<OrderId>, currency: Currency, moves: [(Account, Account, i64); 2]) -> Self {
        let mut entries: Vec<Entry> = Vec::with_capacity(4);
        for (from, to, minor) in moves {
            if minor != 0 {
                entries.push(Entry {
                    account: from,
                    minor: -minor,
                });
                entries.push(Entry { account: to, minor });
            }
        }
        Self {
            key,
            order,
            currency,
            entries,
            guard: None,
        }
    }

    fn single(key: String, order: Option<OrderId>, from: Account, to: Account, amount: Money) -> Self {
        let nothing = (Account::Rounding, Account::Rounding, 0);
        Self::moving(key, order, amount.currency, [(from, to, amount.minor), nothing])
    }

    /// Reserves the price, if the available balance stays at or above `floor_minor`.
    #[must_use]
    pub fn hold(order: OrderId, shop: ShopId, price: Money, floor_minor: i64) -> Self {
        let available = Account::ShopAvailable(shop);
        let held = Account::ShopHeld(shop);
        Self::single(format!("hold:{order}"), Some(order), available.clone(), held, price).guarded(available, floor_minor)
    }

    /// The same, only if this account stays at or above `floor_minor`.
    fn guarded(self, account: Account, floor_minor: i64) -> Self {
        Self {
            guard: Some(Guard { account, floor_minor }),
            ..self
        }
    }

    /// The hold's one settlement: `captured` of `held` is earned, the rest goes back.
    #[must_use]
    pub fn settle(order: OrderId, shop: ShopId, held: Money, captured_minor: i64) -> Self {
        Self::settled(order, shop, held, captured_minor, Account::ShopAvailable(shop))
    }

    fn settled(order: OrderId, shop: ShopId, held: Money, captured_minor: i64, back: Account) -> Self {
        let captured = captured_minor.clamp(0, held.minor);
        let account = Account::ShopHeld(shop);
        let earned = (account.clone(), Account::Revenue, captured);
        let returned = (account, back, held.minor.saturating_sub(captured));
        Self::moving(format!("settle:{order}"), Some(order), held.currency, [earned, returned])
    }

    /// The settlement of a hold whose price the shop has back already: what is released goes to the risk
    /// account, and what is captured the shop repays.
    #[must_use]
    pub fn settle_advanced(order: OrderId, shop: ShopId, held: Money, captured_minor: i64) -> Vec<Self> {
        let settled = Self::settled(order, shop, held, captured_minor, Account::Risk);
        let repaid = Money::new(captured_minor.clamp(0, held.minor), held.currency);
        let repay = Self::single(
            format!("repay:{order}"),
            Some(order),
            Account::ShopAvailable(shop),
            Account::Risk,
            repaid,
        );
        [settled, repay].into_iter().filter(|posting| !posting.entries.is_empty()).collect()
    }

    /// The price of an order in doubt, from the risk account to its shop, while no more than `cap_minor` is out.
    #[must_use]
    pub fn advance(order: OrderId, shop: ShopId, price: Money, cap_minor: i64) -> Self {
        let available = Account::ShopAvailable(shop);
        let floor_minor = cap_minor.saturating_neg();
        Self::single(format!("advance:{order}"), Some(order), Account::Risk, available, price).guarded(Account::Risk, floor_minor)
    }

    /// What the winning attempt costs us.
    #[must_use]
    pub fn cost(order: OrderId, seq: Seq, supplier: &SupplierId, cost: Money) -> Self {
        let clearing = Account::SupplierClearing(supplier.clone());
        Self::single(
            format!("cost:{order}:{seq}"),
            Some(order),
            clearing,
            Account::SupplierPayable(supplier.clone()),
            cost,
        )
    }

    /// What a late or doubled delivery costs us.
    #[must_use]
    pub fn loss(order: OrderId, seq: Seq, supplier: &SupplierId, cost: Money) -> Self {
        let payable = Account::SupplierPayable(supplier.clone());
        Self::single(format!("loss:{order}:{seq}"), Some(order), Account::LossInDispute, payable, cost)
    }

    /// What a supplier gave back of an attempt's cost; `is_loss` says which account had borne it.
    #[must_use]
    pub fn recovery(order: OrderId, seq: Seq, supplier: &SupplierId, amount: Money, is_loss: bool) -> Self {
        let payable = Account::SupplierPayable(supplier.clone());
        let bearer = if is_loss {
            Account::LossInDispute
        } else {
            Account::SupplierClearing(supplier.clone())
        };
        Self::single(format!("recovery:{order}:{seq}"), Some(order), payable, bearer, amount)
    }

    /// What goes back to the shop of what it had paid; the operator's `key` makes it happen once.
    #[must_use]
    pub fn refund(order: OrderId, shop: ShopId, key: &str, amount: Money) -> Self {
        let available = Account::ShopAvailable(shop);
        Self::single(format!("refund:{order}:{key}"), Some(order), Account::Revenue, available, amount)
    }

    /// What the shop agreed to pay for a late delivery, if it has that much; the operator's `key` makes it happen once.
    #[must_use]
    pub fn charge(order: OrderId, shop: ShopId, key: &str, amount: Money) -> Self {
        let available = Account::ShopAvailable(shop);
        let key = format!("charge:{order}:{key}");
        Self::single(key, Some(order), available.clone(), Account::Revenue, amount).guarded(available, 0)
    }

    /// Money a shop brought in (or, negative, took out); `reference` makes it happen once.
    #[must_use]
    pub fn credit(shop: ShopId, amount: Money, reference: &str) -> Self {
        Self::single(
            format!("credit:{shop}:{reference}"),
            None,
            Account::Funding,
            Account::ShopAvailable(shop),
            amount,
        )
    }

    /// Whether the entries sum to zero, which every posting must.
    #[must_use]
    pub fn balances(&self) -> bool {
        self.entries.iter().try_fold(0_i64, |sum, entry| sum.checked_add(entry.minor)) == Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> OrderId {
        OrderId::from_stored(42).unwrap()
    }

    #[test]
    fn every_posting_sums_to_zero() {
        let shop = ShopId(1);
        let supplier = SupplierId::from("a");
        let ten = Money::new(1_000, Currency::Cny);
        let postings = [
            Posting::hold(order(), shop, ten, 0),
            Posting::settle(order(), shop, ten, 1_000),
            Posting::settle(order(), shop, ten, 0),
            Posting::settle(order(), shop, ten, 333),
            Posting::cost(order(), 1, &supplier, ten),
            Posting::loss(order(), 1, &supplier, ten),
            Posting::credit(shop, ten, "r1"),
            Posting::advance(order(), shop, ten, 5_000),
            Posting::refund(order(), shop, "k1", ten),
            Posting::recovery(order(), 1, &supplier, ten, true),
            Posting::recovery(order(), 1, &supplier, ten, false),
        ];
        let advanced = [1_000, 333, 0].map(|captured| Posting::settle_advanced(order(), shop, ten, captured));
        assert_eq!(advanced.each_ref().map(Vec::len), [2, 2, 1]);
        for posting in postings.into_iter().chain(advanced.into_iter().flatten()) {
            assert!(posting.balances() && posting.entries.len() >= 2, "{posting:?}");
        }
    }

    #[test]
    fn a_settlement_captures_and_releases_exactly_the_hold() {
        let held = Money::new(1_000, Currency::Cny);
        for captured in [-5, 0, 1, 999, 1_000, 2_000] {
            let posting = Posting::settle(order(), ShopId(1), held, captured);
            let from_hold: i64 = posting
                .entries
                .iter()
                .filter(|e| e.account == Account::ShopHeld(ShopId(1)))
                .map(|e| e.minor)
                .sum();
            assert_eq!(from_hold, -1_000, "captured {captured}");
        }
    }
}
