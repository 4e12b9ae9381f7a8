//! `docs-check`: a document that leads nowhere is worse than none.
//!
//! Links between markdown files must name a file that exists and, behind `#`, a heading of it.
//! Every decision must stand in the index, under a number of its own. No merge may have left its
//! marks. The web is not asked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

use anyhow::ensure;

use crate::tree::{self, File};

const DECISIONS: &str = "docs/decisions/";
const INDEX: &str = "docs/decisions/README.md";

/// Checks all markdown files of the repository.
pub fn run(_options: &[String]) -> anyhow::Result<()> {
    let files = tree::files("", "md")?;
    ensure!(!files.is_empty(), "no markdown files found");
    let root = tree::root();
    let mut complaints = dead_links(&files, |path| root.join(path).exists());
    complaints.extend(unlisted_decisions(&files));
    complaints.extend(merge_marks(&files));
    ensure!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    println!("{} documents, all links lead somewhere", files.len());
    Ok(())
}

fn dead_links(files: &[File], exists: impl Fn(&str) -> bool) -> Vec<String> {
    let anchors: BTreeMap<&str, BTreeSet<String>> = files.iter().map(|(path, text)| (path.as_str(), headings(text))).collect();
    let mut found = Vec::new();
    for (path, text) in files {
        for (line, target) in links(text) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target.as_str(), ""));
            let there = if file.is_empty() { Some(path.clone()) } else { resolve(path, file) };
            let Some(there) = there.filter(|there| exists(there)) else {
                found.push(format!("{path}:{line}: {target} does not exist"));
                continue;
            };
            let known = anchors.get(there.as_str());
            if !anchor.is_empty() && known.is_some_and(|known| !known.contains(anchor)) {
                found.push(format!("{path}:{line}: {there} has no heading #{anchor}"));
            }
        }
    }
    found
}

/// Marks that a merge leaves where it wants a person. Written apart, so that this file has none.
fn merge_marks(files: &[File]) -> Vec<String> {
    let marks = ["<", ">"].map(|sign| format!("{} ", sign.repeat(7)));
    let lines = files
        .iter()
        .flat_map(|(path, text)| (1..).zip(text.lines()).map(move |(line, text)| (path, line, text)));
    lines
        .filter(|(_, _, text)| marks.iter().any(|mark| text.starts_with(mark)))
        .map(|(path, line, _)| format!("{path}:{line}: a merge was not finished here"))
        .collect()
}

/// Where a relative link leads, from the root; `None` if it leaves the repository.
fn resolve(from: &str, link: &str) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    let start = if link.starts_with('/') {
        Path::new("")
    } else {
        Path::new(from).parent()?
    };
    for component in start.join(link.trim_start_matches('/')).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    Some(parts.join("/"))
}

/// The lines outside fenced code, numbered from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_code = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        (!is_code && !is_fence).then_some((index + 1, line))
    })
}

/// Targets of `[text](target)` and `[name]: target`, with their line.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        // Every second part between backticks is code.
        let plain: String = line.split('`').step_by(2).collect();
        for after in plain.split("](").skip(1) {
            found.extend(after.split([')', ' ']).next().map(|target| (number, target.to_owned())));
        }
        let is_definition = plain.starts_with('[') && !plain.starts_with("[^");
        if is_definition && let Some((_, target)) = plain.split_once("]: ") {
            found.push((number, target.trim().to_owned()));
        }
    }
    found
}

/// The anchors that a forge makes of the headings.
fn headings(text: &str) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut anchors = BTreeSet::new();
    for (_, line) in prose(text).filter(|(_, line)| line.starts_with('#')) {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let anchor: String = title
            .chars()
            .filter(|c| c.is_alphanumeric() || ['-', '_', ' '].contains(c))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        let repeated = seen.entry(anchor.clone()).or_default();
        anchors.insert(if *repeated == 0 { anchor } else { format!("{anchor}-{repeated}") });
        *repeated += 1;
    }
    anchors
}

fn unlisted_decisions(files: &[File]) -> Vec<String> {
    let Some((_, index)) = files.iter().find(|(path, _)| path == INDEX) else {
        return vec![format!("{INDEX} is gone; it lists the decisions")];
    };
    let listed: BTreeSet<String> = links(index).into_iter().map(|(_, target)| target).collect();
    let mut numbers = BTreeSet::new();
    let mut found = Vec::new();
    for (path, _) in files {
        let Some(name) = path.strip_prefix(DECISIONS).filter(|name| *name != "README.md") else {
            continue;
        };
        if !listed.contains(name) {
            found.push(format!("{path}: not listed in {INDEX}"));
        }
        let number = name.split('-').next().unwrap_or(name);
        if number.len() != 4 || number.parse::<u16>().is_err() {
            found.push(format!("{path}: a decision's name begins with four digits and a hyphen"));
        } else if !numbers.insert(number) {
            found.push(format!("{path}: the number {number} is taken"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(files: &[(&str, &str)]) -> Vec<File> {
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    fn dead(list: &[(&str, &str)]) -> Vec<String> {
        dead_links(&files(list), |path| list.iter().any(|(known, _)| *known == path))
    }

    #[test]
    fn a_link_to_nothing_is_told_with_its_line() {
        let found = dead(&[("docs/a.md", "# A\n\nsee [b](b.md) and [c](../c.md)"), ("c.md", "")]);
        assert_eq!(found, ["docs/a.md:3: b.md does not exist"]);
    }

    #[test]
    fn a_merge_that_was_not_finished_is_told_with_its_lines() {
        let (ours, theirs) = ("<".repeat(7), ">".repeat(7));
        let text = format!("# A\n{ours} HEAD\nx\n=======\ny\n{theirs} other\n> a quotation\n");
        let found = merge_marks(&files(&[("a.md", &text)]));
        assert_eq!(
            found,
            ["a.md:2: a merge was not finished here", "a.md:6: a merge was not finished here"]
        );
    }

    #[test]
    fn a_link_to_a_missing_heading_is_told() {
        let found = dead(&[
            ("a.md", "[x](b.md#two-words) [y](b.md#three) [z](#here)\n# Here"),
            ("b.md", "## Two words!"),
        ]);
        assert_eq!(found, ["a.md:1: b.md has no heading #three"]);
    }

    #[test]
    fn a_link_out_of_the_repository_is_dead() {
        assert_eq!(dead(&[("a.md", "[x](../b.md)")]).len(), 1);
    }

    #[test]
    fn a_definition_is_a_link_and_code_and_the_web_are_not() {
        assert_eq!(dead(&[("a.md", "[x]: gone.md")]).len(), 1);
        assert!(dead(&[("a.md", "`[x](gone.md)` [w](https://example.com)\n```\n[x](gone.md)\n```\n")]).is_empty());
    }

    #[test]
    fn a_decision_must_be_listed_and_have_its_own_number() {
        let found = unlisted_decisions(&files(&[
            (INDEX, "[one](0001-one.md) [three](0001-three.md) [x](x.md)"),
            ("docs/decisions/0001-one.md", ""),
            ("docs/decisions/0002-two.md", ""),
            ("docs/decisions/0001-three.md", ""),
            ("docs/decisions/x.md", ""),
        ]));
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!(unlisted_decisions(&[]).len(), 1);
    }
}
