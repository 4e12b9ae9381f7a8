//! `sizes`: how long the files are. Good codebases here have a median of 100 to 200 lines.

use anyhow::Context;

use crate::tree;

/// Folders and their limits in lines; tests/tidy has the same, and is the one that fails.
const FOLDERS: &[(&str, usize)] = &[
    ("src", 400),
    ("mock-suppliers/src", 400),
    ("xtask/src", 400),
    ("benches", 400),
    ("mock-suppliers/tests", 600),
    ("tests", 600),
];
const SHOWN: usize = 15;

/// Prints lines a file, longest first.
pub fn run(options: &[String]) -> anyhow::Result<()> {
    let is_all = options.iter().any(|option| option == "--all");
    for (folder, limit) in FOLDERS {
        let mut sizes: Vec<(usize, String)> = tree::files(folder, "rs")?
            .into_iter()
            .map(|(path, text)| (text.lines().count(), path))
            .collect();
        if sizes.is_empty() {
            println!("{folder}: no files\n");
            continue;
        }
        sizes.sort_by(|a, b| b.cmp(a));
        let lines: usize = sizes.iter().map(|(lines, _)| lines).sum();
        let over = sizes.iter().filter(|(lines, _)| lines > limit).count();
        let (median, _) = sizes.get(sizes.len() / 2).context("a list that is not empty has a middle")?;
        println!(
            "{folder}: {} files, {lines} lines, median {median}, {over} over {limit}",
            sizes.len()
        );
        let shown = if is_all { sizes.len() } else { SHOWN };
        for (lines, path) in sizes.iter().take(shown) {
            let mark = if lines > limit { "  <- over the limit" } else { "" };
            println!("{lines:>6}  {path}{mark}");
        }
        println!();
    }
    Ok(())
}
