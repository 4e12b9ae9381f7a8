//! The chores of this repository: one door, `cargo xtask <chore>`, needing nothing but cargo.
//!
//! A chore is a row in `CHORES` and a small file. Chores print what they do and stop at the first
//! failure; the exit code is 1 when a chore fails and 2 when it was asked for wrongly. A chore
//! that needs something absent says so and fails; it never passes quietly.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to a terminal")]

mod bench;
mod cargo;
mod chaos;
mod deny;
mod docs_check;
mod drill;
mod fmt;
mod fuzz;
mod lint;
mod model;
#[path = "../../tests/tidy/paths.rs"]
mod paths;
mod picture;
#[path = "../../tests/tidy/rooms.rs"]
mod rooms;
mod sim;
mod sizes;
mod test;
mod tidy;
#[path = "../../tests/tidy/tokens.rs"]
mod tokens;
mod tree;

use std::process::ExitCode;

/// One chore: its name, the options it knows (with ` N` those that a value follows), what it does, and how.
struct Chore {
    name: &'static str,
    options: &'static [&'static str],
    about: &'static str,
    run: fn(&[String]) -> anyhow::Result<()>,
}

const CHORES: &[Chore] = &[
    Chore {
        name: "test",
        options: &["--fast", "--verbose"],
        about: "everything a change must pass; --fast leaves out lints, stories and doc examples",
        run: test::run,
    },
    Chore {
        name: "model",
        options: &["--full"],
        about: "the settlement protocol explored state by state, and every mutant caught; --full within larger bounds",
        run: model::run,
    },
    Chore {
        name: "chaos",
        options: &["--nightly"],
        about: "the real program killed 200 times and put through every drill; --nightly kills 10,000 times",
        run: chaos::run,
    },
    Chore {
        name: "sim",
        options: &[
            "--histories N",
            "--seed N",
            "--mutants N",
            "--nightly",
            "--muted N",
            "--faults N",
            "--orders N",
            "--told",
            "--count-faults",
        ],
        about: "seeded histories of whole gateways under every fault, and mutants that must be caught; --nightly a million",
        run: sim::run,
    },
    Chore {
        name: "drill",
        options: &["steering", "--seed N", "--seeds N", "--json", "--processes"],
        about: "`drill steering`: the choice of suppliers in worlds where they fail in every way, against simpler rules and an oracle",
        run: drill::run,
    },
    Chore {
        name: "fuzz",
        options: &["--inputs N", "--seed N", "--only READER", "--told"],
        about: "a million damaged inputs for every reader of outside bytes: no panic, bounded time and memory",
        run: fuzz::run,
    },
    Chore {
        name: "fmt",
        options: &["--check"],
        about: "format all code; --check only tells",
        run: fmt::run,
    },
    Chore {
        name: "lint",
        options: &[],
        about: "clippy on every target, on the server without the demo, and on the one that is made to die",
        run: lint::run,
    },
    Chore {
        name: "deny",
        options: &[],
        about: "hold the dependencies against deny.toml: licences, sources, bans, oldest versions",
        run: deny::run,
    },
    Chore {
        name: "tidy",
        options: &[],
        about: "the architecture test: rooms, bans, sizes, words",
        run: tidy::run,
    },
    Chore {
        name: "docs-check",
        options: &[],
        about: "links between documents lead somewhere, decisions stand in their index",
        run: docs_check::run,
    },
    Chore {
        name: "bench",
        options: &["--short"],
        about: "what an order costs, into docs/benchmarks.*; --short only shows that the benchmark works",
        run: bench::run,
    },
    Chore {
        name: "profile",
        options: &[],
        about: "where the microseconds of an order go, by room; needs `perf`",
        run: bench::profile,
    },
    Chore {
        name: "sizes",
        options: &["--all"],
        about: "lines a file: the longest, the median, those over the limit; --all lists every file",
        run: sizes::run,
    },
    Chore {
        name: "picture",
        options: &[],
        about: "the rooms as built: who imports whom, and where",
        run: picture::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, options)) = arguments.split_first() else {
        list();
        return ExitCode::SUCCESS;
    };
    if ["help", "--help", "-h"].contains(&name.as_str()) {
        list();
        return ExitCode::SUCCESS;
    }
    let Some(chore) = CHORES.iter().find(|chore| chore.name == name) else {
        eprintln!("There is no chore `{name}`. `cargo xtask` lists the chores.");
        return ExitCode::from(2);
    };
    if let Some(option) = unknown(chore.options, options) {
        let known = match chore.options {
            [] => "none".to_owned(),
            options => options.join(", "),
        };
        eprintln!("The chore `{name}` does not know `{option}`. It knows: {known}.");
        return ExitCode::from(2);
    }
    match (chore.run)(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !error.is::<test::AlreadyTold>() {
                eprintln!("{name}: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

/// The first argument that is no known option, nor the value of one.
fn unknown<'a>(known: &[&str], options: &'a [String]) -> Option<&'a String> {
    let mut rest = options.iter();
    while let Some(option) = rest.next() {
        let Some(found) = known.iter().find(|known| known.split(' ').next() == Some(option)) else {
            return Some(option);
        };
        if found.contains(' ') {
            rest.next();
        }
    }
    None
}

fn list() {
    println!("cargo xtask <chore> [options]\n");
    for chore in CHORES {
        println!("  {:<12} {}", chore.name, chore.about);
    }
}
