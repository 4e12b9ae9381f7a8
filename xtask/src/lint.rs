//! `lint`: clippy, with every warning an error.
//!
//! Runs three times: everything as developed, then the server without its default features, then with
//! its places to die. The second run is what keeps the mock suppliers out of a production build.

use crate::cargo;

/// Runs all three.
pub fn run(_options: &[String]) -> anyhow::Result<()> {
    everything()?;
    lean()?;
    mortal()
}

/// Every target of every package.
pub fn everything() -> anyhow::Result<()> {
    cargo::run(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])
}

/// The gateway without the demo.
pub fn lean() -> anyhow::Result<()> {
    cargo::run(&[
        "clippy",
        "--package",
        "recharge-gateway",
        "--no-default-features",
        "--locked",
        "--",
        "-D",
        "warnings",
    ])
}

/// The gateway with its failpoints, and the drills that need them.
pub fn mortal() -> anyhow::Result<()> {
    cargo::run(&[
        "clippy",
        "--package",
        "recharge-gateway",
        "--features",
        "failpoints",
        "--lib",
        "--test",
        "chaos",
        "--locked",
        "--",
        "-D",
        "warnings",
    ])
}
