//! Suppliers that stop answering while orders keep coming, and come back: whom the real program sends to.

use std::time::Duration;

use recharge_gateway::seams::Clock;

use super::under_load;
use crate::load::Load;
use crate::proxy::Trouble;
use crate::world::{Plan, World};

mod contest;
mod figures;
mod script;

/// The rules as they ship, in time that a drill can wait for.
const CIRCUIT: &str =
    "[circuit]\nopen_ms = 500\nopen_max_ms = 2000\nprobe_spare_ms = 1000\nprobes_to_close = 2\nreturn_percent = [30, 60]\nstep_ms = 500\n";
const AWAY: Duration = Duration::from_secs(6);
/// From an outcome to the plan that knows it, on a busy machine.
const KNOWN: Duration = Duration::from_millis(500);
/// Probes of a supplier that stays away: of each of its two products, one after each open time, which
/// doubles up to two seconds. Without circuits 50 to 350 orders meet it (docs/steering-drill.md).
const PROBES: usize = 24;
/// From being well to having all of its orders again: the rest of an open time, two probes, two steps.
const BACK: Duration = Duration::from_secs(12);
/// Its part of all orders that says that all of its own are back, in percent: it is the first choice for one
/// product of three, and has a fifth on the last step of its return. A count would take a slow machine for a
/// supplier that is left alone.
const BACK_PERCENT: usize = 25;

/// What a supplier in trouble was sent, and when it had all of its orders again.
struct Met {
    /// Attempts until the first could be known to have failed.
    unwarned: usize,
    /// Attempts from then on.
    warned: usize,
    back: Duration,
}

/// North in this trouble for a while, under load; what became of the first order is known after `outcome`.
async fn met(world: &World, load: &Load<'_>, trouble: Trouble, outcome: Duration) -> Met {
    let (north, clock) = (&world.supplier("north").proxy, &world.clock);
    let mut met = Met {
        unwarned: 0,
        warned: 0,
        back: Duration::ZERO,
    };
    let misfortune = async {
        clock.sleep(Duration::from_secs(2)).await;
        let before = north.attempts();
        north.stand(trouble);
        clock.sleep(outcome + KNOWN).await;
        met.unwarned = north.attempts() - before;
        clock.sleep(AWAY - outcome - KNOWN).await;
        met.warned = north.attempts() - before - met.unwarned;
        north.stand(Trouble::Clean);
        let well = clock.monotonic();
        loop {
            let (had, had_asked) = (north.attempts(), load.asked());
            clock.sleep(Duration::from_secs(1)).await;
            let (got, asked) = (north.attempts() - had, load.asked() - had_asked);
            if asked > 0 && got * 100 >= asked * BACK_PERCENT {
                break;
            }
            let waited = clock.monotonic().saturating_sub(well);
            assert!(
                waited < BACK,
                "north does not get its orders back: {got} of {asked} in the last second"
            );
        }
        met.back = clock.monotonic().saturating_sub(well);
    };
    under_load(load, misfortune).await;
    met
}

#[actix_web::test]
async fn a_supplier_in_trouble_is_left_alone_as_soon_as_it_is_known_and_gets_its_orders_back() {
    let world = World::open(Plan {
        steering: format!("[product.\"*\"]\nexplore_percent = 0\nmost_demoted_percent = 100\n{CIRCUIT}"),
        ..Plan::default()
    })
    .await;
    let process = world.serve().await;
    let load = Load::new(&world);
    for (words, trouble, outcome) in [
        // The gateway's time-out here is 800 ms.
        ("swallows every request", Trouble::Drop, Duration::from_millis(800)),
        (
            "takes orders, and its answers are lost",
            Trouble::ResetAfterHandling,
            Duration::ZERO,
        ),
        ("redirects every request", Trouble::Redirect, Duration::ZERO),
    ] {
        let met = met(&world, &load, trouble, outcome).await;
        println!(
            "north {words} for {AWAY:?}: {} orders met it before that could be known, {} later; all of its orders came back within {:?}",
            met.unwarned, met.warned, met.back
        );
        assert!(
            met.warned <= PROBES,
            "{words}: {} orders met a supplier that was known to be in trouble",
            met.warned
        );
    }
    let count = world.rest_and_judge(&load, Some(process)).await;
    println!("{} orders, {count:?}", load.asked());
    assert!(count.succeeded >= 500, "{count:?}");
}
