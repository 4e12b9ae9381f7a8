//! Everything that can be read from a store, so that two stores can be compared, and what must be
//! true of any store at any time.

use recharge_gateway::domain::callback::Callback;
use recharge_gateway::domain::event::Recorded;
use recharge_gateway::domain::evolve::replay;
use recharge_gateway::domain::ids::{OrderId, ShopOrderNo, SupplierId};
use recharge_gateway::domain::money::Currency;
use recharge_gateway::domain::order::Order;
use recharge_gateway::domain::outcome::Delivery;
use recharge_gateway::domain::recipient::Inputs;
use recharge_gateway::store::{
    AccountBalance, Census, Evidence, Had, ScheduleCursor, SentAt, ShopBalance, Store, StoredCallback, StoredCase,
};

use crate::world::{SHOP, START_MS};

#[derive(Debug, PartialEq)]
pub struct VisibleOrder {
    pub order: Order,
    inputs: Option<Inputs>,
    history: Vec<Recorded>,
    deliveries: Vec<Delivery>,
    evidence: Vec<Evidence>,
    callbacks: Vec<StoredCallback>,
}

#[derive(Debug, PartialEq)]
pub struct Visible {
    pub orders: Vec<VisibleOrder>,
    by_number: Vec<Option<Order>>,
    schedule: Vec<ScheduleCursor>,
    due: Vec<Callback>,
    parked: Vec<Callback>,
    balance: ShopBalance,
    pub balances: Vec<AccountBalance>,
    cases: Vec<StoredCase>,
    pub census: Census,
    had: Vec<Had>,
    sent: Vec<Vec<SentAt>>,
}

impl Visible {
    pub async fn of(store: &dyn Store, ids: &[OrderId], numbers: &[&str]) -> Self {
        let mut orders = Vec::new();
        for id in ids {
            let Some(order) = store.order(*id).await.unwrap() else { continue };
            orders.push(VisibleOrder {
                order,
                inputs: store.inputs(*id).await.unwrap(),
                history: store.history(*id).await.unwrap(),
                deliveries: store.deliveries(*id).await.unwrap(),
                evidence: store.evidence(*id).await.unwrap(),
                callbacks: store.callbacks_of(*id).await.unwrap(),
            });
        }
        let mut by_number = Vec::new();
        for number in numbers {
            by_number.push(store.order_by_shop_no(SHOP, ShopOrderNo::from(*number)).await.unwrap());
        }
        let (mut had, mut sent) = (Vec::new(), Vec::new());
        for supplier in ["a", "b"].map(SupplierId::from) {
            // All, and what came after the first moment only.
            for from_ms in [0, START_MS + 1] {
                had.push(store.had(supplier.clone(), OrderId::first_at(0), from_ms, i64::MAX).await.unwrap());
                sent.push(store.sent_since(supplier.clone(), OrderId::first_at(0), from_ms).await.unwrap());
            }
        }
        let due = store.callbacks_due(i64::MAX, 1_000).await.unwrap();
        let parked = store.callbacks_parked(1_000).await.unwrap();
        Self {
            orders,
            by_number,
            schedule: whole_schedule(store, 2).await,
            due: due.into_iter().map(|stored| stored.callback).collect(),
            parked: parked.into_iter().map(|stored| stored.callback).collect(),
            balance: store.balance(SHOP, Currency::Cny).await.unwrap(),
            balances: store.balances().await.unwrap(),
            cases: store.open_cases(1_000).await.unwrap(),
            census: store.census().await.unwrap(),
            had,
            sent,
        }
    }

    /// The invariants that a store by itself can break.
    pub fn check(&self) {
        let sum: i64 = self.balances.iter().map(|balance| balance.minor).sum();
        assert_eq!(sum, 0, "accounts sum to zero (I5)");
        // Only what a shop repays of its advances may take it into debt (docs/decisions/0071): it may have spent them.
        let orders = self.orders.iter().map(|visible| &visible.order);
        let repaid: i64 = orders.filter(|order| order.is_advanced()).map(|order| order.captured().minor).sum();
        assert!(self.balance.available.minor + repaid >= 0, "a hold went below its floor");
        assert_eq!(self.census.lost_orders, 0, "an order is stuck (I17)");
        assert_eq!(self.census.orders, u64::try_from(self.orders.len()).unwrap());
        for visible in &self.orders {
            let stored = Order {
                next_action: None,
                ..visible.order.clone()
            };
            assert_eq!(replay(&visible.history), Some(stored), "the order is its history");
            let numbers: Vec<u32> = visible.history.iter().map(|recorded| recorded.number).collect();
            assert_eq!(numbers, (1..=visible.order.version).collect::<Vec<_>>());
        }
    }
}

pub async fn whole_schedule(store: &dyn Store, page: u32) -> Vec<ScheduleCursor> {
    let mut all: Vec<ScheduleCursor> = Vec::new();
    loop {
        let next = store.schedule(all.last().copied(), page).await.unwrap();
        if next.is_empty() {
            return all;
        }
        assert!(next.len() <= usize::try_from(page).unwrap());
        all.extend(next);
    }
}
