//! `sim`: seeded histories of whole gateways, shared out over processes, and mutants that must be caught.
//!
//! Seeds count up from `--seed`; without it they begin at a number that no run had before, which is
//! printed. The first history that breaks a law stops the chore and is told. Mutants are planted into
//! a copy of the sources under the build folder (`plant`), never into the shipped ones.

mod plant;

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use crate::cargo;

/// The test program of the simulation, and how it is run; `cargo test` comes before.
pub const TESTS: &[&str] = &["--package", "sim", "--profile", "proof", "--test", "histories"];

/// Histories of a run in CI, and of one at night.
const HISTORIES: u64 = 20_000;
const NIGHTLY: u64 = 1_000_000;
/// Mutants of a run in CI; at night, all.
const MUTANTS: usize = 5;
/// Within so many seeds a mutant must be caught, counted from 1: whether one can be caught is the same
/// question every time.
const MUTANT_SEEDS: u64 = 5_000;
/// Histories that the planted copy, with nothing switched on, must repeat step by step.
const TRACED: u64 = 200;

/// What was asked for.
struct Asked {
    histories: u64,
    seed: u64,
    mutants: usize,
    passed_on: Vec<String>,
}

/// Runs the histories, then hunts the mutants.
pub fn run(options: &[String]) -> anyhow::Result<()> {
    let asked = Asked::of(options)?;
    cargo::run(&["build", "--locked", "--profile", "proof", "--package", "sim"])?;
    let program = target()?.join("proof/sim");
    histories(&asked, &program)?;
    if asked.mutants > 0 {
        hunt(&asked, &program)?;
    }
    Ok(())
}

/// What `cargo xtask test` runs: fresh seeds and a few of the mutants, others each time.
pub fn in_short() -> anyhow::Result<()> {
    let mutants = MUTANTS.to_string();
    run(&["--mutants".to_owned(), mutants])
}

impl Asked {
    fn of(options: &[String]) -> anyhow::Result<Self> {
        let fresh = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
        let mut asked = Self {
            histories: HISTORIES,
            seed: u64::try_from(fresh)?,
            mutants: 0,
            passed_on: Vec::new(),
        };
        let mut options = options.iter();
        while let Some(option) = options.next() {
            let mut number = || -> anyhow::Result<u64> {
                let text = options.next().with_context(|| format!("{option} wants a number"))?;
                text.parse().with_context(|| format!("{option} {text}"))
            };
            match option.as_str() {
                "--histories" => asked.histories = number()?,
                "--seed" => asked.seed = number()?,
                "--mutants" => asked.mutants = usize::try_from(number()?)?,
                "--nightly" => (asked.histories, asked.mutants) = (NIGHTLY, usize::MAX),
                "--muted" | "--faults" | "--orders" => {
                    let value = number()?.to_string();
                    asked.passed_on.extend([option.clone(), value]);
                }
                _ => asked.passed_on.push(option.clone()),
            }
        }
        Ok(asked)
    }
}

fn target() -> anyhow::Result<PathBuf> {
    let metadata = cargo::json(&["metadata", "--no-deps", "--format-version", "1"])?;
    let folder = metadata.get("target_directory").and_then(Value::as_str);
    Ok(PathBuf::from(folder.context("no build folder in cargo metadata")?))
}

/// One process a core, each with its share of the seeds.
fn histories(asked: &Asked, program: &PathBuf) -> anyhow::Result<()> {
    println!("seeds from {}", asked.seed);
    let begin = Instant::now();
    let cores = u64::try_from(std::thread::available_parallelism()?.get())?.min(asked.histories.max(1));
    let mut shares: Vec<Child> = Vec::new();
    for place in 0..cores {
        let (from, to) = (asked.histories * place / cores, asked.histories * (place + 1) / cores);
        let mut command = Command::new(program);
        command.args(["--seed", &(asked.seed + from).to_string(), "--histories", &(to - from).to_string()]);
        command.args(&asked.passed_on);
        shares.push(
            command
                .spawn()
                .with_context(|| format!("{} could not be started", program.display()))?,
        );
    }
    let mut broke = false;
    for mut share in shares {
        broke |= !share.wait()?.success();
    }
    ensure!(!broke, "a law broke; its story is above");
    println!("{} histories in {} s", asked.histories, begin.elapsed().as_secs());
    Ok(())
}

/// Plants the mutants and lets each live until it is caught.
fn hunt(asked: &Asked, program: &PathBuf) -> anyhow::Result<()> {
    let mutants = plant::mutants()?;
    plant::grow(&mutants)?;
    let planted = target()?.join("proof/sim-planted");
    let traces = |program: &PathBuf| traced(program, asked.seed);
    ensure!(
        traces(program)? == traces(&planted)?,
        "with nothing switched on the planted copy goes another way than the shipped code"
    );
    let first = usize::try_from(asked.seed % u64::try_from(mutants.len())?)?;
    let chosen: Vec<_> = mutants.iter().cycle().skip(first).take(asked.mutants.min(mutants.len())).collect();
    let mut survived = Vec::new();
    for pair in chosen.chunks(2) {
        let hunts: Vec<_> = pair.iter().map(|mutant| Ok((mutant, hunted(&planted, &mutant.name)?))).collect();
        for hunt in hunts {
            let (mutant, child): (_, Child) = hunt.map_err(|error: anyhow::Error| error)?;
            let output = child.wait_with_output()?;
            let told = String::from_utf8_lossy(&output.stdout).into_owned();
            let by = mutant.law.split(' ').find(|law| told.contains(&format!(" breaks {law}: ")));
            match by {
                Some(_) => println!("mutant {}: {}", mutant.name, told.trim()),
                None => survived.push(format!("{} ({}): {}", mutant.name, mutant.rule, told.trim())),
            }
        }
    }
    if !survived.is_empty() {
        bail!("mutants that were not caught, or not by their law:\n{}", survived.join("\n"));
    }
    println!("{} of {} mutants planted, all caught", chosen.len(), mutants.len());
    Ok(())
}

fn hunted(planted: &PathBuf, name: &str) -> anyhow::Result<Child> {
    let most = MUTANT_SEEDS.to_string();
    let mut command = Command::new(planted);
    command.args(["--brief", "--seed", "1", "--histories", &most]).env("PLANTED", name);
    Ok(command.stdout(Stdio::piped()).spawn()?)
}

fn traced(program: &PathBuf, seed: u64) -> anyhow::Result<Vec<u8>> {
    let (seed, count) = (seed.to_string(), TRACED.to_string());
    let output = Command::new(program)
        .args(["--traces", "--seed", &seed, "--histories", &count])
        .output()?;
    ensure!(output.status.success(), "{} found a broken law", program.display());
    Ok(output.stdout)
}
