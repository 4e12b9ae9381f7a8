//! What a scorecard tells besides the score: how a supplier tells, whether it denies, what is left of our money.

use recharge_gateway::domain::ids::SupplierId;
use recharge_gateway::domain::limits::Operation;

use crate::wire::Say;
use crate::world::World;

const HOUR_MS: i64 = 3_600_000;

#[tokio::test]
async fn our_money_is_asked_for_and_how_long_it_lasts_is_told() {
    let world = World::new().await;
    let north = SupplierId::from("north");
    assert_eq!(world.dispatch.scorecard(&north).balance, None);
    world.clocks.pass(HOUR_MS).await;
    let card = world.dispatch.scorecard(&north);
    assert_eq!((card.balance.as_deref(), card.balance_hours), (Some("10000.00 CNY"), None));
    *world.north.balance_minor.lock().unwrap() = 900_000;
    world.clocks.pass(HOUR_MS + 10_000).await;
    let card = world.dispatch.scorecard(&north);
    assert_eq!((card.balance.as_deref(), card.balance_hours), (Some("9000.00 CNY"), Some(9)));
    assert!(world.north.submitted().is_empty() && world.north.queried().is_empty());
}

#[tokio::test]
async fn a_supplier_that_denies_what_it_delivers_is_shown_to_do_so() {
    let world = World::new().await;
    world.north.submits(&[Say::Silence, Say::Silence]);
    world.north.queries(&[Say::NotFound, Say::Succeeded, Say::Succeeded]);
    for number in ["1", "2"] {
        world.submit(number).await.unwrap();
        world.clocks.pass(5_000).await;
    }
    let card = world.dispatch.scorecard(&SupplierId::from("north"));
    let denied = card.denied_bp.unwrap();
    assert!(
        (4_900..=5_000).contains(&denied),
        "one of two, the older one a little less: {card:?}"
    );
    assert_eq!((card.told_bp, card.notified_ms), (Some(0), None), "neither was notified");
}

#[tokio::test]
async fn queries_and_balances_are_scored_by_themselves_and_cost_no_order_s_score() {
    let world = World::new().await;
    let north = SupplierId::from("north");
    world.north.submits(&[Say::Accepted]);
    world.north.queries(&[Say::Silence, Say::Silence, Say::Silence, Say::Succeeded]);
    world.submit("1").await.unwrap();
    let before = world.dispatch.scorecard(&north);
    assert!(before.answers.is_empty());
    world.clocks.pass(600_000).await;
    let card = world.dispatch.scorecard(&north);
    let [queries] = card.answers.as_slice() else { panic!("{card:?}") };
    assert_eq!(queries.operation, Operation::Query);
    assert!(queries.score_bp < 9_000 && queries.facts >= 3, "{queries:?}");
    assert_eq!((card.facts, card.unknown_bp), (1, 0), "one order, which was delivered: {card:?}");
    assert_eq!(card.facets.first().and_then(|facet| facet.queries_bp), Some(queries.score_bp));
    world.clocks.pass(HOUR_MS).await;
    let card = world.dispatch.scorecard(&north);
    assert!(
        card.answers
            .iter()
            .any(|answer| answer.operation == Operation::Balance && answer.score_bp > 9_500)
    );
}

#[tokio::test]
async fn a_promise_that_is_broken_costs_its_supplier_and_is_named() {
    let world = World::new().await;
    let north = SupplierId::from("north");
    world.north.submits(&[Say::RefusedNumber]);
    let id = world.submit("1").await.unwrap();
    world.clocks.pass(2_000).await;
    let before = world.dispatch.scorecard(&north);
    world.dispatch.notification("north", world.north_says(id, "1")).await;
    world.clocks.pass(2_000).await;
    let card = world.dispatch.scorecard(&north);
    let what: Vec<&str> = card.costly.iter().map(|costly| costly.what.as_str()).collect();
    assert!(what.contains(&"complaint: it broke a promise"), "{what:?}");
    assert!(card.score_bp.unwrap_or(10_000) < before.score_bp.unwrap_or(9_500), "{card:?}");
}
