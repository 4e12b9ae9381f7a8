//! Histories with fixed seeds: the first thousand, those that once broke a law, and the promise that a
//! seed is its history.
//!
//! A seed is tied to the order in which the simulation draws: a change there makes other histories of
//! all of them. So what a seed has found is also kept as a mutant (`tests/sim/mutants`), which must be
//! caught whatever is drawn.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

use sim::history::{Bounds, Outcome, run};
use sim::laws::Law;
use sim::scene::Fault;
use sim::shrink::shrink;
use sim::story::tell;

/// Seeds that once broke a law, and what they found.
const KEPT: [(u64, &str); 3] = [
    (
        17,
        "an accepted attempt whose failure is not final was asked for ever and called nobody",
    ),
    (
        310,
        "a process withdrew a stamp that was another's, and the recipient was recharged twice",
    ),
    (
        1_795_729_600_179,
        "a law held a pause to be written or nothing; a process that was not told holds it all the same",
    ),
];

fn holds(seed: u64) -> Outcome {
    let outcome = run(seed, Bounds::WHOLE);
    if let Some(broken) = &outcome.broken {
        panic!("{}", tell(seed, broken, &shrink(seed, broken.law, &outcome)));
    }
    outcome
}

#[test]
fn the_first_thousand_histories_break_no_law() {
    let outcomes: Vec<Outcome> = (1..=1_000).map(holds).collect();
    // What never happens is not tested: every fault strikes, and orders come to stand.
    for (fault, _) in Fault::ALL {
        let struck: u64 = outcomes.iter().map(|outcome| outcome.strikes[fault.place()]).sum();
        assert!(struck > 20, "{fault:?} struck {struck} times");
    }
    for reason in ["circuit_open", "probing", "daily_orders", "recipient_too_soon", "not_strict"] {
        let left_out: u64 = outcomes.iter().filter_map(|outcome| outcome.noted.get(reason)).sum();
        assert!(left_out > 20, "a supplier was left out as {reason} {left_out} times");
    }
    for event in [
        "attempt_late",
        "order_advanced",
        "advance_declined",
        "recall",
        "order_refunded",
        "order_charged",
    ] {
        let seen: u64 = outcomes.iter().filter_map(|outcome| outcome.noted.get(event)).sum();
        assert!(seen > 20, "{event} was seen {seen} times");
    }
    let orders: usize = outcomes.iter().map(|outcome| outcome.orders).sum();
    assert!(orders > 3_000, "{orders} orders");
}

#[test]
fn seeds_that_once_broke_a_law_keep_it() {
    for (seed, found) in KEPT {
        println!("{seed}: {found}");
        holds(seed);
    }
}

#[test]
fn the_same_seed_gives_the_same_trace_and_another_seed_another() {
    let mut seen = Vec::new();
    for seed in 1..=50 {
        let (first, second) = (run(seed, Bounds::WHOLE), run(seed, Bounds::WHOLE));
        assert_eq!((first.hash, first.steps), (second.hash, second.steps), "seed {seed}");
        let told = Bounds {
            is_told: true,
            ..Bounds::WHOLE
        };
        assert_eq!(run(seed, told).hash, first.hash, "telling the story of {seed} changes it");
        seen.push(first.hash);
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 50);
}

#[test]
fn a_law_that_breaks_is_told_with_its_seed_and_the_way_to_see_it_again() {
    let outcome = Outcome {
        broken: Some(sim::record::Broken {
            law: Law::ChargedOnce,
            order: None,
            how: "charged under two numbers".to_owned(),
        }),
        ..run(7, Bounds::WHOLE)
    };
    let bounds = Bounds {
        most_faults: 12,
        muted: 5,
        most_orders: 3,
        is_told: true,
    };
    let shorter = sim::shrink::Shorter {
        bounds,
        outcome: outcome.clone(),
    };
    let story = tell(7, outcome.broken.as_ref().unwrap(), &shorter);
    assert!(story.starts_with("seed 7 breaks I1: the recipient was recharged twice"), "{story}");
    assert!(
        story.contains("cargo xtask sim --seed 7 --histories 1 --muted 5 --faults 12 --orders 3"),
        "{story}"
    );
}
