//! `fuzz [--inputs N] [--seed S] [--only READER] [--told]`: started by `cargo xtask fuzz`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to a terminal")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop where it stands"
)]

use std::process::ExitCode;

use alloc_tracker::Allocator;
use fuzz::run::{Asked, run};
use fuzz::trial::quieten_readers;

#[global_allocator]
static ALLOCATOR: Allocator<std::alloc::System> = Allocator::system();

fn main() -> ExitCode {
    let asked = asked();
    println!("seed {}", asked.seed);
    quieten_readers();
    let report = run(&asked);
    println!("{report}");
    for failure in &report.failures {
        println!(
            "\n{}, input {} of seed {}: {}",
            failure.reader, failure.number, asked.seed, failure.why
        );
        println!("{}", hex::encode(&failure.input));
    }
    let closed: Vec<&str> = report.closed().collect();
    if !closed.is_empty() {
        eprintln!("understood nothing, so nothing was tried: {}", closed.join(", "));
    }
    if report.failures.is_empty() && closed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn asked() -> Asked {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut asked = Asked {
        inputs: 100_000,
        seed: 0,
        threads: u64::try_from(threads).expect("fewer cores than 2^64"),
        only: String::new(),
        is_told: false,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().unwrap_or_else(|| panic!("{argument} wants a value"));
        match argument.as_str() {
            "--inputs" => asked.inputs = value().parse().expect("--inputs wants a number"),
            "--seed" => asked.seed = value().parse().expect("--seed wants a number"),
            "--only" => asked.only = value(),
            "--told" => asked.is_told = true,
            _ => panic!("unknown: {argument}"),
        }
    }
    asked
}
