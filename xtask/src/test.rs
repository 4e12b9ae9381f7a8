//! `test`: everything a change must pass, in steps, cheapest first.
//!
//! Each step prints its name and its time; the first that fails ends the run. The last line is
//! `N passed, N failed`, counted by the test runner. A failed step that counts no tests (a format
//! check, a build) adds one to `failed`, so that the line never says 0 failed for a failed run.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::cargo::{self, Tally};
use crate::{chaos, deny, docs_check, drill, fmt, fuzz, lint, model, sim};

enum Step {
    /// A check that either holds or not.
    Check(&'static str, fn() -> anyhow::Result<()>),
    /// Test programs, chosen by these arguments to `cargo test`.
    Tests(String, Vec<String>),
}

/// The run failed and has said so; the counts must stay the last line.
#[derive(Debug)]
pub struct AlreadyTold;

impl std::fmt::Display for AlreadyTold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a step failed")
    }
}

impl std::error::Error for AlreadyTold {}

/// Runs the steps.
pub fn run(options: &[String]) -> anyhow::Result<()> {
    let has = |wanted: &str| options.iter().any(|option| option == wanted);
    let steps = if has("--fast") { fast() } else { all(&integration_tests()?) };
    let verbose = has("--verbose");
    let begin = Instant::now();
    let mut total = Tally::default();
    let mut result = Ok(());
    for step in &steps {
        let (tally, outcome) = perform(step, verbose);
        total = total.plus(tally);
        if outcome.is_err() {
            total.failed = total.failed.max(1);
            result = outcome;
            break;
        }
    }
    if total.ignored > 0 {
        println!("{} ignored", total.ignored);
    }
    println!("{}", seconds(begin.elapsed()));
    if let Err(error) = &result {
        eprintln!("{error:#}");
    }
    println!("{} passed, {} failed", total.passed, total.failed);
    result.map_err(|_| AlreadyTold.into())
}

fn fast() -> Vec<Step> {
    vec![
        Step::Check("format", || fmt::run(&["--check".to_owned()])),
        Step::Check("dependency policy", || deny::run(&[])),
        Step::Check("documents", || docs_check::run(&[])),
        Step::Tests("architecture".to_owned(), words(&["--workspace", "--test", "tidy"])),
        Step::Tests(
            "units".to_owned(),
            words(&[
                "--workspace",
                "--exclude",
                "drill",
                "--exclude",
                "fuzz",
                "--exclude",
                "model",
                "--exclude",
                "sim",
                "--lib",
                "--bins",
            ]),
        ),
    ]
}

/// The fast steps with the lints after the documents, then one step for each other test program.
fn all(integration_tests: &[String]) -> Vec<Step> {
    let mut steps = fast();
    let tests = steps.split_off(3);
    steps.push(Step::Check("lints", lint::everything));
    steps.push(Step::Check("lints without the demo", lint::lean));
    steps.push(Step::Check("lints with failpoints", lint::mortal));
    steps.extend(tests);
    for name in integration_tests {
        steps.push(Step::Tests(name.clone(), words(&["--workspace", "--test", name])));
    }
    steps.push(Step::Tests("model".to_owned(), words(model::TESTS)));
    steps.push(Step::Tests("fuzz".to_owned(), words(fuzz::TESTS)));
    steps.push(Step::Check("fuzz, a million fresh inputs", || fuzz::run(&[])));
    steps.push(Step::Tests("chaos".to_owned(), words(&chaos::tests())));
    steps.push(Step::Tests("simulation".to_owned(), words(sim::TESTS)));
    steps.push(Step::Check("simulation, fresh seeds and mutants", sim::in_short));
    steps.push(Step::Check("steering drill", drill::in_short));
    steps.push(Step::Tests(
        "examples in the documentation".to_owned(),
        words(&["--workspace", "--doc"]),
    ));
    steps
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn perform(step: &Step, verbose: bool) -> (Tally, anyhow::Result<()>) {
    let name = match step {
        Step::Check(name, _) => name,
        Step::Tests(name, _) => name.as_str(),
    };
    println!("== {name}");
    let begin = Instant::now();
    let (tally, outcome) = match step {
        Step::Check(_, check) => (Tally::default(), check()),
        Step::Tests(_, chosen) => {
            let mut arguments = vec!["test", "--locked", "--no-fail-fast"];
            arguments.extend(chosen.iter().map(String::as_str));
            cargo::test(&arguments, verbose)
        }
    };
    let word = if outcome.is_ok() { "ok" } else { "FAILED" };
    let counted = match step {
        Step::Check(..) => String::new(),
        Step::Tests(..) => format!(", {} passed, {} failed", tally.passed, tally.failed),
    };
    println!("== {name}: {word} in {}{counted}\n", seconds(begin.elapsed()));
    (tally, outcome.with_context(|| format!("step `{name}`")))
}

/// Names of the workspace's test programs but for the architecture test, which runs first, those of
/// the fuzzer, the model and the simulation, which have a profile of their own, and what needs a feature.
fn integration_tests() -> anyhow::Result<Vec<String>> {
    let metadata = cargo::json(&["metadata", "--no-deps", "--format-version", "1"])?;
    let packages = metadata
        .get("packages")
        .and_then(Value::as_array)
        .context("no packages in cargo metadata")?;
    let is_proof = |package: &&Value| {
        ["fuzz", "model", "sim"]
            .map(Some)
            .contains(&package.get("name").and_then(Value::as_str))
    };
    let targets = packages
        .iter()
        .filter(|package| !is_proof(package))
        .filter_map(|package| package.get("targets")?.as_array())
        .flatten();
    let mut names: Vec<String> = targets
        .filter(|target| target.get("required-features").is_none())
        .filter(|target| target.get("kind").and_then(|kind| kind.get(0)).and_then(Value::as_str) == Some("test"))
        .filter_map(|target| target.get("name")?.as_str())
        .map(str::to_owned)
        .collect();
    names.sort();
    names.dedup();
    ensure!(names.iter().any(|name| name == "tidy"), "the architecture test is gone");
    names.retain(|name| name != "tidy");
    Ok(names)
}

fn seconds(time: Duration) -> String {
    format!("{}.{} s", time.as_secs(), time.subsec_millis() / 100)
}
