//! Runs cargo from inside cargo.
//!
//! The outer `cargo run` leaves variables about the xtask package behind. Some build scripts watch
//! them, so passing them on would rebuild those crates each time one changes between a bare
//! `cargo test` and a chore; they are taken away.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use crate::tree;

const LEFTOVERS: &[&str] = &["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];

/// What the test runner counted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
    /// Tests that were left out by `#[ignore]`.
    pub ignored: u64,
    /// How many test programs reported.
    pub programs: u64,
}

impl Tally {
    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            ignored: self.ignored + other.ignored,
            programs: self.programs + other.programs,
        }
    }
}

fn command(arguments: &[&str]) -> Command {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(arguments).current_dir(tree::root());
    for (name, _) in env::vars_os() {
        let shown = name.to_string_lossy();
        let is_leftover = |prefix: &&str| shown.starts_with(*prefix);
        if LEFTOVERS.iter().any(is_leftover) {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs cargo, its output going straight to the terminal.
pub fn run(arguments: &[&str]) -> anyhow::Result<()> {
    run_with(arguments, &[])
}

/// The same under these environment variables.
pub fn run_with(arguments: &[&str], environment: &[(&str, &str)]) -> anyhow::Result<()> {
    let shown = arguments.join(" ");
    let status = command(arguments)
        .envs(environment.iter().copied())
        .status()
        .with_context(|| format!("cargo {shown} could not be started"))?;
    ensure!(status.success(), "cargo {shown} failed");
    Ok(())
}

/// Runs cargo and reads the JSON it prints.
pub fn json(arguments: &[&str]) -> anyhow::Result<Value> {
    let shown = arguments.join(" ");
    let output = command(arguments)
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cargo {shown} could not be started"))?;
    ensure!(output.status.success(), "cargo {shown} failed");
    serde_json::from_slice(&output.stdout).with_context(|| format!("cargo {shown} did not print JSON"))
}

/// Runs tests and counts them. Prints what is worth reading: not the tests that passed, unless
/// `verbose`. Answers the counts together with the error, as both are wanted.
pub fn test(arguments: &[&str], verbose: bool) -> (Tally, anyhow::Result<()>) {
    let mut tally = Tally::default();
    let result = count(arguments, verbose, &mut tally);
    (tally, result)
}

fn count(arguments: &[&str], verbose: bool, tally: &mut Tally) -> anyhow::Result<()> {
    let shown = arguments.join(" ");
    let mut child = command(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cargo {shown} could not be started"))?;
    let stdout = child.stdout.take().context("the test runner's output is not piped")?;
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line.context("reading the test runner's output")?;
        let line = String::from_utf8_lossy(&line);
        if let Some(counts) = counts(&line) {
            *tally = tally.plus(counts);
        }
        if verbose || !is_noise(&line) {
            println!("{line}");
        }
    }
    let status = child.wait().context("waiting for the test runner")?;
    if !status.success() {
        bail!("cargo {shown} failed");
    }
    ensure!(tally.programs > 0, "cargo {shown} ran no test program");
    ensure!(tally.failed == 0, "cargo {shown} counted failures and answered success");
    Ok(())
}

/// Reads `test result: ok. 3 passed; 0 failed; 1 ignored; ...`.
fn counts(line: &str) -> Option<Tally> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let count = |word: &str| {
        let number = counts.split("; ").find_map(|part| part.strip_suffix(word))?;
        number.trim().parse::<u64>().ok()
    };
    Some(Tally {
        passed: count("passed")?,
        failed: count("failed")?,
        ignored: count("ignored")?,
        programs: 1,
    })
}

fn is_noise(line: &str) -> bool {
    line.is_empty()
        || line.starts_with("running ")
        || line.starts_with("test result: ok")
        || (line.starts_with("test ") && line.ends_with(" ... ok"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runner_s_summary_is_read() {
        let line = "test result: FAILED. 30 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.17s";
        let expected = Tally {
            passed: 30,
            failed: 1,
            ignored: 2,
            programs: 1,
        };
        assert_eq!(counts(line), Some(expected));
        assert_eq!(counts("test result: nonsense"), None);
        assert_eq!(counts("test passes ... ok"), None);
    }

    #[test]
    fn counts_of_several_programs_add_up() {
        let one = Tally {
            passed: 2,
            failed: 1,
            ignored: 0,
            programs: 1,
        };
        assert_eq!(
            one.plus(one),
            Tally {
                passed: 4,
                failed: 2,
                ignored: 0,
                programs: 2
            }
        );
    }

    #[test]
    fn only_what_passed_is_noise() {
        assert!(is_noise("test a::b ... ok"));
        assert!(!is_noise("test a::b ... FAILED"));
        assert!(!is_noise("seed 170"));
    }
}
