//! What a supplier takes of orders in a day, and how often of one recipient, holds whatever comes together.

use recharge_gateway::dispatch::NewOrder;
use recharge_gateway::domain::desk::Signature;
use recharge_gateway::domain::event::Event;
use recharge_gateway::domain::failure::Failure;
use recharge_gateway::domain::ids::{OrderId, SupplierId};
use recharge_gateway::domain::order::Verdict;
use recharge_gateway::domain::plan::SkipReason;
use recharge_gateway::store::Store;

use crate::wire::Say;
use crate::world::World;

const RATES: &str = "submit = { per_minute = 60000, burst = 100 }\nquery = { per_minute = 60000, burst = 100 }";
/// From the first moment of these worlds to midnight at the supplier.
const TO_MIDNIGHT_MS: i64 = 6_400_000;

fn limits(bound: &str) -> String {
    format!("{RATES}\n{bound}")
}

/// Why north was left out when the order's last attempt was opened.
async fn why_not_north(world: &World, order: OrderId) -> Option<SkipReason> {
    let history = world.store.history(order).await.unwrap();
    let skips = history.into_iter().rev().find_map(|recorded| {
        if let Event::AttemptOpened { skipped, .. } | Event::OrderWaiting { skipped, .. } = recorded.event {
            Some(skipped)
        } else {
            None
        }
    });
    let north = skips?.into_iter().find(|skip| skip.supplier.as_str() == "north");
    north.map(|skip| skip.reason)
}

#[tokio::test]
async fn orders_that_come_at_once_do_not_share_the_last_place_of_a_day() {
    let world = World::with_at_north(RATES, &limits("daily_orders = 3")).await;
    let asked = (0..10).map(|number| {
        let (dispatch, asked) = (world.dispatch.clone(), world.ask(&number.to_string()));
        tokio::spawn(async move { dispatch.submit(asked).await })
    });
    let asked: Vec<_> = asked.collect();
    world.clocks.pass(5_000).await;
    for taken in asked {
        taken.await.unwrap().unwrap();
    }
    assert_eq!((world.north.submitted().len(), world.south.submitted().len()), (3, 7));
    let card = world.dispatch.scorecard(&SupplierId::from("north"));
    assert_eq!((card.orders_left, card.cost_left), (Some(0), None));
    let next = world.submit("next").await.unwrap();
    let until_ms = 1_790_000_000_000 + TO_MIDNIGHT_MS;
    assert_eq!(why_not_north(&world, next).await, Some(SkipReason::DailyOrders { until_ms }));
    world.clocks.pass(TO_MIDNIGHT_MS).await;
    world.submit("tomorrow").await.unwrap();
    world.clocks.pass(100).await;
    assert_eq!(world.north.submitted().len(), 4);
}

#[tokio::test]
async fn a_day_s_money_is_that_of_what_was_not_refused() {
    // An order costs 98.00 there.
    let world = World::with_at_north(RATES, &limits("daily_cost_minor = 19600")).await;
    world.north.submits(&[Say::Refused]);
    for number in 0..5 {
        world.submit(&number.to_string()).await.unwrap();
        world.clocks.pass(100).await;
    }
    assert_eq!(world.north.submitted().len(), 3, "one refused, two for all the money there is");
    let last = world.submit("last").await.unwrap();
    assert!(matches!(why_not_north(&world, last).await, Some(SkipReason::DailyCost { .. })));
}

#[tokio::test]
async fn a_start_counts_what_the_day_had_before_it() {
    let world = World::with(&limits("daily_orders = 3"), &["north"]).await;
    for number in 0..2 {
        world.submit(&number.to_string()).await.unwrap();
        world.clocks.pass(100).await;
    }
    let world = world.reopened(10_000, &["north"], &limits("daily_orders = 3")).await;
    world.clocks.pass(1_000).await;
    for number in 2..5 {
        world.submit(&number.to_string()).await.unwrap();
        world.clocks.pass(100).await;
    }
    assert_eq!(world.north.submitted().len(), 3);
    world.clocks.pass(TO_MIDNIGHT_MS).await;
    assert_eq!(world.north.submitted().len(), 5, "the others waited for the next day");
}

#[tokio::test]
async fn a_document_that_bounds_the_day_counts_what_it_had_already() {
    let world = World::new().await;
    for number in 0..3 {
        world.submit(&number.to_string()).await.unwrap();
        world.clocks.pass(100).await;
    }
    let text = "supplier.north.limits.daily_orders = 4\n".to_owned();
    world.dispatch.publish(0, text, None, Signature::of("li", "a test")).await.unwrap();
    world.clocks.pass(1_000).await;
    for number in 3..6 {
        world.submit(&number.to_string()).await.unwrap();
        world.clocks.pass(100).await;
    }
    assert_eq!((world.north.submitted().len(), world.south.submitted().len()), (4, 2));
}

#[tokio::test]
async fn one_recipient_s_orders_keep_their_distance_or_go_elsewhere() {
    let world = World::with_at_north(RATES, &limits("recipient_spacing_ms = 60000")).await;
    world.submit("1").await.unwrap();
    let second = world.submit("2").await.unwrap();
    world.hand_in(world.ask_for("3", "13900139000")).await.unwrap();
    world.clocks.pass(100).await;
    assert_eq!(world.north.submitted().len(), 2, "another recipient need not wait");
    assert_eq!(world.south.submitted().len(), 1);
    assert!(matches!(
        why_not_north(&world, second).await,
        Some(SkipReason::RecipientTooSoon { .. })
    ));
}

#[tokio::test]
async fn where_nobody_else_can_a_recipient_waits_for_its_turn_also_after_a_start() {
    let bound = limits("recipient_spacing_ms = 60000");
    let world = World::with(&bound, &["north"]).await;
    world.submit("1").await.unwrap();
    world.submit("2").await.unwrap();
    world.clocks.pass(59_000).await;
    assert_eq!(world.north.submitted().len(), 1);
    world.clocks.pass(2_000).await;
    assert_eq!(world.north.submitted().len(), 2);
    let world = world.reopened(1_000, &["north"], &bound).await;
    world.clocks.pass(1_000).await;
    world.submit("3").await.unwrap();
    world.clocks.pass(200_000).await;
    let at: Vec<i64> = world.north.submitted().iter().map(|sent| sent.at_ms).collect();
    assert_eq!(at.len(), 3);
    assert!(at.windows(2).all(|two| two[1] - two[0] >= 60_000), "{at:?}");
}

#[tokio::test]
async fn the_same_attempt_again_keeps_its_recipient_s_distance() {
    let world = World::with(&limits("recipient_spacing_ms = 600000"), &["north"]).await;
    world.north.submits(&[Say::Silence]);
    world.north.queries(&[Say::NotFound; 200]);
    world.submit("1").await.unwrap();
    world.clocks.pass(1_000_000).await;
    let at: Vec<i64> = world.north.submitted().iter().map(|sent| sent.at_ms).collect();
    assert_eq!(at.len(), 2, "{at:?}");
    assert!(at[1] - at[0] >= 600_000);
}

#[tokio::test]
async fn an_order_that_would_wait_for_tomorrow_beyond_its_deadline_fails_at_once() {
    let world = World::with(&limits("daily_orders = 1"), &["north"]).await;
    world.submit("1").await.unwrap();
    let asked = |number: &str, deadline_ms: i64| NewOrder {
        deadline_seconds: Some(u32::try_from(deadline_ms / 1_000).unwrap()),
        ..world.ask(number)
    };
    let today = world.hand_in(asked("2", TO_MIDNIGHT_MS / 2)).await.unwrap();
    let failed = world.order(today).await.verdict;
    assert!(
        matches!(
            failed,
            Some(Verdict::Failed {
                failure: Failure::NoSupplier,
                ..
            })
        ),
        "{failed:?}"
    );
    let tomorrow = world.hand_in(asked("3", TO_MIDNIGHT_MS * 2)).await.unwrap();
    assert_eq!(world.order(tomorrow).await.verdict, None);
    world.clocks.pass(TO_MIDNIGHT_MS + 10_000).await;
    assert!(matches!(world.order(tomorrow).await.verdict, Some(Verdict::Succeeded { .. })));
}
