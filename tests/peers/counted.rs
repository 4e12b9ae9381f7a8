//! Processes that do not count the same number of themselves: the greatest number counts, also without Redis.

use std::time::Duration;

use recharge_gateway::seams::Clock;

use crate::contract::Contract;
use crate::world::{NODES, World, name};

const CONTRACT: Contract = Contract {
    per_minute: 600,
    burst: 12,
};
const COUNTED: Duration = Duration::from_secs(8);
/// For each process: more than it can send in that time.
const BACKLOG: usize = 150;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alone_each_uses_its_part_of_the_greatest_number_that_redis_last_told() {
    let mut world = World::counting(&[CONTRACT], [NODES, NODES, 2 * NODES]).await;
    for number in 0..BACKLOG {
        for node in &world.nodes {
            assert!(node.order(&name(0), number).await);
        }
    }
    world.redis.kill();
    world.clock.sleep(Duration::from_secs(3)).await;
    let (begin, before) = (world.clock.monotonic(), world.arrivals_ms(0).len());
    world.clock.sleep(COUNTED).await;
    let (count, lasted) = (world.arrivals_ms(0).len() - before, world.clock.monotonic().saturating_sub(begin));
    let used = CONTRACT.used_percent(count, u64::try_from(lasted.as_millis()).unwrap());
    println!("three of six alone: {used} % used");
    // Three parts of six; by their own numbers two of three and one of six would be 83.
    assert!((35..=60).contains(&used), "{used} % used");
    assert!(world.nodes[0].log().contains("do not count the same"), "{}", world.nodes[0].log());
    world.stop().await;
    assert_eq!(CONTRACT.above(&world.arrivals_ms(0)), []);
}
