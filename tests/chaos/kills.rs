//! SIGKILL again and again under load: at random moments, the start itself among them, and at every
//! named point of an order's life. Each life goes on where the last one ended.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join;
use mock_suppliers::Fault;
use recharge_gateway::seams::Clock;

use crate::dice::Dice;
use crate::load::Load;
use crate::world::{Plan, World};

/// Where a life ends. The point after the send needs no failpoint: the wire sees it best.
const POINTS: [&str; 7] = [
    "after-stamp",
    "before-send",
    "after-send",
    "after-reply",
    "after-fact",
    "after-verdict",
    "after-outbox-send",
];
/// Passages of a point before the last one, at most.
const PASSAGES: u64 = 6;
/// Orders in doubt pile up at the supplier that does not deduplicate, and every life asks about all of them: after
/// this many another world begins.
const MOST_IN_ONE_WORLD: usize = 500;
/// The latest random moment, from the start of the process, in milliseconds.
const LATEST_MS: u64 = 600;
/// Scores and circuits decide, too.
const STEERING: &str = "[product.\"*\"]\nexplore_percent = 10\nwhen_all_out = \"best\"\n\
    [circuit]\nopen_ms = 200\nopen_max_ms = 1000\nprobe_spare_ms = 1000\nstep_ms = 500\n";
/// No point is waited for longer.
const PATIENCE: Duration = Duration::from_secs(30);

#[actix_web::test]
async fn no_order_is_lost_or_charged_twice_however_often_the_process_is_killed() {
    let mut dice = Dice::new();
    let mut left = kills();
    while left > 0 {
        let kills = left.min(MOST_IN_ONE_WORLD);
        kill(kills, &mut dice).await;
        left -= kills;
    }
}

/// So many lives in one world, and what became of its orders.
async fn kill(kills: usize, dice: &mut Dice) {
    let world = World::open(Plan {
        faults: rough(),
        steering: STEERING.to_owned(),
        ..Plan::default()
    })
    .await;
    let load = Load::new(&world);
    let mut killed: BTreeMap<&str, u32> = BTreeMap::new();
    for kill in 0..kills {
        // Every other one at a named point, in turns.
        let point = (kill % 2 == 1).then(|| POINTS[kill / 2 % POINTS.len()]);
        let way = life(&world, &load, point, dice).await;
        *killed.entry(way).or_default() += 1;
    }
    let count = world.rest_and_judge(&load, None).await;
    println!("{kills} kills {killed:?}; {} orders, {count:?}", load.asked());
    println!("0 lost, 0 charged twice, ledger 0, no byte without an older stamp, 0 conflicting verdicts");
    assert!(load.asked() >= kills, "hardly any order was made: {}", load.asked());
}

/// One life of the gateway, from its start to its violent end.
async fn life(world: &World, load: &Load<'_>, point: Option<&'static str>, dice: &mut Dice) -> &'static str {
    let passages = dice.below(PASSAGES) + 1;
    let random_ms = dice.below(LATEST_MS);
    let failpoint = point
        .filter(|point| *point != "after-send")
        .map(|point| format!("{point}:{passages}"));
    let sent = (point == Some("after-send")).then(|| world.trap.arm(passages));
    let mut process = world.spawn(failpoint.as_deref());
    let is_over = Cell::new(false);
    let end = async {
        if failpoint.is_some() {
            let status = process.end(PATIENCE).await;
            let signal = status.and_then(|status| std::os::unix::process::ExitStatusExt::signal(&status));
            assert_eq!(signal, Some(9), "{point:?} was not reached:\n{}", world.log());
        } else if let Some(sent) = sent {
            let patience = world.clock.sleep(PATIENCE);
            let reached = futures_util::future::select(sent, patience).await;
            let is_sent = matches!(reached, futures_util::future::Either::Left(_));
            assert!(
                is_sent,
                "nothing was sent in {PATIENCE:?} after {} orders: {:?}\n{}",
                load.asked(),
                load.wrong.borrow().last(),
                world.log()
            );
            process.kill();
        } else {
            world.clock.sleep(Duration::from_millis(random_ms)).await;
            process.kill();
        }
        is_over.set(true);
    };
    join(load.run(&is_over), end).await;
    point.unwrap_or("any moment")
}

#[expect(clippy::disallowed_methods, reason = "how long to search; no setting of the gateway")]
fn kills() -> usize {
    let given = std::env::var("CHAOS_KILLS").ok();
    given.map_or(200, |kills| kills.parse().expect("CHAOS_KILLS is a number"))
}

/// Suppliers as they are on a bad day, in ten thousandths. Stone is never sent what would charge twice
/// by itself.
fn rough() -> [Vec<(Fault, u32)>; 3] {
    let rough = vec![
        (Fault::ChargeThenReset, 300),
        (Fault::ChargeThenHang, 100),
        (Fault::HangUncharged, 100),
        (Fault::Status500 { charged: true }, 200),
        (Fault::Status500 { charged: false }, 200),
        (Fault::Truncated { charged: true }, 200),
        (Fault::Refuse, 300),
        (Fault::FailLater, 300),
        (Fault::NotifyTwice, 300),
        (Fault::NoNotify, 500),
        (Fault::NotFoundThenSuccess { times: 2 }, 200),
        (Fault::Duplicate, 200),
        (Fault::ArriveLate { after_ms: 300 }, 100),
    ];
    let charges_twice_by_itself = |fault: &Fault| *fault == Fault::Duplicate;
    let stone = rough.iter().filter(|(fault, _)| !charges_twice_by_itself(fault)).copied().collect();
    [rough.clone(), rough, stone]
}
