//! The architecture test: what the house rules say, as tests that fail.
//!
//! Reads the source as text, so it needs no build of what it judges. Every rule is a pure function
//! from (path, text) to complaints, and `planted.rs` proves for each that it catches its violation.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

mod bans;
mod paths;
mod planted;
mod rooms;
mod tokens;
mod walls;
mod words;

use std::fs;
use std::path::Path;

/// Path relative to the repository with `/` between the parts, and the text.
type File = (String, String);

fn read(folder: &str, ending: &str) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == ending) {
                let inside = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                found.push((inside, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn src() -> Vec<File> {
    let files = read("src", "rs");
    let has = |name: &str| files.iter().any(|(path, _)| path == name);
    assert!(has("src/lib.rs") && has("src/main.rs"), "the scan does not see src/");
    files
}

/// Everything written in Rust here, but for this test, which must name what it forbids.
fn all_rust() -> Vec<File> {
    let mut files = src();
    for folder in ["tests", "benches", "mock-suppliers/src", "mock-suppliers/tests", "xtask/src"] {
        files.extend(read(folder, "rs"));
    }
    files.retain(|(path, _)| !path.starts_with("tests/tidy/"));
    files
}

fn none(complaints: impl IntoIterator<Item = String>) {
    let complaints: Vec<String> = complaints.into_iter().collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn a_room_imports_only_what_the_table_allows() {
    none(src().iter().flat_map(|(path, text)| walls::violations(path, text)));
}

#[test]
fn rooms_import_each_other_in_no_circle() {
    let files = src();
    let graph = rooms::graph(files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    none(walls::circle(&graph));
}

#[test]
fn everything_in_src_belongs_to_a_room() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names: Vec<String> = fs::read_dir(root.join("src"))
        .unwrap()
        .map(|entry| format!("src/{}", entry.unwrap().file_name().to_str().unwrap()))
        .collect();
    none(walls::strangers(names.iter().map(String::as_str)));
}

#[test]
fn sockets_clock_chance_sql_and_environment_stay_in_their_rooms() {
    none(src().iter().flat_map(|(path, text)| bans::violations(path, text)));
}

#[test]
fn every_module_opens_with_its_purpose() {
    none(all_rust().iter().filter_map(|(path, text)| words::purpose_missing(path, text)));
}

#[test]
fn no_file_outgrows_its_reader() {
    let mut files = all_rust();
    files.extend(read("tests/tidy", "rs"));
    none(
        files
            .iter()
            .filter_map(|(path, text)| words::too_long(path, text, words::LONG_FILES)),
    );
    none(words::idle_excuses(words::LONG_FILES, |path| {
        let (_, text) = files.iter().find(|(file, _)| file == path)?;
        Some(text.lines().count())
    }));
}

#[test]
fn file_names_say_what_is_inside() {
    none(all_rust().iter().filter_map(|(path, _)| words::empty_name(path)));
}

#[test]
fn no_unfinished_work_is_left_in_the_code() {
    none(all_rust().iter().flat_map(|(path, text)| words::loose_ends(path, text)));
}

#[test]
fn the_code_speaks_the_words_of_the_glossary() {
    none(all_rust().iter().flat_map(|(path, text)| words::foreign_words(path, text)));
}

#[test]
fn a_supplier_is_named_only_in_data() {
    let mut dialects: Vec<String> = words::DIALECTS.iter().map(|name| (*name).to_owned()).collect();
    for (path, _) in read("src/adapters/dialects", "toml") {
        let stem = Path::new(&path).file_stem().unwrap().to_str().unwrap().to_lowercase();
        dialects.push(stem);
    }
    none(src().iter().flat_map(|(path, text)| words::dialect_names(path, text, &dialects)));
}
