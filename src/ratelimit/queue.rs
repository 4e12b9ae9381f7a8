//! The orders that wait for one supplier: round robin over shops, first in first out within one.
//!
//! A shop that joins, or joins again, stands behind the shops already waiting, so with S shops
//! waiting the first order of any of them is at most S permits away, however many the others have.
//! An order costs some 60 bytes here.

use std::collections::BTreeMap;

use crate::domain::ids::{OrderId, ShopId};

/// Waiting orders in fair order.
#[derive(Debug, Default)]
pub struct FairQueue {
    shops: BTreeMap<ShopId, ShopLine>,
    turns: BTreeMap<u64, ShopId>,
    places: BTreeMap<OrderId, Place>,
    last: u64,
}

#[derive(Debug, Default)]
struct ShopLine {
    turn: u64,
    orders: BTreeMap<u64, OrderId>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    shop: ShopId,
    number: u64,
}

impl FairQueue {
    /// Adds an order at the end of its shop's line; one already waiting keeps its place.
    pub fn push(&mut self, shop: ShopId, order: OrderId) {
        if self.places.contains_key(&order) {
            return;
        }
        let number = self.number();
        self.places.insert(order, Place { shop, number });
        let line = self.shops.entry(shop).or_default();
        if line.orders.is_empty() {
            line.turn = number;
            self.turns.insert(number, shop);
        }
        line.orders.insert(number, order);
    }

    /// Takes out the order whose turn it is; its shop goes behind the others.
    pub fn pop(&mut self) -> Option<OrderId> {
        let (_, shop) = self.turns.pop_first()?;
        let turn = self.number();
        let line = self.shops.get_mut(&shop)?;
        let (_, order) = line.orders.pop_first()?;
        if line.orders.is_empty() {
            self.shops.remove(&shop);
        } else {
            line.turn = turn;
            self.turns.insert(turn, shop);
        }
        self.places.remove(&order);
        Some(order)
    }

    /// Takes `order` out wherever it stands; true if it was there.
    pub fn remove(&mut self, order: OrderId) -> bool {
        let Some(place) = self.places.remove(&order) else { return false };
        if let Some(line) = self.shops.get_mut(&place.shop) {
            line.orders.remove(&place.number);
            if line.orders.is_empty() {
                self.turns.remove(&line.turn);
                self.shops.remove(&place.shop);
            }
        }
        true
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// 2^64 numbers outlast any process.
    fn number(&mut self) -> u64 {
        self.last = self.last.wrapping_add(1);
        self.last
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn order(n: i64) -> OrderId {
        n.to_string().parse().unwrap()
    }

    #[test]
    fn shops_take_turns_and_each_is_served_first_in_first_out() {
        let mut queue = FairQueue::default();
        for (shop, n) in [(1, 11), (1, 12), (1, 13), (2, 21), (3, 31), (3, 32)] {
            queue.push(ShopId(shop), order(n));
        }
        let served: Vec<String> = std::iter::from_fn(|| queue.pop()).map(|id| id.to_string()).collect();
        assert_eq!(served, ["11", "21", "31", "12", "32", "13"]);
    }

    #[test]
    fn an_order_that_waits_already_keeps_its_place() {
        let mut queue = FairQueue::default();
        queue.push(ShopId(1), order(1));
        queue.push(ShopId(1), order(2));
        queue.push(ShopId(1), order(1));
        queue.push(ShopId(9), order(1));
        assert_eq!(queue.len(), 2);
        assert_eq!([queue.pop(), queue.pop(), queue.pop()], [Some(order(1)), Some(order(2)), None]);
    }

    #[test]
    fn leaving_and_joining_again_gains_no_turn() {
        let mut queue = FairQueue::default();
        queue.push(ShopId(1), order(1));
        queue.push(ShopId(2), order(2));
        assert!(queue.remove(order(1)));
        queue.push(ShopId(1), order(3));
        assert_eq!([queue.pop(), queue.pop()], [Some(order(2)), Some(order(3))]);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Push(i64, i64),
        Pop,
        Remove(i64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0_i64..4, 0_i64..30).prop_map(|(shop, n)| Step::Push(shop, n)),
            2 => Just(Step::Pop),
            1 => (0_i64..30).prop_map(Step::Remove),
        ]
    }

    proptest! {
        /// Against the plainest queue there is: a list of shops, each with a list of orders.
        #[test]
        fn it_does_what_a_plain_list_of_lists_does(steps in prop::collection::vec(step(), 0..200)) {
            let mut queue = FairQueue::default();
            let mut plain: Vec<(i64, Vec<i64>)> = Vec::new();
            for step in steps {
                match step {
                    Step::Push(shop, n) => {
                        queue.push(ShopId(shop), order(n));
                        if plain.iter().all(|(_, orders)| !orders.contains(&n)) {
                            match plain.iter_mut().find(|(of, _)| *of == shop) {
                                Some((_, orders)) => orders.push(n),
                                None => plain.push((shop, vec![n])),
                            }
                        }
                    }
                    Step::Pop => {
                        let expected = (!plain.is_empty()).then(|| {
                            let (shop, mut orders) = plain.remove(0);
                            let first = orders.remove(0);
                            plain.push((shop, orders));
                            order(first)
                        });
                        prop_assert_eq!(queue.pop(), expected);
                    }
                    Step::Remove(n) => {
                        let was_there = plain.iter().any(|(_, orders)| orders.contains(&n));
                        plain.iter_mut().for_each(|(_, orders)| orders.retain(|other| *other != n));
                        prop_assert_eq!(queue.remove(order(n)), was_there);
                    }
                }
                plain.retain(|(_, orders)| !orders.is_empty());
                prop_assert_eq!(queue.len(), plain.iter().map(|(_, orders)| orders.len()).sum::<usize>());
                prop_assert_eq!(queue.is_empty(), plain.is_empty());
            }
        }
    }
}
