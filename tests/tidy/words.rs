//! Words, names and sizes: what a reader meets before the logic.

/// Longest file in src/ and in the helpers; above it a file has two subjects.
pub const MAX_LINES: usize = 400;
/// Longest test file: stories are long, but not without end.
pub const MAX_TEST_LINES: usize = 600;

/// Files that may be longer: path, their own limit, and why. Rows that are not needed fail.
pub const LONG_FILES: &[(&str, usize, &str)] = &[];

/// Where a dialect's name may stand in code: the table that embeds the dialect files, and the demo.
const KNOWS_DIALECTS: &[&str] = &["src/adapters/dialects.rs", "src/adapters/dialects/", "src/demo"];

/// Dialects known by name even while their files are not written yet.
pub const DIALECTS: &[&str] = &["dayuanren", "ofpay", "kasushou"];

/// Whole file names, or parts of them between underscores, that say nothing.
const EMPTY_NAMES: &[&str] = &["util", "utils", "common", "helper", "helpers", "manager", "managers", "misc"];

/// Marks of unfinished work.
const LOOSE_ENDS: &[&str] = &["TODO", "FIXME"];

/// A file longer than its limit. `long` is the table of those that may be.
pub fn too_long(path: &str, source: &str, long: &[(&str, usize, &str)]) -> Option<String> {
    let lines = source.lines().count();
    let usual = if is_test_file(path) { MAX_TEST_LINES } else { MAX_LINES };
    let limit = long.iter().find(|(file, ..)| *file == path).map_or(usual, |(_, max, _)| *max);
    (lines > limit).then(|| format!("{path}: {lines} lines, limit {limit}; split it by subject, or add it to LONG_FILES with a reason"))
}

/// Rows of the table of long files that excuse nothing any more.
pub fn idle_excuses(long: &[(&str, usize, &str)], lines_of: impl Fn(&str) -> Option<usize>) -> Vec<String> {
    long.iter()
        .filter(|(path, ..)| {
            let usual = if is_test_file(path) { MAX_TEST_LINES } else { MAX_LINES };
            lines_of(path).is_none_or(|lines| lines <= usual)
        })
        .map(|(path, ..)| format!("{path}: needs no excuse; take its row out of LONG_FILES"))
        .collect()
}

fn is_test_file(path: &str) -> bool {
    path.contains("tests/") || path.ends_with("tests.rs")
}

/// A module that does not say what it is for on its first line.
pub fn purpose_missing(path: &str, source: &str) -> Option<String> {
    (!source.starts_with("//!")).then(|| format!("{path}:1: open with `//!`: what it is for, its invariants, what is deliberately absent"))
}

/// A file name that says nothing.
pub fn empty_name(path: &str) -> Option<String> {
    let word = path
        .split(['/', '_', '.'])
        .find(|word| EMPTY_NAMES.contains(&word.to_lowercase().as_str()))?;
    Some(format!("{path}: `{word}` says nothing; name it after what it knows"))
}

/// Unfinished work left in the text.
pub fn loose_ends(path: &str, source: &str) -> Vec<String> {
    lines_where(path, source, "finish it, or open an issue and say nothing here", |line| {
        let mut words = line.split(|c: char| !c.is_alphanumeric());
        words.find(|word| LOOSE_ENDS.contains(word)).map(str::to_owned)
    })
}

/// The word for our signed POST is callback; the other one only names the public standard.
pub fn foreign_words(path: &str, source: &str) -> Vec<String> {
    lines_where(path, source, "our word is callback (docs/glossary.md)", |line| {
        let line = line.to_lowercase();
        line.match_indices("webhook").find_map(|(at, word)| {
            let (before, after) = (line.get(..at)?, line.get(at + word.len()..)?);
            let is_standard = before.ends_with("standard ") && after.starts_with('s');
            let is_header = ["-id", "-timestamp", "-signature"].iter().any(|end| after.starts_with(end));
            (!is_standard && !is_header).then(|| word.to_owned())
        })
    })
}

/// A dialect's name in code: it belongs into its TOML file.
pub fn dialect_names(path: &str, source: &str, dialects: &[String]) -> Vec<String> {
    if KNOWS_DIALECTS.iter().any(|known| path.starts_with(known)) || is_test_file(path) {
        return Vec::new();
    }
    let tests_begin = source.find("#[cfg(test)]\nmod ").unwrap_or(source.len());
    let code = source.get(..tests_begin).unwrap_or(source);
    lines_where(
        path,
        code,
        "a supplier is data: its name stands in its dialect file and in adapters.toml",
        |line| {
            let line = line.to_lowercase();
            dialects.iter().find(|name| line.contains(name.as_str())).cloned()
        },
    )
}

fn lines_where(path: &str, source: &str, reason: &str, hit: impl Fn(&str) -> Option<String>) -> Vec<String> {
    source
        .lines()
        .enumerate()
        .filter_map(|(index, line)| hit(line).map(|word| (index + 1, word)))
        .map(|(number, word)| format!("{path}:{number}: `{word}`: {reason}"))
        .collect()
}
