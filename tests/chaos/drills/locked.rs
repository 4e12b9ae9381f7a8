//! Somebody else holds the database: a backup gone wrong, a person with a shell.

use std::time::Duration;

use recharge_gateway::seams::Clock;
use sqlx::{Connection, Executor, SqliteConnection};

use super::under_load;
use crate::load::Load;
use crate::world::{Plan, World};

/// Promised within a second; the rest is for a machine whose two cores also run the suppliers and shops.
const REFUSED_WITHIN: Duration = Duration::from_millis(1_500);

/// Holds the writer's lock for so long while orders come.
pub async fn locked_for(time: Duration) {
    let world = World::open(Plan::default()).await;
    let process = world.serve().await;
    let load = Load::new(&world);
    load.run_for(Duration::from_millis(400)).await;
    under_load(&load, async {
        let mut holder = SqliteConnection::connect(world.database.to_str().unwrap()).await.unwrap();
        holder.execute("BEGIN IMMEDIATE").await.unwrap();
        world
            .until("not ready", Duration::from_secs(3), || async { !world.is_ready().await })
            .await;
        let (submits, taken) = (world.submits(), load.accepted.borrow().len());
        world.clock.sleep(time).await;
        assert_eq!(world.submits(), submits, "something was sent without a stamp");
        assert_eq!(load.accepted.borrow().len(), taken, "an order was taken that cannot be written");
        assert!(!world.is_ready().await, "it says it is ready and cannot write");
        holder.execute("ROLLBACK").await.unwrap();
        holder.close().await.unwrap();
        let back = world.until("ready again", Duration::from_secs(5), || world.is_ready()).await;
        println!(
            "locked {time:?}: ready {back:?} afterwards; slowest refusal {:?}",
            load.slowest_refusal.get()
        );
    })
    .await;
    let slowest = load.slowest_refusal.get();
    assert!(
        slowest > Duration::ZERO && slowest < REFUSED_WITHIN,
        "the slowest refusal took {slowest:?}"
    );
    let count = world.rest_and_judge(&load, Some(process)).await;
    println!("locked {time:?}: {} orders, {count:?}", load.asked());
    assert!(count.succeeded >= 10, "{count:?}");
}

#[actix_web::test]
async fn a_database_that_is_locked_for_thirty_seconds_loses_nothing_and_sends_nothing() {
    locked_for(Duration::from_secs(30)).await;
}
