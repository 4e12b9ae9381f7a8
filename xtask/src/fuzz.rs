//! `fuzz`: a million damaged inputs for every reader of outside bytes.
//!
//! Starts the program of tests/fuzz, which shares them out over its readers and threads. Without a seed
//! it takes one that no run had before, and prints it. What kills the process instead of failing (a stack
//! that overflows) is found by the same seed with `--told`, which names each input before it is read.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::cargo;

/// Inputs of a run in CI.
const INPUTS: u64 = 1_000_000;

/// The test program beside it, and how it is run; `cargo test` comes before.
pub const TESTS: &[&str] = &["--package", "fuzz", "--profile", "proof", "--test", "doors"];

/// Runs it.
pub fn run(options: &[String]) -> anyhow::Result<()> {
    let fresh = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis().to_string();
    let inputs = INPUTS.to_string();
    let mut arguments = vec!["run", "--locked", "--profile", "proof", "--package", "fuzz", "--"];
    // The last of an option counts.
    arguments.extend(["--inputs", &inputs, "--seed", &fresh]);
    arguments.extend(options.iter().map(String::as_str));
    cargo::run(&arguments)
}
