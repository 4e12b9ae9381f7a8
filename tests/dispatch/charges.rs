//! What a shop agreed to pay is taken from what it has, in the commit that takes it.

use recharge_gateway::dispatch::Acted;
use recharge_gateway::domain::decide::{Input, Refusal};
use recharge_gateway::domain::desk::Signature;
use recharge_gateway::domain::ledger::Posting;
use recharge_gateway::domain::money::{Currency, Money};
use recharge_gateway::domain::order::Verdict;
use recharge_gateway::store::{Answer, Command, Store};

use crate::wire::Say;
use crate::world::World;

#[tokio::test]
async fn a_late_delivery_is_not_charged_into_debt() {
    let world = World::with("", &["north"]).await;
    world.north.submits(&[Say::Refused]);
    let id = world.submit("1").await.unwrap();
    world.clocks.pass(90_000_000).await;
    let failed = world.order(id).await;
    assert!(matches!(failed.verdict, Some(Verdict::Failed { .. })), "{:?}", failed.verdict);
    world.north.queries(&[Say::Succeeded]);
    world.dispatch.notification("north", world.north_says(id, "1")).await;
    world.clocks.pass(5_000).await;
    assert!(world.order(id).await.has_unrecovered_late_delivery());
    let shop = failed.terms.shop;
    let taken_out = Posting::credit(shop, Money::new(-(100_000_000 - 5_000), Currency::Cny), "taken out");
    assert_eq!(world.store.commit(Command::Post(taken_out)).await, Answer::Done);
    let charge = |key: &str, minor| {
        let charge = Input::Charge {
            key: key.to_owned(),
            amount: Money::new(minor, Currency::Cny),
            consent: "Mr Chen".to_owned(),
            signed: Signature::of("li", "a test"),
        };
        world.dispatch.act(id, charge, Vec::new())
    };
    assert_eq!(charge("c1", 5_001).await, Acted::Refused(Refusal::NoFunds));
    assert_eq!(charge("c2", 5_000).await, Acted::Done);
    assert_eq!(world.store.balance(shop, Currency::Cny).await.unwrap().available.minor, 0);
}
