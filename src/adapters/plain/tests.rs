//! The small part of the language against the engine, in every combination it knows.

use super::*;
use crate::adapters::json;
use crate::adapters::template::Expr;

const ATOMS: [&str; 15] = [
    "body.a",
    "body.n",
    "body.none",
    "body.list",
    "body.missing",
    "body.missing.deeper",
    "absent",
    "'x y'",
    "\"\"",
    "0",
    "17",
    "none",
    "(body.a)",
    "'/a/b'",
    "body . a",
];
const FILTERS: [&str; 9] = [
    "",
    " | default('')",
    "|default(\"d\")",
    "|default",
    " | decimal",
    " | part_of(body.n)",
    " | md5",
    " | number",
    " | path",
];

/// Every operand with every filter, alone, and in every combination that the small part knows.
fn expressions() -> Vec<String> {
    let operands: Vec<String> = ATOMS
        .iter()
        .flat_map(|atom| FILTERS.map(|filter| format!("{atom}{filter}")))
        .collect();
    let few: Vec<&String> = operands.iter().step_by(3).collect();
    let mut all = operands.clone();
    for left in &operands {
        for right in &few {
            all.push(format!("{left} ~ '/' ~ ({right})"));
            all.push(format!("{left} ~ {right} == {right}"));
            all.push(format!("{left} if {right} else {left}"));
            all.push(format!(
                "{left} if {right} is not none and {left} == {right} else none if {right} is none else 'x'"
            ));
            for how in ["==", "!=", "<", "<=", ">", ">="] {
                all.push(format!("{left} {how} {right}"));
            }
        }
    }
    all
}

#[test]
fn what_is_parsed_here_means_what_the_engine_means() {
    let scope = json::parse(r#"{"body":{"a":"1","n":98.50,"none":null,"list":[{"x":"y"}],"empty":""}}"#).unwrap();
    let mut plain = 0;
    for text in expressions() {
        let ours = Expr::compile(&text).unwrap();
        plain += usize::from(ours.is_plain());
        let engine = Expr::compile_for_the_engine(&text).unwrap();
        assert_eq!(ours.eval(&scope.value()), engine.eval(&scope.value()), "{text}");
        assert_eq!(ours.text(&scope.value()), engine.text(&scope.value()), "{text}");
    }
    assert!(plain > 5_000, "only {plain} are plain");
}

#[test]
fn what_is_doubtful_is_left_to_the_engine() {
    for text in [
        "a[0]",
        "a.b[0].c",
        "a['b']",
        "a.0",
        "1.5",
        "1_0",
        "01",
        "'a' 'b'",
        "'\\n'",
        "a + b",
        "-1",
        "not a",
        "a or b",
        "a in b",
        "a < b < c",
        "a if b",
        "true",
        "loop",
        "a | default('x', true)",
        "a | upper",
        "a is defined",
        "a is none b",
        "(a, b)",
        "(a",
        "a ~",
        "",
    ] {
        assert!(Plain::parse(text).is_none(), "{text}");
    }
}
