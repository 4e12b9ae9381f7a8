//! Where submits, resubmits and queries compete for slots and rates.

use super::*;

#[test]
fn a_query_in_doubt_gets_through_when_everything_else_is_taken() {
    let mut rig = Rig::default();
    let lane = lane(
        &mut rig,
        &Limits {
            concurrency: 4,
            reserved_for_doubt: 1,
            ..open()
        },
    );
    let mut submits: Vec<Permit> = std::iter::from_fn(|| lane.try_submit()).collect();
    assert_eq!(submits.len(), 3);
    let shelf = Shelf::default();
    let normal = keep(&mut rig, &shelf, query(&lane, false));
    let doubt = keep(&mut rig, &shelf, query(&lane, true));
    assert!(rig.is_over(doubt) && !rig.is_over(normal));
    let second_doubt = keep(&mut rig, &shelf, query(&lane, true));
    rig.pass(60 * SECOND);
    assert!(!rig.is_over(second_doubt) && !rig.is_over(normal));
    drop(submits.pop());
    rig.settle();
    assert!(rig.is_over(normal), "who has stood longest is served first");
    assert_eq!(lane.in_flight(), 4);
}

#[test]
fn the_concurrency_cap_holds_over_all_operations() {
    let mut rig = Rig::default();
    let lane = lane(
        &mut rig,
        &Limits {
            concurrency: 5,
            reserved_for_doubt: 2,
            ..open()
        },
    );
    let shelf = Shelf::default();
    for n in 0..20 {
        lane.enqueue(waiting(1, order(n)));
        keep(&mut rig, &shelf, query(&lane, n % 2 == 0));
        keep(&mut rig, &shelf, resubmit(&lane));
    }
    let (pumping, held) = (lane.clone(), Arc::clone(&shelf));
    rig.start(async move {
        loop {
            let (permit, _) = pumping.next().await;
            held.lock().unwrap().push(permit);
        }
    });
    let mut out = 0;
    while out < 60 {
        rig.pass(SECOND);
        assert_eq!(lane.in_flight(), shelf.lock().unwrap().len());
        assert!((1..=5).contains(&lane.in_flight()), "{out} were served");
        let first = shelf.lock().unwrap().remove(0);
        drop(first);
        out += 1;
    }
    assert_eq!(lane.in_flight(), 0);
}

#[test]
fn a_free_permit_is_not_for_somebody_who_overtakes_the_queue() {
    let mut rig = Rig::default();
    let lane = lane(&mut rig, &open());
    lane.enqueue(waiting(1, order(1)));
    assert!(lane.try_submit().is_none());
    assert!(lane.forget(order(1)));
    assert!(!lane.forget(order(1)));
    assert!(lane.try_submit().is_some());
}

#[test]
fn a_resubmit_goes_before_the_queue() {
    let mut rig = Rig::default();
    let lane = lane(
        &mut rig,
        &Limits {
            submit: rate(60, 1),
            ..open()
        },
    );
    for n in 0..10 {
        lane.enqueue(waiting(1, order(n)));
    }
    let log = Log::default();
    pump(&mut rig, &lane, &log);
    let shelf = Shelf::default();
    let waiting = keep(&mut rig, &shelf, resubmit(&lane));
    assert!(!rig.is_over(waiting));
    let before = log.lock().unwrap().len();
    rig.pass(SECOND);
    assert!(rig.is_over(waiting));
    assert_eq!(log.lock().unwrap().len(), before);
}

#[test]
fn starved_submits_do_not_hold_up_queries_nor_the_other_way_round() {
    let mut rig = Rig::default();
    let slow_submits = lane(
        &mut rig,
        &Limits {
            submit: rate(1, 1),
            ..open()
        },
    );
    let slow_queries = lane(
        &mut rig,
        &Limits {
            query: rate(1, 1),
            ..open()
        },
    );
    let log = Log::default();
    let shelf = Shelf::default();
    for n in 0..100 {
        slow_submits.enqueue(waiting(1, order(n)));
        slow_queries.enqueue(waiting(2, order(1_000 + n)));
        keep(&mut rig, &shelf, query(&slow_queries, n % 2 == 0));
    }
    pump(&mut rig, &slow_submits, &log);
    pump(&mut rig, &slow_queries, &log);
    for _ in 0..50 {
        let asked = keep(&mut rig, &shelf, query(&slow_submits, false));
        assert!(rig.is_over(asked));
    }
    rig.pass(SECOND);
    assert_eq!(log.lock().unwrap().iter().filter(|(id, _)| *id >= order(1_000)).count(), 100);
    assert_eq!(slow_submits.waiting(), 99);
}

#[test]
fn where_slots_are_short_the_classes_take_turns() {
    let mut rig = Rig::default();
    let lane = lane(&mut rig, &Limits { concurrency: 1, ..open() });
    let served = Arc::new(Mutex::new(Vec::new()));
    let held = lane.try_submit();
    for n in 0..200 {
        lane.enqueue(waiting(1, order(n)));
        for in_doubt in [false, true] {
            let (lane, served, clock) = (lane.clone(), Arc::clone(&served), rig.clock.clone());
            rig.start(async move {
                let _permit = lane.query(in_doubt).await;
                served.lock().unwrap().push(if in_doubt { "doubt" } else { "query" });
                clock.sleep(SECOND).await;
            });
        }
    }
    let (pumping, log, clock) = (lane.clone(), Arc::clone(&served), rig.clock.clone());
    rig.start(async move {
        loop {
            let (_permit, _) = pumping.next().await;
            log.lock().unwrap().push("submit");
            clock.sleep(SECOND).await;
        }
    });
    drop(held);
    rig.pass(90 * SECOND);
    let served = served.lock().unwrap();
    for class in ["submit", "query", "doubt"] {
        let count = served.iter().filter(|name| **name == class).count();
        assert!((30..=31).contains(&count), "{class}: {count} of {}", served.len());
    }
}
