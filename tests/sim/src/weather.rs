//! What strikes from outside: nodes die and come back, clocks jump, the database is away; and when the
//! weather calms, everything is put right again and stays so.

use std::sync::Arc;

use crate::scene::Fault;
use crate::world::{Blow, World};

/// Starts the weather of a history.
pub fn begin(world: &Arc<World>) {
    for node in 0..world.scene.nodes {
        let of_task = Arc::clone(world);
        world.start(async move { kills(&of_task, node).await });
        let of_task = Arc::clone(world);
        world.start(async move { jumps(&of_task, node).await });
    }
    let of_task = Arc::clone(world);
    world.start(async move { outages(&of_task).await });
    let of_task = Arc::clone(world);
    world.start(async move { calms(&of_task).await });
}

fn is_calm(world: &World) -> bool {
    world.state().is_calm
}

async fn kills(world: &World, node: usize) {
    while !is_calm(world) {
        world.sleep(world.dice.between(1_000, 60_000)).await;
        if world.strikes(Fault::Crash) {
            world.state().blows.push(Blow::Kill(node));
            world.sleep(world.dice.between(20, 12_000)).await;
            world.state().blows.push(Blow::Start(node));
        }
    }
}

/// Up to half an hour either way: less than what resubmits keep as a margin.
async fn jumps(world: &World, node: usize) {
    while !is_calm(world) {
        world.sleep(world.dice.between(1_000, 120_000)).await;
        if world.strikes(Fault::ClockJumps) {
            let offset_ms = world.dice.between(-1_800_000, 1_800_000);
            world.state().blows.push(Blow::SetClock(node, offset_ms));
        }
    }
}

async fn outages(world: &World) {
    while !is_calm(world) {
        world.sleep(world.dice.between(1_000, 90_000)).await;
        if world.strikes(Fault::DatabaseAway) {
            let until_ms = world.now_ms() + world.dice.between(200, 60_000);
            let only = world.dice.place(world.scene.nodes * 2);
            world.tell(None, || match only < world.scene.nodes {
                true => format!("node {only} is cut off from the database until {until_ms}"),
                false => format!("the database is away until {until_ms}"),
            });
            for (node, link) in world.state().links.iter_mut().enumerate() {
                if only >= world.scene.nodes || only == node {
                    link.away_until_ms = until_ms;
                }
            }
        }
    }
}

async fn calms(world: &World) {
    world.sleep(world.scene.faults_until_ms).await;
    world.tell(None, || "the weather calms".to_owned());
    let mut state = world.state();
    state.is_calm = true;
    for node in 0..world.scene.nodes {
        state.links[node].away_until_ms = 0;
        state.blows.push(Blow::SetClock(node, 0));
    }
    state.shop_down_until_ms.fill(0);
}
