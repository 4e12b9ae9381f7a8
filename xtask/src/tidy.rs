//! `tidy`: the architecture test alone.

/// Runs tests/tidy.
pub fn run(_options: &[String]) -> anyhow::Result<()> {
    crate::cargo::run(&["test", "--workspace", "--locked", "--quiet", "--test", "tidy"])
}
