//! Stories of one supplier's lane under virtual time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::rig::{Rig, waiting};
use super::{Lane, Permit};
use crate::domain::ids::OrderId;
use crate::domain::limits::{Limits, Rate};
use crate::seams::{Clock, SystemClock};

mod classes;

const SECOND: Duration = Duration::from_secs(1);

fn order(n: i64) -> OrderId {
    n.to_string().parse().unwrap()
}

fn rate(per_minute: u32, burst: u32) -> Rate {
    Rate { per_minute, burst }
}

/// Fast enough never to matter.
fn open() -> Limits {
    Limits {
        submit: rate(60_000_000, 1_000),
        query: rate(60_000_000, 1_000),
        balance: rate(60_000_000, 1_000),
        concurrency: 1_000,
        reserved_for_doubt: 0,
        ..Limits::default()
    }
}

/// A lane whose buckets have had time to fill.
fn lane(rig: &mut Rig, limits: &Limits) -> Lane {
    let lane = Lane::new(limits, Arc::new(rig.clock.clone()));
    rig.pass(Duration::from_secs(24 * 3600));
    lane
}

type Shelf = Arc<Mutex<Vec<Permit>>>;

/// A task that waits for a permit and keeps it.
fn keep(rig: &mut Rig, shelf: &Shelf, permit: impl Future<Output = Permit> + Send + 'static) -> usize {
    let shelf = Arc::clone(shelf);
    rig.start(async move {
        let permit = permit.await;
        shelf.lock().unwrap().push(permit);
    })
}

fn query(lane: &Lane, in_doubt: bool) -> impl Future<Output = Permit> + Send + 'static {
    let lane = lane.clone();
    async move { lane.query(in_doubt).await }
}

fn resubmit(lane: &Lane) -> impl Future<Output = Permit> + Send + 'static {
    let lane = lane.clone();
    async move { lane.resubmit().await }
}

/// What a pump took out, and when.
type Log = Arc<Mutex<Vec<(OrderId, Duration)>>>;

/// The one task that takes orders out, each request over at once.
fn pump(rig: &mut Rig, lane: &Lane, log: &Log) -> usize {
    let (lane, log, clock) = (lane.clone(), Arc::clone(log), rig.clock.clone());
    rig.start(async move {
        loop {
            let (_permit, order) = lane.next().await;
            log.lock().unwrap().push((order, clock.monotonic()));
        }
    })
}

#[test]
fn a_shop_with_one_order_is_served_within_as_many_permits_as_there_are_shops() {
    let mut rig = Rig::default();
    let lane = lane(
        &mut rig,
        &Limits {
            submit: rate(60, 1),
            ..open()
        },
    );
    for shop in 0..10 {
        for n in 0..100 {
            lane.enqueue(waiting(shop, order(shop * 1_000 + n)));
        }
    }
    lane.enqueue(waiting(77, order(77_000)));
    assert_eq!(lane.waiting(), 1_001);
    let log = Log::default();
    pump(&mut rig, &lane, &log);
    rig.pass(2_000 * SECOND);
    let log = log.lock().unwrap();
    let place = log.iter().position(|(id, _)| *id == order(77_000)).unwrap();
    assert!(place < 11, "served as number {}", place + 1);
    assert_eq!(log.len(), 1_001);
    for shop in 0..10 {
        let of_shop: Vec<OrderId> = log
            .iter()
            .map(|(id, _)| *id)
            .filter(|id| (order(shop * 1_000)..order(shop * 1_000 + 100)).contains(id))
            .collect();
        assert!(of_shop.is_sorted() && of_shop.len() == 100, "first in, first out within a shop");
    }
    for pair in log.windows(2) {
        assert!(pair[1].1 - pair[0].1 >= SECOND);
    }
}

#[test]
fn whoever_drops_the_waiting_loses_no_order_and_no_permit() {
    let mut rig = Rig::default();
    let lane = lane(
        &mut rig,
        &Limits {
            submit: rate(60, 1),
            concurrency: 1,
            ..open()
        },
    );
    for n in 0..50 {
        lane.enqueue(waiting(n % 7, order(n)));
    }
    let log = Log::default();
    // A pump that is killed and started anew at odd moments, between permits and in the middle.
    for round in 0_u64..400 {
        let pump = pump(&mut rig, &lane, &log);
        rig.pass(Duration::from_millis(37 * (round % 53)));
        rig.kill(pump);
    }
    let mut served: Vec<OrderId> = log.lock().unwrap().iter().map(|(id, _)| *id).collect();
    served.sort_unstable();
    assert_eq!(served, (0..50).map(order).collect::<Vec<_>>());
    assert_eq!((lane.waiting(), lane.in_flight()), (0, 0));
}

#[test]
fn a_grant_that_nobody_came_for_is_free_again() {
    let mut rig = Rig::default();
    let lane = lane(
        &mut rig,
        &Limits {
            submit: rate(1, 1),
            concurrency: 1,
            ..open()
        },
    );
    let held = lane.try_submit().unwrap();
    let shelf = Shelf::default();
    let first = keep(&mut rig, &shelf, query(&lane, false));
    let second = keep(&mut rig, &shelf, resubmit(&lane));
    rig.pass(120 * SECOND);
    // Grants the slot to the query, which is killed before it looks.
    drop(held);
    rig.settle_without(first);
    assert_eq!(lane.in_flight(), 1);
    assert!(!rig.is_over(first) && !rig.is_over(second));
    rig.kill(first);
    assert!(rig.is_over(second));
    assert_eq!(lane.in_flight(), 1);
    shelf.lock().unwrap().clear();
    assert_eq!(lane.in_flight(), 0);
}

#[test]
fn a_permit_given_back_is_there_for_the_next() {
    let mut rig = Rig::default();
    let lane = lane(
        &mut rig,
        &Limits {
            submit: rate(1, 1),
            concurrency: 1,
            ..open()
        },
    );
    lane.try_submit().unwrap().give_back();
    let again = lane.try_submit().unwrap();
    assert!(lane.try_submit().is_none());
    lane.enqueue(waiting(1, order(1)));
    let log = Log::default();
    pump(&mut rig, &lane, &log);
    assert!(log.lock().unwrap().is_empty());
    again.give_back();
    rig.settle();
    assert_eq!(log.lock().unwrap().len(), 1, "it wakes whoever waits");
    rig.pass(59 * SECOND);
    lane.enqueue(waiting(1, order(2)));
    rig.settle();
    assert_eq!(log.lock().unwrap().len(), 1, "a permit that was used stays used");
    rig.pass(SECOND);
    assert_eq!(log.lock().unwrap().len(), 2);
}

#[test]
fn a_permit_given_back_shortens_the_wait_of_whoever_sleeps() {
    let mut rig = Rig::default();
    let lane = lane(
        &mut rig,
        &Limits {
            submit: rate(1, 3),
            ..open()
        },
    );
    let mut taken: Vec<Permit> = std::iter::from_fn(|| lane.try_submit()).collect();
    let shelf = Shelf::default();
    let (one, two) = (keep(&mut rig, &shelf, resubmit(&lane)), keep(&mut rig, &shelf, resubmit(&lane)));
    rig.pass(10 * SECOND);
    taken.pop().unwrap().give_back();
    rig.settle();
    assert!(rig.is_over(one) && !rig.is_over(two));
    rig.pass(50 * SECOND);
    assert!(rig.is_over(two));
}

#[test]
fn waiting_costs_a_few_polls_and_no_busy_loop() {
    let mut rig = Rig::default();
    let lane = lane(
        &mut rig,
        &Limits {
            query: rate(60, 1),
            ..open()
        },
    );
    let shelf = Shelf::default();
    for n in 0..500 {
        keep(&mut rig, &shelf, query(&lane, n % 2 == 0));
    }
    rig.pass(600 * SECOND);
    assert_eq!(shelf.lock().unwrap().len(), 500);
    assert!(rig.polls < 500 * 8, "{} polls", rig.polls);
}

#[test]
fn the_estimate_follows_the_queue_and_is_kept() {
    let mut rig = Rig::default();
    let lane = lane(
        &mut rig,
        &Limits {
            submit: rate(60, 1),
            ..open()
        },
    );
    assert_eq!(lane.estimated_wait_ms(), 0);
    drop(lane.try_submit());
    assert_eq!(lane.estimated_wait_ms(), 1_000);
    for n in 0..9 {
        lane.enqueue(waiting(1, order(n)));
    }
    assert_eq!(lane.estimated_wait_ms(), 10_000);
    let log = Log::default();
    pump(&mut rig, &lane, &log);
    rig.pass(9_999 * SECOND / 1_000);
    assert!(lane.try_submit().is_none());
    rig.pass(SECOND / 1_000);
    assert!(lane.try_submit().is_some());
}

#[test]
fn the_estimate_knows_that_slots_come_free_slowly() {
    let mut rig = Rig::default();
    let lane = lane(&mut rig, &Limits { concurrency: 2, ..open() });
    for _ in 0..40 {
        let permit = lane.try_submit().unwrap();
        rig.pass(8 * SECOND);
        drop(permit);
    }
    let _held = [lane.try_submit(), lane.try_submit()];
    for n in 0..3 {
        lane.enqueue(waiting(1, order(n)));
    }
    // Four to go, two at a time, about eight seconds each.
    assert!(
        (15_000..=16_000).contains(&lane.estimated_wait_ms()),
        "{}",
        lane.estimated_wait_ms()
    );
}

#[test]
fn new_limits_keep_the_queue_and_start_without_a_burst() {
    let mut rig = Rig::default();
    let lane = lane(&mut rig, &open());
    let held = lane.try_submit().unwrap();
    for n in 0..5 {
        lane.enqueue(waiting(1, order(n)));
    }
    lane.set_limits(&Limits {
        submit: rate(60, 5),
        concurrency: 2,
        ..open()
    });
    let log = Log::default();
    pump(&mut rig, &lane, &log);
    assert!(log.lock().unwrap().is_empty());
    held.give_back();
    rig.settle();
    assert!(
        log.lock().unwrap().is_empty(),
        "a token of the old contract buys nothing under the new one"
    );
    rig.pass(5 * SECOND);
    assert_eq!(log.lock().unwrap().len(), 5);
    assert_eq!(lane.in_flight(), 0);
}

#[test]
fn limits_without_sense_still_let_every_order_through() {
    let mut rig = Rig::default();
    let lane = lane(
        &mut rig,
        &Limits {
            submit: rate(0, 0),
            query: rate(0, 0),
            balance: rate(0, 0),
            concurrency: 0,
            reserved_for_doubt: 9,
            ..Limits::default()
        },
    );
    lane.enqueue(waiting(1, order(1)));
    let log = Log::default();
    pump(&mut rig, &lane, &log);
    assert_eq!(log.lock().unwrap().len(), 1);
    let shelf = Shelf::default();
    let asked = keep(&mut rig, &shelf, async move { lane.balance().await });
    assert!(rig.is_over(asked));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_real_threads_nobody_is_forgotten() {
    let limits = Limits {
        submit: rate(60_000, 20),
        query: rate(60_000, 20),
        balance: rate(60_000, 20),
        concurrency: 3,
        reserved_for_doubt: 1,
        ..Limits::default()
    };
    let lane = Lane::new(&limits, Arc::new(SystemClock::new()));
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..300 {
        lane.enqueue(waiting(n % 5, order(n)));
        let lane = lane.clone();
        tasks.spawn(async move {
            let permit = match n % 6 {
                0 | 1 => lane.query(false).await,
                2 | 3 => lane.query(true).await,
                4 => lane.resubmit().await,
                _ => lane.balance().await,
            };
            assert!(lane.in_flight() <= 3);
            tokio::task::yield_now().await;
            if n % 7 == 0 { permit.give_back() } else { drop(permit) }
        });
    }
    let pumping = lane.clone();
    tasks.spawn(async move {
        for _ in 0..300 {
            let (_permit, _) = pumping.next().await;
            tokio::task::yield_now().await;
        }
    });
    let all = async { while tasks.join_next().await.transpose().unwrap().is_some() {} };
    tokio::time::timeout(Duration::from_secs(30), all)
        .await
        .expect("somebody waits for ever");
    assert_eq!((lane.waiting(), lane.in_flight()), (0, 0));
}
