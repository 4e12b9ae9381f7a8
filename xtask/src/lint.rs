//! `lint`: clippy, with every warning an error.
//!
//! Runs twice: everything as developed, then the server without its default features. The second
//! run is what keeps the mock suppliers out of a production build.

use crate::cargo;

/// Runs both.
pub fn run(_options: &[String]) -> anyhow::Result<()> {
    everything()?;
    lean()
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
