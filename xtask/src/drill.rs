//! `drill steering`: which supplier gets the next order, in worlds where suppliers fail in every way; the
//! gateway's rule against three simpler ones and an oracle, all held against what is asked of them.
//! `--processes` does it with the real program instead: suppliers in trouble while orders keep coming.

use anyhow::bail;

use crate::{cargo, chaos};

/// Plays the worlds that were asked for.
pub fn run(options: &[String]) -> anyhow::Result<()> {
    let Some(("steering", passed_on)) = options.split_first().map(|(name, rest)| (name.as_str(), rest)) else {
        bail!("drill steering [--seed N] [--seeds K] [--json], or drill steering --processes [--seed N] [--seeds K]");
    };
    if passed_on.iter().any(|option| option == "--processes") {
        let after = |name: &str| Some(passed_on.iter().skip_while(|option| *option != name).nth(1)?.as_str());
        let asked = [("CHAOS_SEED", after("--seed")), ("CHAOS_SEEDS", after("--seeds"))];
        let asked: Vec<(&str, &str)> = asked.into_iter().filter_map(|(name, given)| Some((name, given?))).collect();
        return chaos::drill("steering", &asked);
    }
    let mut command = vec!["run", "--locked", "--quiet", "--profile", "proof", "--package", "drill", "--"];
    command.extend(passed_on.iter().map(String::as_str));
    cargo::run(&command)
}

/// What `cargo xtask test` runs: twenty worlds, always the same.
pub fn in_short() -> anyhow::Result<()> {
    run(&["steering".to_owned()])
}
