//! Quiet windows at work: witnessed time only, and only where they are switched on.

use recharge_gateway::domain::attempt::{AttemptState, Proof};
use recharge_gateway::domain::case::CaseKind;

use crate::wire::Say;
use crate::world::World;

const WIDE: &str = "submit = { per_minute = 60000, burst = 100 }\nquery = { per_minute = 60000, burst = 100 }";
const MINUTE_MS: i64 = 60_000;

/// North has a window of two hours; every submit there is lost, every question answered "not found".
async fn lost(window: &str) -> World {
    let limits = format!("{WIDE}\n[supplier.north.quiet_window]\n{window}");
    let world = if window.is_empty() {
        World::new().await
    } else {
        World::with_at_north(WIDE, &limits).await
    };
    world.north.submits(&[Say::Silence; 8]);
    world.north.queries(&[Say::NotFound; 200]);
    world
}

fn is_assumed(state: &AttemptState) -> bool {
    matches!(
        state,
        AttemptState::Dead {
            proof: Proof::Assumed { .. },
            ..
        }
    )
}

#[tokio::test]
async fn a_quiet_window_gives_up_and_the_next_supplier_delivers() {
    let world = lost("after_ms = 7200000\nmax_cost = \"98.00\"").await;
    let id = world.submit("1").await.unwrap();
    world.clocks.pass(110 * MINUTE_MS).await;
    assert!(world.attempt(id).await.is_in_doubt());
    world.clocks.pass(120 * MINUTE_MS).await;
    let order = world.order(id).await;
    assert!(is_assumed(&order.attempts[0].state), "{:?}", order.attempts[0].state);
    assert_eq!(order.attempts.len(), 2);
    assert_eq!(world.south.submitted().len(), 1);
}

#[tokio::test]
async fn without_a_window_or_above_its_cap_the_doubt_stays_and_a_person_is_called() {
    for window in ["", "after_ms = 7200000\nmax_cost = \"97.99\""] {
        let world = lost(window).await;
        let id = world.submit("1").await.unwrap();
        world.clocks.pass(400 * MINUTE_MS).await;
        let order = world.order(id).await;
        assert!(order.is_in_doubt() && order.attempts.len() == 1, "{window:?}: {:?}", order.attempts);
        assert!(order.has_case(CaseKind::OverdueDoubt, 1));
    }
}

#[tokio::test]
async fn a_clock_that_jumps_lets_no_window_pass() {
    let world = lost("after_ms = 7200000\nmax_cost = \"98.00\"").await;
    let id = world.submit("1").await.unwrap();
    world.clocks.pass(30 * MINUTE_MS).await;
    world.clocks.jump(600 * MINUTE_MS);
    world.clocks.pass(100 * MINUTE_MS).await;
    assert!(world.attempt(id).await.is_in_doubt(), "nobody has seen those ten hours pass");
    world.clocks.pass(120 * MINUTE_MS).await;
    assert!(is_assumed(&world.order(id).await.attempts[0].state));
}
