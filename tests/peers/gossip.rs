//! What one process sees of a supplier the others know within a second.

use std::time::Duration;

use recharge_gateway::seams::Clock;

use crate::contract::Contract;
use crate::world::{World, name};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_circuit_that_opens_in_one_process_is_open_in_the_others_within_a_second() {
    let contract = Contract {
        per_minute: 6_000,
        burst: 100,
    };
    let mut world = World::open(&[contract]).await;
    world.suppliers[0].mock.set_accepting(false).await.unwrap();
    for number in 0..6 {
        assert!(world.nodes[0].order(&name(0), number).await);
    }
    let begin = world.clock.monotonic();
    while world.nodes[0].circuit(&name(0)).as_deref() != Some("open") {
        let waited = world.clock.monotonic().saturating_sub(begin);
        assert!(waited < Duration::from_secs(20), "no circuit opens:\n{}", world.nodes[0].log());
        world.clock.sleep(Duration::from_millis(20)).await;
    }
    // Looking takes a while by itself, so the others are given their second and looked at once.
    world.clock.sleep(Duration::from_secs(1)).await;
    for node in &world.nodes[1..] {
        assert_eq!(node.circuit(&name(0)).as_deref(), Some("open"));
    }
    world.stop().await;
}
