//! Three processes with more orders than the suppliers take: within every contract, and using it.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use recharge_gateway::seams::Clock;

use crate::contract::Contract;
use crate::world::{NODES, World, name};

const CONTRACTS: usize = 10;
/// Into a new state: a process that lost Redis is missed, and uses its own part, within 1.1 s.
const SETTLE: Duration = Duration::from_secs(3);
const COUNTED: Duration = Duration::from_secs(10);
/// Orders wait for so long at every supplier, at least.
const BACKLOG_S: u64 = 90;
/// Orders that are placed at once.
const CLIENTS: usize = 48;

/// Redis during one stretch of the test.
#[derive(Debug, Clone, Copy)]
enum Phase {
    There,
    Frozen,
    Thawed,
    Killed,
    StartedAgain,
}

impl Phase {
    const ALL: [Self; 5] = [Self::There, Self::Frozen, Self::Thawed, Self::Killed, Self::StartedAgain];

    fn begin(self, world: &mut World) {
        match self {
            Self::There => {}
            Self::Frozen => world.redis.freeze(),
            Self::Thawed => world.redis.thaw(),
            Self::Killed => world.redis.kill(),
            Self::StartedAgain => world.redis.start_again(),
        }
    }

    fn is_away(self) -> bool {
        matches!(self, Self::Frozen | Self::Killed)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_processes_use_ten_contracts_and_exceed_none_whatever_becomes_of_redis() {
    let seed = u64::from(std::process::id());
    let contracts = Contract::draw(seed, CONTRACTS);
    println!("seed {seed}: {contracts:?}");
    let mut world = World::open(&contracts).await;
    let ordered = place_backlog(&world, &contracts).await;
    let mut used_in_all = [0; CONTRACTS];
    for (number, phase) in Phase::ALL.into_iter().enumerate() {
        println!("{phase:?} from {}", world.clock.now_ms());
        phase.begin(&mut world);
        world.clock.sleep(SETTLE).await;
        let before: Vec<usize> = (0..CONTRACTS).map(|supplier| world.arrivals_ms(supplier).len()).collect();
        let begin = world.clock.monotonic();
        for (at, node) in world.nodes.iter().enumerate() {
            assert!(
                node.order(&name(0), ordered + number * NODES + at).await,
                "{phase:?}: an order is refused"
            );
            let is_away = node.metric("redis_is_away").await;
            assert_eq!(is_away.as_deref(), Some(if phase.is_away() { "1" } else { "0" }), "{phase:?}");
        }
        let spent = world.clock.monotonic().saturating_sub(begin);
        world.clock.sleep(COUNTED.saturating_sub(spent)).await;
        let lasted = world.clock.monotonic().saturating_sub(begin);
        let used: Vec<u64> = (0..CONTRACTS)
            .map(|supplier| {
                let count = world.arrivals_ms(supplier).len() - before[supplier];
                contracts[supplier].used_percent(count, u64::try_from(lasted.as_millis()).unwrap())
            })
            .collect();
        let mut missed = Vec::new();
        for node in &world.nodes {
            missed.push(node.metric("redis_calls_missed_total").await.unwrap_or_default());
        }
        println!("{phase:?}: used {used:?} %, calls missed {missed:?}");
        // Were one of three processes silent, two thirds would be used.
        assert!(used.iter().all(|used| *used >= 75), "{phase:?}: {used:?} % used");
        for (sum, used) in used_in_all.iter_mut().zip(used) {
            *sum += used;
        }
    }
    world.stop().await;
    let mut submits = 0;
    for (supplier, contract) in contracts.iter().enumerate() {
        let arrivals = world.arrivals_ms(supplier);
        let above = contract.above(&arrivals);
        assert_eq!(above, [], "{supplier}: requests above {contract:?}, with how many ms too early");
        submits += arrivals.len();
        let book = world.suppliers[supplier].mock.book();
        let ids: BTreeSet<&str> = book.iter().map(|charge| charge.recipient.as_str()).collect();
        assert_eq!(ids.len(), book.len(), "{supplier}: charged twice");
        assert_eq!(arrivals.len(), book.len(), "{supplier}: sent again what was answered");
    }
    let mean = used_in_all.map(|sum| sum / u64::try_from(Phase::ALL.len()).unwrap());
    println!("{submits} submits, none above any contract, of which {mean:?} % were used");
    assert!(mean.iter().all(|used| *used >= 90), "{mean:?} % used");
}

/// More orders at every process than it can send meanwhile; how many there are.
async fn place_backlog(world: &World, contracts: &[Contract]) -> usize {
    let mut orders = Vec::new();
    for (supplier, contract) in contracts.iter().enumerate() {
        let each = contract.per_minute * BACKLOG_S / 60 / u64::try_from(NODES).unwrap() + 10;
        for node in 0..NODES {
            orders.extend((0..each).map(|_| (node, supplier)));
        }
    }
    // The suppliers' turns are mixed, so that all of them have something to do early.
    let numbered: Vec<(usize, (usize, usize))> = orders.iter().copied().enumerate().collect();
    let count = numbered.len();
    let place = |client: usize| {
        let mine = (0..count).map(move |n| n * 7_919 % count).skip(client).step_by(CLIENTS);
        let numbered = &numbered;
        async move {
            for at in mine {
                let (number, (node, supplier)) = numbered[at];
                assert!(world.nodes[node].order(&name(supplier), number).await, "order {number} was refused");
            }
        }
    };
    join_all((0..CLIENTS).map(place)).await;
    count
}
