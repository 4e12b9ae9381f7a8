//! The orders that wait for one supplier: shops take turns by weight; within a shop the order whose
//! deadline is nearest is next.
//!
//! A turn costs its shop a stride, the shorter the heavier it is, and the shop that is least far ahead
//! is next. One that joins, or joins again, begins one stride behind the shop served last, so it gains
//! nothing by leaving; with S shops of one weight waiting, the first order of any of them is at most S
//! permits away, however many the others have. An order costs some 80 bytes here.

use std::collections::BTreeMap;

use crate::domain::ids::{OrderId, ShopId};

/// How far a turn takes a shop of weight 1.
const STRIDE: u64 = 1 << 20;

/// An order that waits for a permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Which.
    pub order: OrderId,
    /// Whose.
    pub shop: ShopId,
    /// How many turns its shop gets where others get one; at least 1.
    pub weight: u32,
    /// Until when it can be tried, UTC milliseconds.
    pub deadline_ms: i64,
}

/// Waiting orders in fair order.
#[derive(Debug, Default)]
pub struct FairQueue {
    shops: BTreeMap<ShopId, ShopLine>,
    turns: BTreeMap<Turn, ShopId>,
    places: BTreeMap<OrderId, (ShopId, Place)>,
    /// How far the shop that was served last had come.
    passed: u64,
    last: u64,
}

/// How far a shop has come, and which of those that have come as far was first.
type Turn = (u64, u64);
/// An order's deadline, and which of those with the same came first.
type Place = (i64, u64);

#[derive(Debug)]
struct ShopLine {
    turn: Turn,
    weight: u32,
    orders: BTreeMap<Place, OrderId>,
}

impl FairQueue {
    /// Adds an order to its shop's line; one already waiting keeps its place.
    pub fn push(&mut self, waiting: Waiting) {
        let Waiting {
            order,
            shop,
            weight,
            deadline_ms,
        } = waiting;
        if self.places.contains_key(&order) {
            return;
        }
        let number = self.number();
        let place = (deadline_ms, number);
        self.places.insert(order, (shop, place));
        let turn = self.turn(weight, number);
        let line = self.shops.entry(shop).or_insert_with(|| ShopLine {
            turn,
            weight,
            orders: BTreeMap::new(),
        });
        if line.orders.is_empty() {
            self.turns.insert(line.turn, shop);
        }
        line.weight = weight;
        line.orders.insert(place, order);
    }

    /// Takes out the order whose turn it is; its shop moves on by its stride.
    pub fn pop(&mut self) -> Option<OrderId> {
        let ((passed, _), shop) = self.turns.pop_first()?;
        self.passed = passed;
        let number = self.number();
        let line = self.shops.get_mut(&shop)?;
        let (_, order) = line.orders.pop_first()?;
        if line.orders.is_empty() {
            self.shops.remove(&shop);
        } else {
            line.turn = (passed.saturating_add(stride(line.weight)), number);
            self.turns.insert(line.turn, shop);
        }
        self.places.remove(&order);
        Some(order)
    }

    /// Takes `order` out wherever it stands; true if it was there.
    pub fn remove(&mut self, order: OrderId) -> bool {
        let Some((shop, place)) = self.places.remove(&order) else {
            return false;
        };
        if let Some(line) = self.shops.get_mut(&shop) {
            line.orders.remove(&place);
            if line.orders.is_empty() {
                self.turns.remove(&line.turn);
                self.shops.remove(&shop);
            }
        }
        true
    }

    fn turn(&self, weight: u32, number: u64) -> Turn {
        (self.passed.saturating_add(stride(weight)), number)
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

fn stride(weight: u32) -> u64 {
    STRIDE.checked_div(u64::from(weight)).unwrap_or(STRIDE).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::rig::waiting;
    use super::*;

    fn order(n: i64) -> OrderId {
        n.to_string().parse().unwrap()
    }

    #[test]
    fn a_shop_three_times_as_heavy_has_three_turns_where_another_has_one() {
        let mut queue = FairQueue::default();
        for n in 0..40 {
            queue.push(Waiting {
                weight: 3,
                ..waiting(1, order(100 + n))
            });
            queue.push(waiting(2, order(200 + n)));
        }
        let served: Vec<OrderId> = std::iter::from_fn(|| queue.pop()).take(40).collect();
        let heavy = served.iter().filter(|id| id.get() < 200).count();
        assert_eq!(heavy, 30);
        let longest = served
            .chunk_by(|a, b| (a.get() < 200) == (b.get() < 200))
            .map(<[OrderId]>::len)
            .max();
        assert_eq!(longest, Some(3), "turns are spread, not saved up");
    }

    #[test]
    fn within_a_shop_the_nearest_deadline_is_next() {
        let mut queue = FairQueue::default();
        for (n, deadline_ms) in [(1, 30), (2, 10), (3, 20), (4, 10)] {
            queue.push(Waiting {
                deadline_ms,
                ..waiting(1, order(n))
            });
        }
        let served: Vec<i64> = std::iter::from_fn(|| queue.pop()).map(OrderId::get).collect();
        assert_eq!(served, [2, 4, 3, 1]);
    }

    #[test]
    fn shops_take_turns_and_each_is_served_first_in_first_out() {
        let mut queue = FairQueue::default();
        for (shop, n) in [(1, 11), (1, 12), (1, 13), (2, 21), (3, 31), (3, 32)] {
            queue.push(waiting(shop, order(n)));
        }
        let served: Vec<String> = std::iter::from_fn(|| queue.pop()).map(|id| id.to_string()).collect();
        assert_eq!(served, ["11", "21", "31", "12", "32", "13"]);
    }

    #[test]
    fn an_order_that_waits_already_keeps_its_place() {
        let mut queue = FairQueue::default();
        queue.push(waiting(1, order(1)));
        queue.push(waiting(1, order(2)));
        queue.push(waiting(1, order(1)));
        queue.push(waiting(9, order(1)));
        assert_eq!(queue.len(), 2);
        assert_eq!([queue.pop(), queue.pop(), queue.pop()], [Some(order(1)), Some(order(2)), None]);
    }

    #[test]
    fn leaving_and_joining_again_gains_no_turn() {
        let mut queue = FairQueue::default();
        queue.push(waiting(1, order(1)));
        queue.push(waiting(2, order(2)));
        assert!(queue.remove(order(1)));
        queue.push(waiting(1, order(3)));
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
                        queue.push(waiting(shop, order(n)));
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
