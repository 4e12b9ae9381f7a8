//! `fmt`: one format for all code, as rustfmt.toml says.

/// Formats, or with `--check` only tells what is not formatted.
pub fn run(options: &[String]) -> anyhow::Result<()> {
    if options.iter().any(|option| option == "--check") {
        crate::cargo::run(&["fmt", "--all", "--check"])
    } else {
        crate::cargo::run(&["fmt", "--all"])
    }
}
