//! `model`: the settlement protocol explored state by state, and every mutant hunted down.
//!
//! Only starts tests of the package in tests/model, in the profile made for searching. What they
//! found is printed: each scene's size, each mutant's story. `--full` adds the larger bounds.

use crate::cargo;

/// The test programs of the model, and how they are run; `cargo test` comes before, its options after.
pub const TESTS: &[&str] = &[
    "--package",
    "model",
    "--profile",
    "proof",
    "--test",
    "proofs",
    "--test",
    "mutants",
    "--test",
    "facts",
];

/// Runs the model.
pub fn run(options: &[String]) -> anyhow::Result<()> {
    let mut arguments = vec!["test", "--locked"];
    arguments.extend(TESTS);
    if options.iter().any(|option| option == "--full") {
        arguments.extend(["--test", "large"]);
    }
    arguments.extend(["--", "--show-output"]);
    cargo::run(&arguments)
}
