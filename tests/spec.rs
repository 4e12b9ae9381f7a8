//! The specification names the tests that hold it, and a name that is no test fails here.
//!
//! Reads docs/spec as text: every `path::test` must be a function under a test attribute, not
//! ignored, in that file; and no rule or invariant may stand without a test or a plain "not built".
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

use std::fs;
use std::path::Path;

const DOCUMENTS: [&str; 2] = ["docs/spec/settlement.md", "docs/spec/faults.md"];
/// Words that admit a gap.
const GAPS: [&str; 3] = ["*not built", "*not proven*", "*does not hold yet*"];

fn read(path: &str) -> Option<String> {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()
}

/// Every `path.rs::name` between backticks.
fn named(text: &str) -> Vec<(String, String)> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|word| word.split_once("::"))
        .filter(|(path, _)| Path::new(path).extension().is_some_and(|ending| ending == "rs"))
        .map(|(path, name)| (path.to_owned(), name.to_owned()))
        .collect()
}

/// Whether `source` has a test of this name that is run: the lines above it are its attributes.
fn is_run(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let is_it = |line: &str| {
        let line = line.strip_prefix("async ").unwrap_or(line);
        line.strip_prefix("fn ")
            .and_then(|rest| rest.strip_prefix(name))
            .is_some_and(|rest| rest.starts_with('('))
    };
    lines.iter().position(|line| is_it(line)).is_some_and(|at| {
        let above = lines[..at].iter().rev();
        let attributes: Vec<&&str> = above.take_while(|line| line.starts_with('#') || line.starts_with("//")).collect();
        let has = |word: &str| attributes.iter().any(|line| line.starts_with("#[") && line.contains(word));
        (has("test]") || has("test(")) && !has("#[ignore")
    })
}

/// Names in `text` that are no test of ours.
fn missing(text: &str) -> Vec<String> {
    named(text)
        .into_iter()
        .filter(|(path, name)| !read(path).is_some_and(|source| is_run(&source, name)))
        .map(|(path, name)| format!("{path}::{name}"))
        .collect()
}

/// Lines of the kinds that must be held, without a test and without an admitted gap.
fn unheld(text: &str) -> Vec<String> {
    let is_promise = |line: &&str| line.trim_start().starts_with("- **") || (line.starts_with("| ") && !line.starts_with("| fault"));
    let admits = |line: &str| GAPS.iter().any(|gap| line.to_lowercase().contains(gap));
    text.lines()
        .filter(is_promise)
        .filter(|line| named(line).is_empty() && !admits(line))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_test_that_the_specification_names_is_run() {
    for document in DOCUMENTS {
        let text = read(document).unwrap();
        assert!(named(&text).len() > 20, "{document} names hardly a test");
        let missing = missing(&text);
        assert!(missing.is_empty(), "{document} names what is no test:\n{}", missing.join("\n"));
    }
}

#[test]
fn every_rule_invariant_and_fault_has_a_test_or_admits_that_it_has_none() {
    for document in DOCUMENTS {
        let unheld = unheld(&read(document).unwrap());
        assert!(unheld.is_empty(), "{document}:\n{}", unheld.join("\n"));
    }
    let settlement = read(DOCUMENTS[0]).unwrap();
    let rules = (1..=21).map(|n| format!("**R{n}")).chain((1..=20).map(|n| format!("**I{n}**")));
    for rule in rules {
        let mut after = settlement.split(&rule).skip(1);
        let has = after.any(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()));
        assert!(has, "{rule} is not in the specification");
    }
}

#[test]
fn a_name_that_is_no_test_and_a_promise_without_one_are_told() {
    let here = "tests/spec.rs";
    let text = format!(
        "`{here}::no_such_test` `{here}::missing` `{here}::a_name_that_is_no_test_and_a_promise_without_one_are_told` `no/file.rs::x`"
    );
    assert_eq!(
        missing(&text),
        [
            format!("{here}::no_such_test"),
            format!("{here}::missing"),
            "no/file.rs::x".to_owned()
        ]
    );
    assert!(!is_run("#[test]\n#[ignore = \"later\"]\nfn later() {", "later"));
    assert!(is_run("#[actix_web::test]\nasync fn now() {", "now"));
    assert_eq!(
        unheld("- **R1** something.\n- **R2** held `a.rs::b`\n- **R3** *Not built:* nothing."),
        ["- **R1** something."]
    );
}
