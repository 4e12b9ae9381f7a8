//! An operator at each node's desk: gives back what was captured and charges what came late, under few keys,
//! twice and at other nodes at the same time. That two persons are needed is the console's affair, and
//! tested there.

use std::sync::Arc;

use futures_util::future;
use recharge_gateway::dispatch::{Acted, Dispatch};
use recharge_gateway::domain::decide::Input;
use recharge_gateway::domain::desk::Signature;
use recharge_gateway::domain::ids::OrderId;
use recharge_gateway::domain::money::Money;
use recharge_gateway::domain::order::Order;
use recharge_gateway::store::Store;

use crate::at_once;
use crate::dice::Dice;
use crate::laws::Law;
use crate::world::World;

/// Every key that a deed may have.
const KEYS: [&str; 3] = ["first", "second", "third"];

/// Looks now and then until things calm down, and moves what may be moved, and what may not.
pub async fn attend(world: Arc<World>, dispatch: Dispatch, node: usize, life: u32) {
    let place = u64::try_from(node).unwrap() << 32 | u64::from(life);
    let dice = world.dice.aside(place ^ 0x00DE_5C00_0000_0000);
    while !world.state().is_calm {
        world.sleep(dice.between(500, 15_000)).await;
        if !dice.falls(world.scene.moves_later) {
            continue;
        }
        let Some(order) = choose(&world, &dice) else { continue };
        // Twice at once, as by somebody who clicks twice.
        let (deed, again) = (deed(&dice, &order), dice.falls(300));
        let first = act(&world, &dispatch, &order, deed);
        if again {
            future::join(first, act(&world, &dispatch, &order, deed)).await;
        } else {
            first.await;
        }
    }
}

/// An order, more often than not one of which something can be moved.
fn choose(world: &World, dice: &Dice) -> Option<Order> {
    let ids = at_once(world.store.orders_from(OrderId::first_at(0), 100)).unwrap();
    let mut orders: Vec<Order> = ids.into_iter().filter_map(|id| at_once(world.store.order(id)).unwrap()).collect();
    let late = orders.iter().filter(|order| order.has_unrecovered_late_delivery()).cloned();
    let late: Vec<Order> = late.collect();
    if !late.is_empty() && dice.falls(700) {
        orders = late;
    }
    (!orders.is_empty()).then(|| dice.pick(&orders))
}

/// A key, and an amount: all of it, a part, or more than there is.
fn deed(dice: &Dice, order: &Order) -> (&'static str, Money) {
    let price = order.terms.price.minor;
    let minor = dice.pick(&[price, price, price / 2, price / 3, price + 1]);
    (dice.pick(&KEYS), Money::new(minor, order.terms.price.currency))
}

/// Gives back what was captured; what was not, is charged. What is done is written, and stays.
async fn act(world: &World, dispatch: &Dispatch, order: &Order, (key, amount): (&str, Money)) {
    let is_captured = order.captured().minor > 0;
    let (key, signed) = (key.to_owned(), Signature::of("li", "the shop asked"));
    let said = (key.clone(), amount);
    let input = if is_captured {
        Input::Refund { key, amount, signed }
    } else {
        let consent = "their letter".to_owned();
        Input::Charge {
            key,
            amount,
            consent,
            signed,
        }
    };
    let acted = dispatch.act(order.id, input, Vec::new()).await;
    let what = if is_captured { "refund" } else { "charge" };
    world.tell(Some(order.id), || {
        format!("the operator asks for a {what} of {amount} as {}: {acted:?}", said.0)
    });
    let now = at_once(world.store.order(order.id)).unwrap();
    let is_written = now.is_some_and(|now| {
        if is_captured {
            now.refunds.contains(&said)
        } else {
            now.charges.contains(&said)
        }
    });
    if acted == Acted::Done && !is_written {
        let how = format!("the operator was told that the {what} {} is done, and it is not", said.0);
        world.record().breaks(Law::RefundsWithin, Some(order.id), how);
    }
}
