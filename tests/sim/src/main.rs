//! `sim`: one process's share of the histories. `cargo xtask sim` starts as many as there are cores.
//!
//! Prints one line of counts at its end, or the story of the first law that broke; the exit code is 1
//! then, and 2 when it was asked wrongly.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to a terminal")]

use std::process::ExitCode;

use sim::history::{Bounds, Outcome, run};
use sim::scene::Fault;
use sim::shrink::{Shorter, shrink};
use sim::story::tell;

/// What was asked for.
struct Asked {
    first: u64,
    count: u64,
    bounds: Bounds,
    shows_faults: bool,
    shows_traces: bool,
    is_brief: bool,
}

fn main() -> ExitCode {
    let Some(asked) = asked(std::env::args().skip(1)) else {
        eprintln!(
            "usage: sim --seed FIRST --histories COUNT [--muted KINDS] [--faults MOST] [--orders MOST] [--told] [--count-faults] [--traces] [--brief]"
        );
        return ExitCode::from(2);
    };
    // A panic is a law that breaks; it is told with its story, once.
    std::panic::set_hook(Box::new(|_| {}));
    let mut totals = Totals::default();
    for seed in asked.first..asked.first + asked.count {
        let outcome = run(seed, asked.bounds);
        totals.add(&outcome);
        if asked.shows_traces {
            println!("trace {seed} {:016x}", outcome.hash);
        }
        if let Some(broken) = &outcome.broken {
            if asked.is_brief {
                let tried = seed - asked.first + 1;
                println!("seed {seed}, number {tried}, breaks {} ({})", broken.law, broken.how);
                return ExitCode::FAILURE;
            }
            let Bounds {
                most_faults,
                muted,
                most_orders,
                ..
            } = asked.bounds;
            let is_bounded = most_faults != u64::MAX || muted != 0 || most_orders != usize::MAX;
            let shorter = if is_bounded {
                let bounds = Bounds {
                    is_told: true,
                    ..asked.bounds
                };
                Shorter {
                    bounds,
                    outcome: run(seed, bounds),
                }
            } else {
                shrink(seed, broken.law, &outcome)
            };
            println!("{}", tell(seed, broken, &shorter));
            return ExitCode::FAILURE;
        }
        if asked.bounds.is_told {
            for line in &outcome.lines {
                println!("{:>9} ms  {}", line.at_ms, line.text);
            }
        }
    }
    totals.print(asked.shows_faults);
    ExitCode::SUCCESS
}

fn asked(arguments: impl Iterator<Item = String>) -> Option<Asked> {
    let mut asked = Asked {
        first: 1,
        count: 1_000,
        bounds: Bounds::WHOLE,
        shows_faults: false,
        shows_traces: false,
        is_brief: false,
    };
    let mut arguments = arguments;
    while let Some(name) = arguments.next() {
        let mut number = || arguments.next()?.parse::<u64>().ok();
        match name.as_str() {
            "--seed" => asked.first = number()?,
            "--histories" => asked.count = number()?,
            "--faults" => asked.bounds.most_faults = number()?,
            "--muted" => asked.bounds.muted = number()?,
            "--orders" => asked.bounds.most_orders = usize::try_from(number()?).ok()?,
            "--told" => asked.bounds.is_told = true,
            "--count-faults" => asked.shows_faults = true,
            "--traces" => asked.shows_traces = true,
            "--brief" => asked.is_brief = true,
            _ => return None,
        }
    }
    Some(asked)
}

#[derive(Default)]
struct Totals {
    histories: u64,
    steps: u64,
    most_steps: u64,
    orders: usize,
    took_ms: i64,
    strikes: Vec<u64>,
}

impl Totals {
    fn add(&mut self, outcome: &Outcome) {
        self.histories += 1;
        self.steps += outcome.steps;
        self.most_steps = self.most_steps.max(outcome.steps);
        self.orders += outcome.orders;
        self.took_ms += outcome.took_ms;
        self.strikes.resize(outcome.strikes.len(), 0);
        for (sum, struck) in self.strikes.iter_mut().zip(&outcome.strikes) {
            *sum += struck;
        }
    }

    fn print(&self, shows_faults: bool) {
        println!(
            "{} histories, {} orders, {} faults, {} steps (at most {}), {} hours of their time",
            self.histories,
            self.orders,
            self.strikes.iter().sum::<u64>(),
            self.steps,
            self.most_steps,
            self.took_ms / 3_600_000
        );
        if shows_faults {
            for ((fault, _), struck) in Fault::ALL.iter().zip(&self.strikes) {
                println!("  {fault:?} {struck}");
            }
        }
    }
}
