//! A machine that stands still for longer than every time-out, and wakes.

use std::time::Duration;

use recharge_gateway::seams::Clock;
use rustix::process::Signal;

use super::under_load;
use crate::load::Load;
use crate::proxy::Trouble;
use crate::world::{Plan, World};

#[actix_web::test]
async fn a_process_that_is_stopped_and_woken_repeats_nothing_and_settles_everything() {
    let world = World::open(Plan::default()).await;
    let process = world.serve().await;
    let load = Load::new(&world);
    for _ in 0..3 {
        // Answers are on their way when it stops, and have long arrived when it wakes.
        world
            .suppliers
            .iter()
            .for_each(|supplier| supplier.proxy.plan(&[Trouble::Delay(300); 8]));
        under_load(&load, async {
            world.clock.sleep(Duration::from_millis(250)).await;
            process.signal(Signal::STOP);
            world.clock.sleep(Duration::from_secs(3)).await;
            process.signal(Signal::CONT);
            world.clock.sleep(Duration::from_millis(300)).await;
        })
        .await;
    }
    let count = world.rest_and_judge(&load, Some(process)).await;
    println!("stopped three times for 3 s: {} orders, {count:?}", load.asked());
    // Where nothing deduplicates, a request whose time was over before it left stays in doubt.
    assert!(count.succeeded >= 50 && count.in_doubt <= 20, "{count:?}");
}
