//! `chaos`: the real program killed, stopped and starved, and judged by everybody's books.
//!
//! Only starts the test program in tests/chaos, built with the feature `failpoints`, which no other
//! chore switches on. `cargo xtask test` leaves out the drills under `long`; this runs all of them.
//! `--nightly` kills ten thousand times instead of two hundred.

use crate::cargo;

/// The test program; `cargo test` comes before, the choice of drills after.
const PROGRAM: &[&str] = &["--package", "recharge-gateway", "--features", "failpoints", "--test", "chaos", "--"];
/// What was counted is printed.
const SHOWN: &str = "--show-output";

/// The arguments to `cargo test` for what every change must pass.
pub fn tests() -> Vec<&'static str> {
    [PROGRAM, &[SHOWN, "--skip", "long::"]].concat()
}

/// Runs the kills and all drills.
pub fn run(options: &[String]) -> anyhow::Result<()> {
    let is_nightly = options.iter().any(|option| option == "--nightly");
    let kills = if is_nightly { "10000" } else { "200" };
    // Optimized, and one after the other: some drills measure.
    let arguments = [
        &["test", "--locked", "--profile", "proof"],
        PROGRAM,
        &[SHOWN, "--test-threads", "1"],
    ]
    .concat();
    cargo::run_with(&arguments, &[("CHAOS_KILLS", kills)])
}

/// One subject's drills, with what they count; `asked` is what the environment tells them.
pub fn drill(subject: &str, asked: &[(&str, &str)]) -> anyhow::Result<()> {
    let filter = format!("drills::{subject}");
    // One after the other: they measure.
    let arguments = [&["test", "--locked"], PROGRAM, &[SHOWN, "--test-threads", "1", &filter]].concat();
    cargo::run_with(&arguments, asked)
}
