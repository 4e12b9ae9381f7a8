//! The wall clock an hour forth and back while orders are under way (libfaketime; time-outs go on).

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mock_suppliers::Fault;
use recharge_gateway::seams::Clock;

use crate::load::Load;
use crate::process::Process;
use crate::world::{Plan, World};

/// Where Debian's package puts it.
const PLACES: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
];

#[actix_web::test]
async fn a_clock_that_jumps_an_hour_forth_and_back_repeats_nothing_and_leaves_nothing_waiting() {
    let library = PLACES.into_iter().find(|place| Path::new(place).exists());
    let library = library.expect("libfaketime is absent: apt-get install libfaketime");
    let lost_replies = || {
        vec![
            (Fault::ChargeThenReset, 1_500),
            (Fault::Status500 { charged: true }, 1_500),
            (Fault::NoNotify, 2_000),
        ]
    };
    let world = World::open(Plan {
        faults: [lost_replies(), lost_replies(), lost_replies()],
        ..Plan::default()
    })
    .await;
    let hands = world.database.with_file_name("clock");
    std::fs::write(&hands, "+0").unwrap();
    let mut command = world.command(None);
    command
        .env("LD_PRELOAD", library)
        .env("FAKETIME_TIMESTAMP_FILE", &hands)
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let mut process = Process::start(command, &world.database.with_file_name("clock.log"));
    world.until_ready(&mut process, Duration::from_secs(20)).await;
    let load = Load::new(&world);
    for ahead_s in [0_i64, 3_600, 0, -3_600, 0] {
        std::fs::write(&hands, format!("{ahead_s:+}")).unwrap();
        world.shop.ahead_s.store(ahead_s, Ordering::Relaxed);
        world.clock.sleep(Duration::from_millis(50)).await;
        load.run_for(Duration::from_millis(700)).await;
    }
    let told = world.shop.get("/v1/orders/1").await.expect("it answers");
    assert_eq!(told.status, 404, "the shop's clock and the gateway's agree again: {told:?}");
    // A request that was signed just before a jump may be refused as too old; it is simply sent again.
    load.wrong.borrow_mut().retain(|told| !told.contains("timestamp"));
    let spread_ms = world.spread_ms().await;
    assert!(spread_ms > 7_000_000, "the clock did not jump: orders lie {spread_ms} ms apart");
    let count = world.rest_and_judge(&load, Some(process)).await;
    println!("an hour forth and back, twice: {} orders, {count:?}", load.asked());
    assert!(count.succeeded >= 20 && count.in_doubt == 0, "{count:?}");
}
