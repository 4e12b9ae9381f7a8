//! `bench` and `profile`: what an order costs, and where its microseconds go.
//!
//! The programs are in benches/cost; these chores only build and start them. `profile` needs `perf`
//! and builds everything once more into a folder of its own, with frame pointers, because a stack
//! without them cannot be walked cheaply.

use crate::{cargo, tree};

const BENCH: &[&str] = &["bench", "--locked", "--package", "recharge-gateway", "--bench", "cost"];

/// Measures, and writes docs/benchmarks.json and the figures in docs/benchmarks.md.
pub fn run(options: &[String]) -> anyhow::Result<()> {
    let mut arguments = BENCH.to_vec();
    arguments.extend(["--", "run"]);
    arguments.extend(options.iter().map(String::as_str));
    cargo::run(&arguments)
}

/// Samples, and writes the flame graphs and the table of rooms in docs/benchmarks.md.
pub fn profile(_options: &[String]) -> anyhow::Result<()> {
    let folder = tree::root().join("target/profile").display().to_string();
    let mut arguments = BENCH.to_vec();
    arguments.extend(["--target-dir", &folder, "--", "profile"]);
    cargo::run_with(
        &arguments,
        &[
            (
                "RUSTFLAGS",
                // These replace those of .cargo/config.toml, so what stands there is said again.
                "--cfg poly1305_backend=\"soft\" -C force-frame-pointers=yes -C symbol-mangling-version=v0",
            ),
            ("CFLAGS", "-fno-omit-frame-pointer"),
            ("CARGO_PROFILE_BENCH_DEBUG", "line-tables-only"),
            ("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only"),
        ],
    )
}
