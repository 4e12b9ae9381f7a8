//! The small part of the language against the engine, in every combination it knows.

use std::borrow::Cow;
use std::collections::BTreeMap;

use secrecy::SecretString;

use super::*;
use crate::adapters::json;
use crate::adapters::scope::{Account, Facts, Secrets};
use crate::adapters::template::Expr;
use crate::adapters::tree::Tree;
use crate::domain::money::{Currency, Money};

const ATOMS: [&str; 18] = [
    "body.a",
    "body",
    "now_ms",
    "order.face",
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
const FILTERS: [&str; 11] = [
    "",
    " | default('')",
    "|default(\"d\")",
    "|default",
    " | decimal",
    " | part_of(body.n)",
    " | md5",
    " | number",
    " | path",
    " | stamp('%Y%m%d%H%M%S')",
    " | stamp('%')",
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
            for how in ["==", "!=", "<", "<=", ">", ">=", "in", "not in"] {
                all.push(format!("{left} {how} {right}"));
            }
        }
    }
    all
}

fn account() -> Account {
    let texts = |key: &str, text: &str| (key.to_owned(), text.to_owned());
    let secrets = Secrets(BTreeMap::from([("key".to_owned(), SecretString::from("hidden"))]));
    Account::new(BTreeMap::from([texts("userid", "10001")]), secrets, 8 * 3600, Currency::Cny)
}

fn facts() -> Facts<'static> {
    Facts {
        attempt_id: "T1".to_owned(),
        opened_at_ms: 1_767_196_801_000,
        now_ms: 1_767_196_802_000,
        cost: Money::new(9_850, Currency::Cny),
        code: "12".into(),
        inputs: Cow::Owned(BTreeMap::from([("account".to_owned(), "13800138000".to_owned())])),
        recipient_input: "account".into(),
        face: Money::new(10_000, Currency::Cny),
        quantity: 3,
        notify_url: "http://127.0.0.1:9/a-long-address".into(),
    }
}

fn body() -> Tree {
    json::parse(r#"{"a":"1","n":98.50,"none":null,"list":[{"x":"y"},"1"],"empty":""}"#).unwrap()
}

#[test]
fn what_is_parsed_here_means_what_the_engine_means() {
    let (account, facts, body) = (account(), facts(), body());
    let scope = Scope::of(&account, &facts).with_body(&body);
    let mut plain = 0;
    for text in expressions() {
        let ours = Expr::compile(&text).unwrap();
        plain += usize::from(ours.is_plain());
        let engine = Expr::compile_for_the_engine(&text).unwrap();
        assert_eq!(ours.eval(&scope), engine.eval(&scope), "{text}");
        assert_eq!(ours.text(&scope), engine.text(&scope), "{text}");
    }
    assert!(plain > 10_000, "only {plain} are plain");
}

#[test]
fn a_path_leads_where_it_leads_the_engine() {
    let (account, facts, body) = (account(), facts(), body());
    let bare = account.scope();
    let full = Scope::of(&account, &facts)
        .with_secrets()
        .with_body(&body)
        .with_entry(&Tree::Null)
        .with("card", Value::from("c"));
    let groups = [
        "attempt",
        "order",
        "order.inputs",
        "offer",
        "cfg",
        "secret",
        "body",
        "entry",
        "card",
    ];
    let names = [
        "id",
        "time_ms",
        "cost",
        "cost_minor",
        "unit_cost",
        "recipient",
        "inputs",
        "face",
        "face_yuan",
        "face_minor",
        "whole_face",
        "whole_face_minor",
        "quantity",
        "account",
        "code",
        "userid",
        "key",
        "a",
        "list",
        "none",
        "a.b",
        "none.b",
        "absent.b",
    ];
    let inner = groups.iter().flat_map(|group| names.map(|name| format!("{group}.{name}")));
    let roots = groups.iter().chain(&["notify_url", "now_ms", "zone_offset_s", "absent"]);
    for path in inner.chain(roots.map(|name| (*name).to_owned())) {
        let ours = Expr::compile(&path).unwrap();
        assert!(ours.is_plain(), "{path}");
        let engine = Expr::compile_for_the_engine(&path).unwrap();
        for scope in [&bare, &full] {
            assert_eq!(ours.text(scope), engine.text(scope), "{path}");
        }
    }
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
        "a not b",
        "a not if b else c",
        "a in b in c",
        "a in b < c",
        "a | stamp",
        "a | stamp(b)",
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
